"""Owns the lines that Lambda itself writes, in text and in JSON; the one rule: one death of an invocation is one failure.

AWS documentation, "Understanding the Lambda Telemetry API", "Using Lambda advanced logging controls", "Troubleshoot invocation
issues": START, END, REPORT, INIT_START, `Task timed out`, `Runtime exited`, and `platform.*` records.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_LINE: Final = re.compile(
    rf"(?:(?P<kind>START|END|REPORT|XRAY)[ \t](?:RequestId: (?P<request>{_UUID}))?"
    rf"|(?P<init>INIT_START|INIT_REPORT|EXTENSION|TELEMETRY|LOGS)[ \t]"
    rf"|RequestId: (?P<died>{_UUID}) (?:Error|Process): ?"
    rf"|\d{{4}}-\d\d-\d\dT\S{{8,20}} (?P<timed>{_UUID}) (?=Task timed out))"
)
_TIMED_OUT: Final = "Task timed out"
"""Also in the form of a death: so it stands in the records of failed asynchronous invocations (`Sandbox.Timedout`)."""
_STATUS: Final = re.compile(r"\bStatus: (timeout|error|failure)\b(?:[ \t]{1,4}Error Type: ([\w.]{1,80}))?")
_TYPES: Final = {
    "timeout": "Lambda.Timeout",
    "error": "Lambda.Error",
    "failure": "Lambda.Error",
}
_NO_MORE_THAN_THE_RECORD: Final = frozenset({"platform.report", "platform.runtimeDone", "platform.initRuntimeDone"})


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """What Lambda says of an invocation."""

    request: str
    kind: str
    """start, end, report, init, or died."""
    failure: str = ""
    """How it died, as `Type: text`; nothing where it says nothing of a death."""

    @property
    def repeats(self) -> bool:
        """Whether it only repeats what the log should say already."""
        return self.kind == "report"


def read_platform_line(line: str) -> PlatformLine | None:
    """Return what a line of text says, None where Lambda did not write it."""
    if line[:1] not in "SERXIT2L" or not (found := _LINE.match(line)):
        return None
    if found["init"]:
        status = _STATUS.search(line)
        return PlatformLine("", "report" if status else "init", _death(status[1], status[2] or "") if status else "")
    if request := found["timed"]:
        return PlatformLine(request.lower(), "died", f"Lambda.Timeout: {line[found.end() :]}")
    if request := found["died"]:
        if line.startswith(_TIMED_OUT, found.end()):
            return PlatformLine(request.lower(), "died", f"Lambda.Timeout: {line[found.end() :]}")
        return PlatformLine(request.lower(), "died", f"Runtime.ExitError: {line[found.end() :]}")
    request, kind = (found["request"] or "").lower(), found["kind"].lower()
    if kind == "report" and (status := _STATUS.search(line)):
        return PlatformLine(request, kind, _death(status[1], status[2] or ""))
    return PlatformLine(request, kind)


def read_platform_record(data: Mapping[str, Any]) -> PlatformLine | None:
    """Return what a JSON record says, None where Lambda did not write it."""
    kind, record = data.get("type"), data.get("record")
    if not isinstance(kind, str) or not kind.startswith("platform."):
        return None
    if not isinstance(record, Mapping):
        return PlatformLine("", "died" if kind == "platform.fault" else "init", f"Runtime.ExitError: {record}"[:500])
    request = str(record.get("requestId") or "").lower()
    status = record.get("status")
    name = "report" if kind in _NO_MORE_THAN_THE_RECORD else {"platform.start": "start"}.get(kind, "init")
    if isinstance(status, str) and status in _TYPES:
        return PlatformLine(request, name, _death(status, str(record.get("errorType") or "")))
    return PlatformLine(request, name)


def _death(status: str, kind: str) -> str:
    kind = kind.rstrip(".")
    return f"{kind or _TYPES[status]}: status {status}"
