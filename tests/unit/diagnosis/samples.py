"""Failures as the libraries word them, one or more for each signature that operators act on, and the shapes they are logged in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

REQUEST: Final = "6f1c2b7e-0001-4a4a-9b9b-000000000001"
STREAM: Final = "2026/11/01/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9"
QUOTA: Final = "You exceeded your current quota, please check your plan and billing details."
LIMIT: Final = (
    "Rate limit reached for gpt-4o in organization org-a on {of}: Limit 30000, Used 29500. Please try again in 3s."
)


def body(status: int, message: str, kind: str | None = None, code: str | None = None) -> str:
    """Return the text of an error of openai-python 1 and 2."""
    return f"Error code: {status} - {{'error': {{'message': {message!r}, 'type': {kind!r}, 'param': None, 'code': {code!r}}}}}"


FAILURES: Final[tuple[tuple[str, str, str], ...]] = (
    # class, exception as a traceback's last line names it, message
    ("quota", "openai.RateLimitError", body(429, QUOTA, "insufficient_quota", "insufficient_quota")),
    ("quota", "openai.RateLimitError", body(429, "Spent.", "requests", "project_spend_limit_exceeded")),
    ("quota", "openai.RateLimitError", body(429, "Spent.", "insufficient_quota")),
    ("quota", "openai.RateLimitError", f"Error code: 429 - {QUOTA}"),
    (
        "quota",
        "openai.RateLimitError",
        body(429, LIMIT.format(of="requests per day (RPD)"), "requests", "rate_limit_exceeded"),
    ),
    (
        "throttled",
        "openai.RateLimitError",
        body(429, LIMIT.format(of="tokens per min (TPM)"), "tokens", "rate_limit_exceeded"),
    ),
    ("throttled", "openai.RateLimitError", f"Error code: 429 - {LIMIT.format(of='requests per min (RPM)')}"),
    ("throttled", "openai.InternalServerError", body(503, "Slow down.", "server_error", "slow_down")),
    (
        "bad_input",
        "openai.RateLimitError",
        body(429, "Request too large for gpt-4o on tokens per min (TPM).", "tokens", "rate_limit_exceeded"),
    ),
    (
        "external_outage",
        "openai.InternalServerError",
        body(500, "The server had an error while processing your request.", "server_error"),
    ),
    ("external_outage", "openai.InternalServerError", "Error code: 502"),
    ("external_outage", "openai.InternalServerError", body(529, "Overloaded", "server_error")),
    ("external_outage", "openai.APITimeoutError", "Request timed out."),
    ("external_outage", "openai.APIConnectionError", "Connection error."),
    ("external_outage", "httpx.ConnectError", "[Errno -2] Name or service not known"),
    ("config", "openai.AuthenticationError", body(401, "Incorrect API key provided: sk-a.", None, "invalid_api_key")),
    ("config", "openai.PermissionDeniedError", body(403, "Country not supported", "request_forbidden")),
    ("config", "openai.NotFoundError", body(404, "The model `gpt-4-32k` does not exist", None, "model_not_found")),
    ("bad_input", "openai.BadRequestError", body(400, "Too long.", "invalid_request_error", "context_length_exceeded")),
    ("bad_input", "openai.BadRequestError", "Error code: 400 - You uploaded an unsupported image."),
    ("bad_input", "openai.APIStatusError", body(413, "Maximum content size limit (26214400) exceeded")),
    ("bad_input", "openai.UnprocessableEntityError", body(422, "no")),
    (
        "code_bug",
        "openai.BadRequestError",
        body(400, "Unsupported parameter: 'max_tokens'", None, "unsupported_parameter"),
    ),
    ("code_bug", "openai.BadRequestError", body(400, "Invalid type for 'messages'", None, "invalid_type")),
    (
        "bad_input",
        "openai.ContentFilterFinishReasonError",
        "Could not parse response content as the request was rejected by the content filter",
    ),
    ("bad_input", "openai.LengthFinishReasonError", "Could not parse response content as the length limit was reached"),
    ("code_bug", "openai.APIResponseValidationError", "Data returned by API invalid for expected schema."),
    ("code_bug", "json.decoder.JSONDecodeError", "Expecting value: line 1 column 1 (char 0)"),
    ("code_bug", "pydantic_core._pydantic_core.ValidationError", "1 validation error for Analysis"),
    ("transient", "openai.ConflictError", body(409, "conflict")),
    ("transient", "openai.APIStatusError", body(408, "timeout")),
    ("code_bug", "KeyError", "'case_id'"),
    ("code_bug", "AttributeError", "'NoneType' object has no attribute 'get'"),
    ("code_bug", "TypeError", "'NoneType' object is not subscriptable"),
    ("code_bug", "NameError", "name 'x' is not defined"),
    ("code_bug", "IndexError", "list index out of range"),
    ("code_bug", "ModuleNotFoundError", "No module named 'pdfminer'"),
    ("bad_input", "UnicodeDecodeError", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ("bad_input", "pypdf.errors.PdfReadError", "EOF marker not found"),
    ("bad_input", "PIL.UnidentifiedImageError", "cannot identify image file <_io.BytesIO object at 0x7f>"),
    ("bad_input", "ValueError", "Unsupported file type: .hwp"),
    ("bad_input", "MemoryError", "Unable to allocate 2.1 GiB"),
    (
        "transient",
        "botocore.exceptions.ClientError",
        "An error occurred (ThrottlingException) when calling the PutItem operation (reached max retries: 4): Rate exceeded",
    ),
    (
        "transient",
        "botocore.exceptions.ClientError",
        "An error occurred (SlowDown) when calling the GetObject operation: Please reduce your request rate.",
    ),
    (
        "transient",
        "botocore.exceptions.ClientError",
        "An error occurred (ServiceUnavailable) when calling the PutObject operation: Unable to handle request",
    ),
    (
        "config",
        "botocore.exceptions.ClientError",
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
    ),
    (
        "config",
        "botocore.exceptions.ClientError",
        "An error occurred (ResourceNotFoundException) when calling the PutItem operation: Requested resource not found",
    ),
    (
        "bad_input",
        "botocore.errorfactory.NoSuchKey",
        "An error occurred (NoSuchKey) when calling the GetObject operation: The specified key does not exist.",
    ),
    (
        "internal_dependency",
        "opensearchpy.exceptions.TransportError",
        "TransportError(503, 'search_phase_execution_exception', 'all shards failed')",
    ),
    (
        "internal_dependency",
        "opensearchpy.exceptions.ConnectionTimeout",
        "ConnectionTimeout caused by - ReadTimeoutError(x)",
    ),
    (
        "internal_dependency",
        "psycopg.OperationalError",
        'connection to server at "10.0.3.7", port 5432 failed: Connection refused',
    ),
    ("internal_dependency", "asyncpg.exceptions.TooManyConnectionsError", "sorry, too many clients already"),
    ("unknown", "worker.errors.PipelineError", "step four"),
)


def traceback(exception: str, message: str) -> str:
    """Return a traceback that ends in the exception."""
    frame = '  File "/var/task/app.py", line 12, in handle\n    result = step(evidence)\n             ^^^^^^^^^^^^^^'
    return f"Traceback (most recent call last):\n{frame}\n{exception}: {message}"


def _lambda_log(exception: str, message: str) -> str:
    return f"[ERROR]\t2026-11-01T03:00:00.000Z\t{REQUEST}\tfailed: ev_1a\n{traceback(exception, message)}"


def _lambda_death(exception: str, message: str) -> str:
    bare = exception.rpartition(".")[2]
    frame = '\xa0\xa0File "/var/task/app.py", line 12, in handle\r\xa0\xa0\xa0\xa0step()'
    return f"[ERROR] {bare}: {message}\rTraceback (most recent call last):\r{frame}"


def _lambda_json(exception: str, message: str) -> str:
    frames = ['  File "/var/task/app.py", line 12, in handle\n    step()\n']
    bare = exception.rpartition(".")[2]
    return json.dumps(
        {
            "timestamp": "2026-11-01T03:00:00Z",
            "level": "ERROR",
            "message": "failed",
            "errorType": bare,
            "errorMessage": message,
            "stackTrace": frames,
            "requestId": REQUEST,
        }
    )


def _event(text: str) -> dict[str, object]:
    return {
        "logStreamName": STREAM,
        "timestamp": 1793502000000,
        "message": text + "\n",
        "ingestionTime": 1793502000001,
        "eventId": "1",
    }


SHAPES: Final[dict[str, Callable[[str, str], str]]] = {
    "traceback": traceback,
    "lambda, logged": _lambda_log,
    "lambda, uncaught": _lambda_death,
    "lambda, JSON": _lambda_json,
    "tail": lambda e, m: f"2026-11-01T03:00:00.123000+00:00 {STREAM} {_lambda_log(e, m)}",
    "tail, a line an event": lambda e, m: "\n".join(
        f"2026-11-01T03:00:00+00:00 {STREAM} {line}" for line in traceback(e, m).split("\n")
    ),
    "tail, short": lambda e, m: f"2026-11-01T03:00:00 {_lambda_log(e, m)}",
    "tail, coloured": lambda e, m: (
        f"\x1b[32m2026-11-01T03:00:00+00:00\x1b[0m \x1b[36m{STREAM}\x1b[0m {_lambda_log(e, m)}"
    ),
    "events, pretty": lambda e, m: json.dumps(
        {"events": [_event(_lambda_log(e, m))], "searchedLogStreams": []}, indent=4
    ),
    "events, compact": lambda e, m: json.dumps({"events": [_event(_lambda_death(e, m))]}),
    "events, JSON Lines": lambda e, m: json.dumps(_event(_lambda_log(e, m))),
    "events, text": lambda e, m: f"EVENTS\t38\t1793502000001\t{STREAM}\t{_lambda_log(e, m)}\n\t1793502000000",
    "structlog": lambda e, m: json.dumps(
        {"event": "failed", "level": "error", "evidence_id": "ev_1a", "exception": traceback(e, m)}
    ),
    "structlog, console": lambda e, m: (
        f"\x1b[2m2026-11-01T03:00:00Z\x1b[0m [\x1b[31m\x1b[1merror    \x1b[0m] failed evidence_id=ev_1a\n{traceback(e, m)}"
    ),
    "Powertools": lambda e, m: json.dumps(
        {
            "level": "ERROR",
            "location": "handle:12",
            "message": "failed",
            "service": "ai",
            "exception": traceback(e, m),
            "exception_name": e.rpartition(".")[2],
        }
    ),
    "logging, basic": lambda e, m: f"ERROR:root:failed\n{traceback(e, m)}",
    "logging, dashes": lambda e, m: f"2026-11-01 03:00:00,123 - worker.app - ERROR - failed\n{traceback(e, m)}",
    "logging, spaces": lambda e, m: f"2026-11-01 03:00:00,123 ERROR worker.app: failed\n{traceback(e, m)}",
    "loguru": lambda e, m: f"2026-11-01 03:00:00.123 | ERROR    | app:handle:12 - failed\n{traceback(e, m)}",
    "EMF": lambda e, m: json.dumps(
        {"_aws": {"Timestamp": 1, "CloudWatchMetrics": []}, "Errors": 1, "errorType": e, "errorMessage": m}
    ),
    "swallowed": lambda e, m: json.dumps({"level": "INFO", "status": "error", "error": f"{e}: {m}"}),
    "one line": lambda e, m: f"[ERROR]\t2026-11-01T03:00:00.000Z\t{REQUEST}\tfailed: {e}: {m}",
}
"""How a failure (exception, message) is logged."""
