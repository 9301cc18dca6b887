r"""Owns the messages whose form alone tells the exception; the one rule: the form reaches to the end of the text, or begins it.

Many a program logs `str(error)` and not its class. The interpreter's and the libraries' own sentences are known: CPython's
`Objects/*.c`, json, botocore's `exceptions.py`, httpx, psycopg and libpq, opensearch-py, openai-python.
"""

from __future__ import annotations

import re
from typing import Final

from leh_guardian.diagnosis.tracebacks import Raised, split_name

_FORMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("openai.APITimeoutError", re.compile(r"Request timed out\.?$")),
    ("openai.APIConnectionError", re.compile(r"Connection error\.?$")),
    ("openai.LengthFinishReasonError", re.compile(r"Could not parse response content as the length limit was reached")),
    (
        "openai.ContentFilterFinishReasonError",
        re.compile(r"Could not parse response content as the request was rejected by the content filter"),
    ),
    ("openai.APIResponseValidationError", re.compile(r"Data returned by API invalid for expected schema")),
    ("openai.OpenAIError", re.compile(r"(?:The api_key client option must be set|Missing credentials\. Please pass)")),
    (
        "openai.APIError",
        re.compile(
            r"(?:You exceeded your current quota|insufficient_quota|Rate limit reached for |Request too large for "
            r"|The server had an error (?:while|processing)|The server is (?:currently )?overloaded"
            r"|That model is currently overloaded|The engine is currently overloaded|Incorrect API key provided"
            r"|This model's maximum context length|The model `|Your account is not active"
            r"|Billing hard limit has been reached|Our servers are currently overloaded)"
        ),
    ),
    (
        "AttributeError",
        re.compile(r"(?:type object|module|'[\w.]{1,80}' object)(?: '[\w.]{1,80}')? has no attribute '"),
    ),
    (
        "TypeError",
        re.compile(
            r"(?:'[\w.]{1,80}' object (?:is not|does not support|cannot be|doesn't support) "
            r"|unsupported operand type\(s\)|string indices must be |can only concatenate |argument of type '"
            r"|Object of type \w{1,80} is not JSON serializable|cannot unpack non-iterable "
            r"|'[<>=]{1,2}' not supported between|(?:int|float)\(\) argument must be"
            r"|sequence item \d{1,9}: expected |Float types are not supported|unhashable type:"
            r"|object of type '\w{1,80}' has no len|a bytes-like object is required|expected str, bytes or os"
            r"|must be (?:str|real number), not |[\w.<>]{1,120}\(\) (?:missing \d{1,3} required"
            r"|got an unexpected keyword|takes (?:from )?\d{1,3}|takes no|got multiple values"
            r"|got some positional))"
        ),
    ),
    (
        "IndexError",
        re.compile(
            r"(?:list|tuple|string|range object|bytearray|list assignment|pop) index out of range$"
            r"|pop from an? empty"
        ),
    ),
    ("NameError", re.compile(r"name '\w{1,120}' is not defined")),
    ("UnboundLocalError", re.compile(r"(?:cannot access local variable|local variable) '")),
    ("ModuleNotFoundError", re.compile(r"No module named '")),
    ("ImportError", re.compile(r"cannot import name '")),
    ("Runtime.ImportModuleError", re.compile(r"Unable to import module '")),
    ("Runtime.HandlerNotFound", re.compile(r"Handler '[^']{1,120}' missing on module")),
    (
        "ZeroDivisionError",
        re.compile(r"(?:(?:integer |float )?division (?:or modulo )?by zero|(?:integer|float) modulo(?: by zero)?)$"),
    ),
    ("RecursionError", re.compile(r"maximum recursion depth exceeded")),
    (
        "json.decoder.JSONDecodeError",
        re.compile(
            r"(?:Expecting (?:value|property name|'.' delimiter)|Extra data|Unterminated string starting at"
            r"|Invalid (?:control character|\\\w{0,2} ?escape))[^\n]{0,80}: line \d{1,9} column"
        ),
    ),
    ("pydantic_core._pydantic_core.ValidationError", re.compile(r"\d{1,6} validation errors? for \S")),
    ("UnicodeDecodeError", re.compile(r"'[\w-]{1,40}' codec can't decode ")),
    ("UnicodeEncodeError", re.compile(r"'[\w-]{1,40}' codec can't encode ")),
    (
        "ValueError",
        re.compile(
            r"(?:not enough values to unpack|too many values to unpack|invalid literal for int\(\)"
            r"""|could not convert string to float|time data ['\"]|Invalid isoformat string|substring not found"""
            r"|unconverted data remains)"
        ),
    ),
    ("PIL.UnidentifiedImageError", re.compile(r"cannot identify image file")),
    ("zipfile.BadZipFile", re.compile(r"(?:File is not a zip file|Bad magic number for|Bad CRC-32)")),
    (
        "pypdf.errors.PdfReadError",
        re.compile(
            r"(?:EOF marker not found|Stream has ended unexpectedly|invalid pdf header|Could not (?:read"
            r"|find) (?:malformed PDF|xref)|Cannot read an empty file|File has not been decrypted|No /Root object)"
        ),
    ),
    ("UnsupportedFileType", re.compile(r"(?i:unsupported (?:file|media|image|audio|document) (?:type|format))")),
    (
        "psycopg.OperationalError",
        re.compile(
            r"(?:connection failed: |connection to server (?:at|on) |could not connect to server"
            r"|could not translate host name|server closed the connection|SSL connection has been closed|(?:FATAL"
            r"|PANIC): {1,4}|remaining connection slots|sorry, too many clients|the database system is )"
        ),
    ),
    ("botocore.exceptions.EndpointConnectionError", re.compile(r"Could not connect to the endpoint URL")),
    ("botocore.exceptions.ConnectTimeoutError", re.compile(r"Connect timeout on endpoint URL")),
    ("botocore.exceptions.ReadTimeoutError", re.compile(r"Read timeout on endpoint URL")),
    (
        "botocore.exceptions.ConnectionClosedError",
        re.compile(r"Connection was closed before we received a valid response from endpoint"),
    ),
    ("botocore.exceptions.NoCredentialsError", re.compile(r"Unable to locate credentials")),
    ("botocore.exceptions.ParamValidationError", re.compile(r"Parameter validation failed:")),
    ("opensearchpy.exceptions.ConnectionTimeout", re.compile(r"ConnectionTimeout caused by")),
    ("httpx.ReadTimeout", re.compile(r"The (?:read|connect|write) operation timed out$")),
    (
        "httpx.RemoteProtocolError",
        re.compile(
            r"(?:Server disconnected without sending a response|peer closed connection without sending complete)"
        ),
    ),
    ("requests.exceptions.ConnectionError", re.compile(r"HTTPS?ConnectionPool\(host=")),
    ("aiohttp.ClientConnectorError", re.compile(r"Cannot connect to host ")),
    ("ConnectionRefusedError", re.compile(r"(?:\[Errno 111\] )?(?:Connect call failed|Connection refused)")),
    ("ConnectionResetError", re.compile(r"(?:\[Errno 104\] )?Connection reset by peer")),
    (
        "socket.gaierror",
        re.compile(
            r"(?:\[Errno -?\d{1,3}\] )?(?:Name or service not known|Temporary failure in name resolution"
            r"|No address associated)"
        ),
    ),
    ("ssl.SSLError", re.compile(r"\[SSL(?::|\])")),
    ("MemoryError", re.compile(r"Unable to allocate [\d.]{1,12} [KMGT]iB")),
    ("Lambda.Timeout", re.compile(r"Task timed out after \d")),
    (
        "Runtime.ExitError",
        re.compile(r"(?:RequestId: \S{36} )?(?:Error: )?Runtime exited (?:with error|without providing)"),
    ),
)
_KEY_ERROR: Final = re.compile(r"'[A-Za-z_][\w.-]{0,80}'$")


def by_form(text: str) -> Raised | None:
    """Return the exception whose message `text` is, None where no form of ours fits."""
    for name, form in _FORMS:
        if form.match(text):
            module, bare = split_name(name)
            return Raised(bare, module, text)
    return None


def key_error(text: str) -> Raised | None:
    """Return the KeyError whose message `text` is: nothing but a quoted name."""
    return Raised("KeyError", "", text) if _KEY_ERROR.match(text) else None
