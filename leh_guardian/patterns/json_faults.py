"""Why a text is no JSON, in the words of the parser that EventBridge uses (Jackson).

Rule kept: Python's own reason, with its line and column, is told as well; where Jackson would say something that is not
known here, it stands alone.
"""

from __future__ import annotations

import json
import re

_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_COMMENT = (
    "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
)
_END = "Unexpected end-of-input"
_NAME = "was expecting double-quote to start field name"
_TOKEN = re.compile(r"[^\W\d]\w*")
_IN_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def reason(fault: json.JSONDecodeError) -> str:
    """Give the reason for refusing the text."""
    known = _known(fault)
    return f"{known} (Pattern is not valid JSON: {fault})" if known else f"Pattern is not valid JSON: {fault}"


def non_standard(token: str) -> str:
    """Give the reason for refusing NaN or an infinity."""
    return f"Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"


def _known(fault: json.JSONDecodeError) -> str | None:
    message, text = fault.msg, fault.doc
    at = fault.pos
    if not text.strip():
        return "Filter is not an object"
    if message.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma, Jackson after it
        at = next((n for n in range(at + 1, len(text)) if not text[n].isspace()), len(text))
    if message.startswith("Unterminated string"):
        return f"{_END}: was expecting closing quote for a string value"
    if at >= len(text):
        return _END
    char = text[at]
    if message.startswith("Invalid control character"):
        return (
            f"Illegal unquoted character ((CTRL-CHAR, code {ord(char)})): has to be escaped using backslash to be included"
            " in string value"
        )
    if message.startswith("Invalid \\escape"):
        escaped = text[at + 1 : at + 2]
        return f"Unrecognized character escape '{escaped}' (code {ord(escaped)})" if escaped else None
    expected = _expected(message, text, at)
    return expected and (
        expected if expected.startswith("Un") else f"Unexpected character ('{char}' (code {ord(char)})): {expected}"
    )


def _expected(message: str, text: str, at: int) -> str | None:
    """Give what Jackson was expecting instead of the character; or, from "Un..." on, all that it says."""
    inside = _innermost(text[:at])
    if text[at] == "/":
        return _COMMENT
    if message.startswith("Expecting ':'"):
        return "was expecting a colon to separate field name and value"
    if message.startswith("Expecting ','"):
        if text[at] in "}]":
            return f"Unexpected close marker '{text[at]}': expected '{'}' if inside == '{' else ']'}'"
        return f"was expecting comma to separate {'Object' if inside == '{' else 'Array'} entries"
    if message.startswith("Expecting property name") or (message.startswith("Illegal trailing") and inside == "{"):
        return _NAME
    if message.startswith(("Expecting value", "Illegal trailing")):
        token = _TOKEN.match(text, at)
        return (
            f"Unrecognized token '{token.group()}': was expecting {_VALUES}"
            if token
            else f"expected a valid value {_VALUES}"
        )
    return None


def _innermost(text: str) -> str:
    """Give the bracket that is open at the end of the text."""
    still_open: list[str] = []
    for char in _IN_STRING.sub("", text):
        if char in "{[":
            still_open.append(char)
        elif char in "}]" and still_open:
            still_open.pop()
    return still_open[-1] if still_open else ""
