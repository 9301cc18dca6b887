"""One table says what an AWS error means for us."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.utils import parse_timestamp

from leh_guardian.adapters.aws import instant, translate
from leh_guardian.errors import AccessDenied, GuardianError, NoCredentials, NotFound, Refused, Throttled, Unavailable


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 400, Throttled),
        ("AWS.SimpleQueueService.RequestThrottled", 403, Throttled),
        ("OverLimit", 403, Throttled),
        ("Whatever", 429, Throttled),
        ("AccessDenied", 403, AccessDenied),
        ("InvalidClientTokenId", 403, AccessDenied),
        ("ExpiredToken", 400, AccessDenied),
        ("Whatever", 403, AccessDenied),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, NotFound),
        ("com.amazonaws.sqs#QueueDoesNotExist", 400, NotFound),
        ("InternalFailure", 500, Unavailable),
        ("Whatever", 503, Unavailable),
        # What LocalStack and others answer for an operation that they do not have.
        ("InternalFailure", 501, Refused),
        ("InvalidParameterValue", 400, Refused),
    ],
)
def test_answers(code: str, status: int, kind: type[GuardianError]) -> None:
    """Each code is one of ours, with what was tried, where, and what AWS said."""
    response = {"Error": {"Code": code, "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = translate(ClientError(response, "Op"), "receive from queue x", "ap-northeast-2")
    assert type(error) is kind
    for part in ("receive from queue x", "ap-northeast-2", "because"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (EndpointConnectionError(endpoint_url="https://sqs.nowhere"), Unavailable, "region"),
        (NoCredentialsError(), NoCredentials, "credentials"),
        (ReadTimeoutError(endpoint_url="https://sqs"), Unavailable, "sqs"),
        (ConnectionResetError(), Unavailable, "ConnectionResetError"),
        (TimeoutError(), Unavailable, "TimeoutError"),
    ],
)
def test_no_answer(error: Exception, kind: type[GuardianError], word: str) -> None:
    """A wrong region, missing credentials and a broken network say what to look at."""
    found = translate(error, "find queue x", "ap-northeast-9")
    assert type(found) is kind
    assert word in str(found)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01T00:00:00.000Z",
        "2026-11-01T09:00:00+09:00",
        "Wed, 21 Oct 2026 07:28:00 GMT",
        "1699999999",
        1699999999.5,
        "2026-11-01",
    ],
)
def test_times_are_read_as_the_sdk_reads_them(written: object) -> None:
    """ISO 8601, dates of HTTP headers and Unix times come to the same instants as by its own, slower reading."""
    assert instant(written) == parse_timestamp(written)
