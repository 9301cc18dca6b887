"""The log: redacted, one line a record, and never in the way."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

import pytest
import structlog

from leh_guardian.telemetry.logs import LogWriter, redact, set_up_logs


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("주민번호900101-1234567입니다", "1234567"),
        ("홍길동_900101-1234567.pdf", "1234567"),
        ("９００１０１－１２３４５６７", "１２３４５６７"),
        ("postgresql://user:hunter2@host/db", "hunter2"),
        ("password=hunter2 x", "hunter2"),
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("key AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("sk-abcdefghijklmnopqrstuvwx", "sk-abcdefghij"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3.SflKxwRJSMeKKF2QT4", "eyJzdWIi"),
    ],
)
def test_secrets_and_resident_numbers_are_taken_out(text: str, gone: str) -> None:
    """What looks like a secret or a Korean resident number does not reach the log, glued to Hangul or not."""
    assert gone not in redact(text)


@pytest.mark.parametrize(
    "text",
    ["1732300000123 ms", "case_900199-1234567", "평범한 문장입니다", "arn:aws:sqs:ap-northeast-2:012345670123:q"],
)
def test_ordinary_text_stays(text: str) -> None:
    """Timestamps, account ids and impossible dates are no resident numbers."""
    assert redact(text) == text


def test_hostile_values_stay_one_line() -> None:
    """A line break in an event forges no second record."""
    stream = io.StringIO()
    writer = set_up_logs(level="info", json=True, stream=stream)
    structlog.get_logger().info(
        "taken", name='a"\n{"event":"forged"}', nested={"password": "x", "n": [1, 1 << 80, "\ud800"]}
    )
    writer.close()
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert record["event"] == "taken"
    assert record["nested"]["password"] == "[redacted]"


def test_blocked_pipe_drops_and_counts() -> None:
    """A reader that has stopped reading costs records, never the caller's time."""

    class Blocked(io.StringIO):
        gate = threading.Event()

        def write(self, text: Any) -> int:
            self.gate.wait()
            return len(text)

    stream = Blocked()
    writer = LogWriter(stream)
    for number in range(12_000):
        writer.put(str(number))
    assert writer.dropped >= 1_999
    stream.gate.set()
    writer.close()
