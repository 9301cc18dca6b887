"""What the libraries of the development environment really raise and write."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable

import asyncpg
import pytest
import structlog
import tenacity
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ParamValidationError
from opensearchpy.exceptions import (
    AuthorizationException,
    ConnectionTimeout,
    NotFoundError,
    RequestError,
    TransportError,
)
from pydantic import BaseModel

from tests.unit.diagnosis.reading import classes


class Answer(BaseModel):
    """What a model should answer."""

    summary: str


def _aws(code: str) -> Exception:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "PutItem"
    )


def _raised(error: Exception) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


FAILING: list[tuple[str, Callable[[], object]]] = [
    ("code_bug", lambda: {}["case_id"]),
    ("code_bug", lambda: json.loads("Sure! {")),
    ("code_bug", lambda: Answer.model_validate({"a": 1})),
    ("code_bug", lambda: list("a")[len("ab")]),
    ("bad_input", lambda: b"\xff".decode("utf-8")),
    ("bad_input", lambda: zipfile.ZipFile(io.BytesIO(b"no"))),
    ("transient", _raised(_aws("ProvisionedThroughputExceededException"))),
    ("config", _raised(_aws("AccessDeniedException"))),
    ("code_bug", _raised(_aws("ValidationException"))),
    ("unknown", _raised(_aws("ConditionalCheckFailedException"))),
    ("transient", _raised(EndpointConnectionError(endpoint_url="https://dynamodb.ap-northeast-2.amazonaws.com/"))),
    ("config", _raised(NoCredentialsError())),
    ("code_bug", _raised(ParamValidationError(report="Missing required parameter"))),
    ("internal_dependency", _raised(TransportError(503, "search_phase_execution_exception", {}))),
    ("internal_dependency", _raised(TransportError(429, "circuit_breaking_exception", {}))),
    ("internal_dependency", _raised(ConnectionTimeout("TIMEOUT", "x", ValueError("x")))),
    ("config", _raised(AuthorizationException(403, "security_exception", {}))),
    ("config", _raised(NotFoundError(404, "index_not_found_exception", {}))),
    ("code_bug", _raised(RequestError(400, "mapper_parsing_exception", {}))),
    ("internal_dependency", _raised(asyncpg.TooManyConnectionsError("sorry, too many clients already"))),
    ("internal_dependency", _raised(asyncpg.CannotConnectNowError("the database system is starting up"))),
    ("code_bug", _raised(asyncpg.UndefinedColumnError('column "x" does not exist'))),
    ("config", _raised(asyncpg.InvalidPasswordError("password authentication failed"))),
]


@pytest.mark.parametrize(("want", "fail"), FAILING)
@pytest.mark.parametrize(
    "form", ["%(levelname)s:%(name)s:%(message)s", "%(asctime)s [%(levelname)s] %(name)s: %(message)s"]
)
def test_logging(want: str, fail: Callable[[], object], form: str) -> None:
    """`logger.exception` of the standard library, in two usual formats."""
    stream = io.StringIO()
    logger, handler = logging.Logger("worker"), logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter(form))
    logger.addHandler(handler)
    try:
        fail()
    except Exception:
        logger.exception("failed: ev_1a")
    assert classes(stream.getvalue()) == [want]


@pytest.mark.parametrize(("want", "fail"), FAILING)
@pytest.mark.parametrize("renderer", ["json", "dict", "console", "colours"])
def test_structlog(want: str, fail: Callable[[], object], renderer: str) -> None:
    """JSON of structlog with tracebacks as text and as dicts, and its console."""
    stream = io.StringIO()
    plain = structlog.dev.plain_traceback
    processors = {
        "json": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        "dict": [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()],
        "console": [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)],
        "colours": [structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain)],
    }[renderer]
    common = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso")]
    logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[*common, *processors])
    try:
        fail()
    except Exception:
        logger.exception("failed", evidence_id="ev_1a")
    assert classes(stream.getvalue()) == [want]


def test_what_is_tried_again_is_no_error() -> None:
    """The note of tenacity before it sleeps is none; the error at its end is judged by what was raised."""
    stream = io.StringIO()
    logger = logging.Logger("worker")
    logger.addHandler(logging.StreamHandler(stream))

    @tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        before_sleep=tenacity.before_sleep_log(logger, logging.WARNING, exc_info=True),
    )
    def call() -> object:
        return {}["choices"]

    with pytest.raises(tenacity.RetryError):
        call()
    told = stream.getvalue()
    assert "Retrying" in told
    assert "Traceback" in told
    assert classes(json.dumps({"logStreamName": "s", "eventId": "1", "message": f"[WARNING] {told}"})) == []
    try:
        call()
    except tenacity.RetryError:
        logger = logging.Logger("worker")
        last = io.StringIO()
        handler = logging.StreamHandler(last)
        handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
        logger.addHandler(handler)
        logger.exception("gave up")
    assert classes(last.getvalue()) == ["code_bug"]
