"""Owns Lambda; the one rule: what is described is what an invocation under that name would run, its alias or version included."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.errors import AccessDenied, NoCredentials, NotFound, Refused, Unavailable
from leh_guardian.ports import FunctionState

_STATES: Final = frozenset({"Active", "Inactive", None})
"""Inactive is idle: an invocation wakes it. Where nothing is said, an older API has answered."""
_PAYLOAD: Final = 1 << 20
"""Bytes of an asynchronous event (API Reference, "Invoke")."""
_QUEUED: Final = 202
_UPDATES: Final = frozenset({"Successful", None})


class LambdaFunctions:
    """Lambda as handlers use it."""

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def state(self, function: str) -> FunctionState:
        """Describe what is invoked under a name or an ARN, either of them with `:alias` (or `:version`) or without.

        Raises:
            NotFound: there is no such function, or no such alias of it.
        """
        name, qualifier = named(function)
        asked = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        doing = f"describe function {function}"
        try:
            answer = await self._aws.call(doing, lambda: self._client.get_function_configuration(**asked))
        except NotFound as error:
            raise NotFound(f"{error} - check the function's name, its alias and AWS_REGION") from error
        except NoCredentials:
            raise
        except AccessDenied as error:
            raise AccessDenied(f"{error} - allow lambda:GetFunctionConfiguration on it") from error
        return _state(answer, doing)

    async def invoke(self, function: str, payload: bytes) -> None:
        """Invoke asynchronously, and return once Lambda has queued the event: on its own word alone, which is the status 202.

        Raises:
            Refused: the payload is no JSON, or too large.
            Unavailable: it is not known to be queued.
        """
        name, qualifier = named(function)
        asked = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        doing = f"invoke function {function}"
        if len(payload) > _PAYLOAD:
            raise Refused(f"cannot {doing}: a payload of {len(payload)} bytes, and Lambda takes 1 MB")
        # One try: a repeated invocation is another one, and the caller knows better what was confirmed.
        answer = await self._aws.call(
            doing, lambda: self._client.invoke(InvocationType="Event", Payload=payload, **asked), tries=1
        )
        answer["Payload"].close()
        if answer.get("StatusCode") != _QUEUED:
            raise Unavailable(
                f"cannot {doing}: the status {answer.get('StatusCode')} is not Lambda's for a queued event"
            )


def named(function: str) -> tuple[str, str]:
    """Return (name or ARN, alias or version) of how a function is called; the second is empty where none is given."""
    head, colon, tail = function.rpartition(":function:")
    name, _, qualifier = tail.partition(":")
    return f"{head}{colon}{name}", qualifier


def _state(answer: Mapping[str, Any], doing: str) -> FunctionState:
    """Read an answer of GetFunctionConfiguration; its LastModified is written 2026-11-27T09:00:00.000+0000."""
    try:
        modified = datetime.fromisoformat(answer["LastModified"])
        state, update = answer.get("State"), answer.get("LastUpdateStatus")
        return FunctionState(
            name=answer["FunctionName"],
            version=answer["Version"],
            code=answer["CodeSha256"],
            modified_at=modified.replace(tzinfo=modified.tzinfo or UTC).astimezone(UTC),
            settled=state in _STATES and update in _UPDATES,
            why=_why(answer, state, update),
            timeout=float(answer["Timeout"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"cannot {doing}: an answer that is none ({type(error).__name__}: {error})") from error


def _why(answer: Mapping[str, Any], state: str | None, update: str | None) -> str:
    if state not in _STATES:
        return f"its state is {state}: {answer.get('StateReason') or 'no reason is given'}"
    if update not in _UPDATES:
        return f"its update is {update}: {answer.get('LastUpdateStatusReason') or 'no reason is given'}"
    return ""
