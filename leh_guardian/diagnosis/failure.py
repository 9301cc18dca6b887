"""Owns the Failure: one exception as the fields that signatures ask about; the one rule: the error's code before its words.

A field is there only where it is known, so that a signature can ask whether it is (`exists`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from leh_guardian.diagnosis.literals import read_literal
from leh_guardian.diagnosis.parties import by_address, by_frames, by_module
from leh_guardian.diagnosis.tracebacks import Raised

_STATUS: Final = re.compile(r"Error code: ([1-5]\d\d)(?!\d)(?: - ?)?")
_AWS: Final = re.compile(
    r"An error occurred \(([\w.]{1,120})\) when calling the (\w{1,80}) operation(?: \(reached max retries: \d{1,4}\))?:? ?"
)
_SEARCH: Final = re.compile(r"(?:\w{1,60}\()?(\d{3}|'?N/A'?|'?TIMEOUT'?), ?['\"]([^'\"\n]{0,200})")
_OF_THE_NET: Final = frozenset(
    "ConnectionError ConnectionResetError ConnectionRefusedError ConnectionAbortedError BrokenPipeError"
    " TimeoutError OSError gaierror"
    " CancelledError SSLError SSLCertVerificationError SSLEOFError ConnectTimeout ReadTimeout"
    " ConnectTimeoutError ReadTimeoutError"
    " ConnectionTimeout ConnectError RemoteProtocolError MaxRetryError NewConnectionError OperationalError"
    " InterfaceError NotFoundError"
    " ConflictError ServerDisconnectedError ClientConnectorError EndpointConnectionError timeout"
    " HTTPStatusError HTTPError".split()
)
"""Names that several libraries share, or the interpreter's own of the net: whom they are about is told by an"
" address or the frames."""
_LONGEST: Final = 600
_SPACES: Final = re.compile(r"\s{1,200}")
_OPENAI: Final = frozenset(
    "RateLimitError APITimeoutError APIConnectionError APIStatusError BadRequestError AuthenticationError PermissionDeniedError"
    " UnprocessableEntityError InternalServerError APIResponseValidationError LengthFinishReasonError"
    " ContentFilterFinishReasonError"
    " OpenAIError OAuthError SubjectTokenProviderError APIError".split()
)
_SEARCHES: Final = frozenset(
    "TransportError RequestError AuthorizationException AuthenticationException OpenSearchException"
    " ConnectionTimeout SSLError ApiError".split()
)
FIELDS: Final = (
    "exception",
    "module",
    "provider",
    "status",
    "code",
    "type",
    "param",
    "operation",
    "message",
    "through",
    "before",
    "cut",
)
"""What signatures may ask about."""
_SHARED: Final = frozenset({"NotFoundError", "ConnectionError", "ConflictError"})
"""Names of opensearch-py and of others; the form of the message tells."""
_NUMBER: Final = re.compile(r"[1-5]\d\d")


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of a failure."""

    exception: str = ""
    """The class without its module."""
    module: str = ""
    provider: str = ""
    """openai, aws, opensearch, postgresql, sql, redis, http, lambda, pydantic; nothing where it is the program's own."""
    status: int | None = None
    """The HTTP status."""
    code: str = ""
    """The error's code as the service writes it."""
    type: str = ""
    param: str = ""
    operation: str = ""
    """The AWS operation."""
    message: str = ""
    """The beginning of the text, in small letters and with single spaces."""
    text: str = ""
    """The same as it was written, of some more length; nothing that signatures ask about, but what people are shown of it."""
    cut: bool = False
    """Whether the error's body was cut off."""
    through: str = ""
    """The innermost package that it came through."""
    member: bool = False
    """Whether it is one of an exception group's; nothing that signatures ask about."""
    before: str = ""
    """For a death without words: whom the invocation was talking to last."""

    def as_event(self) -> dict[str, Any]:
        """Return what signatures match."""
        fields = {name: getattr(self, name) for name in FIELDS}
        return {name: value for name, value in fields.items() if value not in ("", None, False)}


def failure_of(raised: Raised, **known: Any) -> Failure:
    """Return the fields of an exception; `known` are those that the record told beside it."""
    fields = _by_message(raised)
    provider = fields.pop("provider", "") or _party(raised)
    through = next(iter(raised.libraries), "")
    name = raised.name or fields.pop("exception", "")
    fields.pop("exception", None)
    given = {key: value for key, value in known.items() if value not in ("", None)}
    return Failure(
        **{
            "exception": name,
            "member": raised.member,
            "module": raised.module,
            "provider": provider,
            "through": through,
            **fields,
            **given,
        }
    )


def _by_message(raised: Raised) -> dict[str, Any]:
    text = raised.message
    if found := _STATUS.match(text):
        return _of_provider(int(found[1]), text[found.end() :])
    if found := _AWS.match(text):
        rest = text[found.end() :]
        return {
            "exception": "ClientError",
            "provider": "aws",
            "code": found[1],
            "operation": found[2],
            **_words(rest),
        }
    if _of_search(raised) and (found := _SEARCH.match(text)):
        status = int(found[1]) if found[1].isdigit() else None
        return {"provider": "opensearch", "status": status, "code": found[2], **_words(text)}
    return _words(text)


def _of_search(raised: Raised) -> bool:
    party = by_module(raised.module)
    return party == "opensearch" or (not party and raised.name in _SEARCHES | _SHARED)


def _of_provider(status: int, rest: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "exception": "APIStatusError",
        "provider": "openai",
        "status": status,
        **_words(rest),
    }
    if rest[:1] not in {"{", "["}:
        return fields
    body, whole = read_literal(rest)
    fields |= {"message": "", "text": "", "cut": not whole}
    if isinstance(body, list):
        body = body[0] if body else {}
    error = body.get("error", body) if isinstance(body, dict) else {}
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return fields
    for name in ("code", "type", "param"):
        value = error.get(name)
        fields[name] = str(value)[:200] if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if _NUMBER.fullmatch(fields["code"]):  # Azure repeats the status
        fields["code"] = ""
    message = error.get("message")
    return fields | _words(message if isinstance(message, str) else rest)


def _party(raised: Raised) -> str:
    party = by_module(raised.module)
    if not party and not raised.module:
        if raised.name in _OPENAI:
            party = (
                "openai"
                if by_frames(raised.libraries) in {"", "http", "openai", "tenacity", "pydantic"}
                else by_frames(raised.libraries)
            )
        elif raised.name in _SEARCHES:
            party = "opensearch"
    if party in {"http", "sql"} or raised.name in _OF_THE_NET or raised.module in {"socket", "ssl", "asyncio"}:
        return by_address(raised.message) or by_frames(raised.libraries) or party
    return party


def _words(text: str) -> dict[str, Any]:
    return {"message": _head(text), "text": text[: 4 * _LONGEST]}


def _head(text: str) -> str:
    return _SPACES.sub(" ", text[: 2 * _LONGEST]).strip().lower()[:_LONGEST]
