"""Owns the AWS session and the translation of its errors; the one rule: one table says what an AWS error code means for us.

The SDK's own retries are off (`total_max_attempts=1`): there is one retry layer here, seconds long, for throttling, 5xx
and broken connections; long retries are action rows. Each try has a deadline as a whole: the SDK's read timeout begins anew with
every byte, and an answer that drips would never end. "Error responses" of each service's API reference name the codes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import tenacity
from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import get_session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from leh_guardian import __version__
from leh_guardian.errors import (
    AccessDenied,
    HandlerError,
    NoCredentials,
    NotFound,
    Refused,
    SettingsError,
    Throttled,
    Transient,
    Unavailable,
)

Result = TypeVar("Result")

_CODES: dict[type[HandlerError], frozenset[str]] = {
    Throttled: frozenset(
        "Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException TooManyRequestsException"
        " RequestLimitExceeded BandwidthLimitExceeded LimitExceededException SlowDown OverLimit PriorRequestNotComplete"
        " ProvisionedThroughputExceededException EC2ThrottledException KmsThrottled TransactionInProgressException".split()
    ),
    AccessDenied: frozenset(
        "AccessDenied AccessDeniedException UnauthorizedOperation AuthFailure InvalidClientTokenId SignatureDoesNotMatch"
        " UnrecognizedClientException ExpiredToken ExpiredTokenException InvalidAccessKeyId MissingAuthenticationToken"
        " NotAuthorized KmsAccessDenied InvalidSecurity OptInRequired".split()
    ),
    NotFound: frozenset(
        "QueueDoesNotExist NonExistentQueue ResourceNotFoundException ResourceNotFound NoSuchBucket NoSuchKey NotFound 404".split()
    ),
    Unavailable: frozenset(
        "InternalError InternalFailure InternalServerError ServiceUnavailable ServiceUnavailableException RequestTimeout"
        " RequestTimeoutException 500 502 503 504".split()
    ),
}
_NOT_IMPLEMENTED = 501
_DEADLINE = 15.0
"""Seconds one try may take, from the look-up of the name to the last byte."""
_OPENING = 30.0
"""Seconds until a client has read its files and found its credentials, which a role or a program may hand out."""
_TRUST: dict[bool | str, Any] = {}
"""By what the SDK is told to verify with: what checks the certificates of endpoints."""


def translate(error: Exception, doing: str, region: str) -> HandlerError | SettingsError:
    """Return our error for one of the SDK's; `doing` says what was tried, such as "receive from queue x"."""
    match error:
        case ClientError():
            return _translate_response(error, doing, region)
        case NoCredentialsError() | PartialCredentialsError():
            return NoCredentials(
                f"cannot {doing}: no AWS credentials (set AWS_ACCESS_KEY_ID and so on, or give a role)"
            )
        case NoRegionError():
            return SettingsError("no AWS region: set AWS_REGION, for LEH ap-northeast-2")
        case EndpointConnectionError():
            return Unavailable(
                f"cannot {doing}: {error}. Is the region ({region}) right, and is AWS_ENDPOINT_URL, if set?"
            )
        case ResponseParserError():
            # Without its text, which holds the whole answer.
            return Unavailable(f"cannot {doing}: an answer that is not the service's")
        case ParamValidationError():
            return Refused(f"cannot {doing}: {error}")
        case HTTPClientError() | TimeoutError() | OSError():
            return Unavailable(f"cannot {doing}: {str(error) or type(error).__name__}")
        case _:
            return Unavailable(f"cannot {doing}: {type(error).__name__}: {error}")


def _translate_response(error: ClientError, doing: str, region: str) -> HandlerError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    # The query-compatible spelling of SQS's codes: AWS.SimpleQueueService.NonExistentQueue and the like.
    short = code.rpartition(".")[2].rpartition("#")[2]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = error.response.get("Error", {}).get("Message") or code
    if status == _NOT_IMPLEMENTED:
        # Before the codes: emulators call it InternalFailure, and it does not get better by itself.
        return Refused(f"cannot {doing} in {region}: {short}: {said}")
    for kind, codes in _CODES.items():
        if short in codes:
            return kind(f"cannot {doing} in {region}: {short}: {said}")
    if status == 429:
        return Throttled(f"cannot {doing} in {region}: {short}: {said}")
    if status >= 500:
        return Unavailable(f"cannot {doing} in {region}: {short}: {said}")
    if status in {401, 403}:
        return AccessDenied(f"cannot {doing} in {region}: {short}: {said}")
    return Refused(f"cannot {doing} in {region}: {short}: {said}")


def instant(value: Any) -> datetime:
    """Return a time of an answer; the SDK's own reading of ISO 8601 takes a second for ten thousand objects."""
    if isinstance(value, str) and value[4:5] == "-":
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    found: datetime = parse_timestamp(value)
    return found


class _SharedTrust(AIOHTTPSession):  # type: ignore[misc]
    """The SDK's HTTP, whose clients share what they know of authorities: each would read it anew, for 25 ms and a megabyte."""

    def _build_ssl_contexts(self, proxy_url: str | None) -> Any:
        if proxy_url:
            # What is made for a proxy may hold a certificate that is for the proxy alone.
            return super()._build_ssl_contexts(proxy_url)
        if self._verify not in _TRUST:
            _TRUST[self._verify] = super()._build_ssl_contexts(None)
        return _TRUST[self._verify]


class Aws:
    """One session with the clients that were asked for."""

    def __init__(self, region: str, stack: AsyncExitStack) -> None:
        self.region = region
        self._stack = stack
        self._session = get_session()
        self._session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=instant)

    async def client(
        self, service: str, *, read_timeout: float = 10.0, connections: int = 20, region: str | None = None
    ) -> Any:
        """Return a client for `service`, closed with the session; in another region for those that there are but one of.

        Raises:
            SettingsError: the SDK's own configuration (profile, endpoint, region) is wrong.
        """
        config = AioConfig(
            region_name=region or self.region,
            connect_timeout=3,
            read_timeout=read_timeout,
            max_pool_connections=connections,
            retries={"total_max_attempts": 1},
            # Our requests are checked by our own types; the SDK's check costs a measurable share of each call.
            parameter_validation=False,
            tcp_keepalive=True,
            # A fixed one: the SDK puts its own together anew for each request, at an eighth of the request's whole cost.
            user_agent=f"leh-guardian/{__version__}",
            http_session_cls=_SharedTrust,
        )
        try:
            with anyio.fail_after(_OPENING):
                client = await self._stack.enter_async_context(self._session.create_client(service, config=config))
            # Read here: a port that is none would otherwise fail each request, with an error that is not the SDK's.
            _ = urlsplit(client.meta.endpoint_url).port
        except TimeoutError as error:
            raise SettingsError(
                f"AWS {service} client: no credentials within {_OPENING:g} s. Check the role, or credential_process, that gives them"
            ) from error
        except (BotoCoreError, ValueError) as error:
            raise SettingsError(
                f"AWS {service} client: {error}. Check AWS_REGION (for LEH ap-northeast-2), AWS_PROFILE, AWS_ENDPOINT_URL and the"
                " files of AWS's command line"
            ) from error
        return client

    async def call(
        self,
        doing: str,
        request: Callable[[], Awaitable[Result]],
        *,
        tries: int = 3,
        throttled: int = 0,
        deadline: float = _DEADLINE,
    ) -> Result:
        """Send a request, with up to `tries` tries over a few seconds where that can help, each of at most `deadline` seconds.

        `throttled`, if more, is how many there may be while the other side asks to slow down.

        Raises:
            HandlerError: one of its leaves, from the table above.
        """
        if tries == 1:
            return await self._once(doing, request, deadline)
        async for attempt in tenacity.AsyncRetrying(
            stop=lambda state: state.attempt_number >= (max(tries, throttled) if _slower(state) else tries),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=3),
            retry=tenacity.retry_if_exception_type(Transient),
            reraise=True,
        ):
            with attempt:
                return await self._once(doing, request, deadline)
        raise AssertionError("unreachable: tenacity re-raises")

    async def _once(self, doing: str, request: Callable[[], Awaitable[Result]], deadline: float) -> Result:
        try:
            with anyio.fail_after(deadline) as scope:
                return await request()
        except (BotoCoreError, ClientError, ResponseParserError, OSError, TimeoutError) as error:
            if scope.cancelled_caught:
                raise Unavailable(f"cannot {doing}: no answer within {deadline:g} s") from error
            raise translate(error, doing, self.region) from error


def _slower(state: tenacity.RetryCallState) -> bool:
    return state.outcome is not None and isinstance(state.outcome.exception(), Throttled)


@asynccontextmanager
async def open_aws(region: str) -> AsyncIterator[Aws]:
    """Open a session; its clients are closed at the end."""
    async with AsyncExitStack() as stack:
        yield Aws(region, stack)
