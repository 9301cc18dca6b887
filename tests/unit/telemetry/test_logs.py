"""The log: redacted, one line a record, and never in the way."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leh_guardian.telemetry.logs import LogWriter, set_up_logs
from leh_guardian.telemetry.redaction import redact


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


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=60) | st.sampled_from(
    [
        "a\r\nb",
        "\x1b[2J\x1b[31m",
        "\x9b31m",
        "\u2028{}",
        "\u202egnp",
        "\x85\x0b\x0c",
        '"}\n{"event":"forged"}',
        "\ud800",
        "\U000e0041",
    ]
)
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Give the process its logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


def written(log: Any, *, as_json: bool) -> str:
    """Set up the log, let `log` write, and return what was written."""
    stream = io.StringIO()
    writer = set_up_logs(level="info", json=as_json, stream=stream)
    log()
    writer.close()
    return stream.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY_TEXT, ANY_VALUE, ANY_TEXT)
def test_one_event_is_one_line_of_json(event: str, value: Any, other: str) -> None:
    """Whatever an event holds: one line that is printable to its end, and JSON; as a message, as a value, as a key."""

    def log() -> None:
        structlog.contextvars.bind_contextvars(bound=other)
        structlog.get_logger().bind(logger=other).info(event, value=value, nested={other: [value]})

    text = written(log, as_json=True)
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert json.loads(text)["level"] == "info"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ANY_TEXT, ANY_VALUE, ANY_TEXT)
def test_a_terminal_gets_one_line_without_control_characters(event: str, value: Any, other: str) -> None:
    """Readable logs, too: nothing of an event moves the cursor, turns the text round or begins a line of its own."""

    def log() -> None:
        structlog.get_logger().bind(bound=other).info(event, value=value, nested={other: [value]})

    text = written(log, as_json=False)
    assert text[:-1].isprintable()


def _fall(levels: int, reason: str) -> None:
    """Fail, so many calls down."""
    if levels:
        _fall(levels - 1, reason)
    raise ValueError(reason)


FORGED = "boom\n2026-11-22T18:00:00Z [info] all is well\r\x1b[2K\u202e"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_forges_no_second_record(as_json: bool) -> None:
    """JSON keeps a traceback in its line; on a terminal each of its lines is marked as the traceback's."""

    def log() -> None:
        try:
            _fall(0, FORGED)
        except ValueError:
            structlog.get_logger().exception(FORGED)
            logging.getLogger("library").exception("of %s", FORGED)

    lines = written(log, as_json=as_json).removesuffix("\n").split("\n")
    assert all(line.isprintable() for line in lines)
    if as_json:
        assert [json.loads(line)["level"] for line in lines] == ["error", "error"]
        assert "Traceback" in lines[0]
    else:
        assert sum(not line.startswith("    | ") for line in lines) == 2
        assert not any(line.startswith("2026-11-22") for line in lines)


CANARY, RRN = "hunter2hunter2", "900101-1234567"


@pytest.mark.parametrize("as_json", [True, False])
def test_every_way_into_the_log_is_redacted(as_json: bool) -> None:
    """Messages, values, keys, bound context, tracebacks, libraries' records and numbers: no secret, no resident number."""

    class Telling:
        def __str__(self) -> str:
            return f"password={CANARY}"

    def log() -> None:
        structlog.contextvars.bind_contextvars(context=f"token={CANARY}")
        one = structlog.get_logger().bind(bound=f"http://u:{CANARY}@h/{RRN}")
        one.info(f"secret: {CANARY} {RRN}", thing=Telling(), raw=f"pwd={CANARY}".encode(), api_key=CANARY)
        one.info("nested", a={RRN: {"Password": CANARY, "deep": [f"비밀번호: {CANARY}"]}}, number=9001011234567)
        try:
            _fall(1, f"authorization: Basic {CANARY} of {RRN}")
        except ValueError:
            one.exception("failed")
            logging.getLogger("library").exception("it said %s", f"cookie: {CANARY}; {RRN}")

    text = written(log, as_json=as_json)
    assert len(text.splitlines()) >= 4
    for secret in (CANARY, RRN, "9001011234567", "1234567"):
        assert secret not in text


def test_the_log_never_raises() -> None:
    """Objects without a text, structures that hold themselves, and a library's wrong format are told as such."""

    class Mute:
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    ring: list[Any] = []
    ring.append(ring)
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": [deep]}

    def log() -> None:
        structlog.get_logger().info("odd", mute=Mute(), ring=ring, deep=deep, many=list(range(5000)))
        logging.getLogger("library").error("%d of %s", "x", "y")

    first, second = map(json.loads, written(log, as_json=True).splitlines())
    assert "cannot be shown" in first["mute"]
    assert len(json.dumps(first)) < 2000
    assert second["event"] == "%d of %s"


def test_a_long_traceback_keeps_its_end() -> None:
    """The last line says what happened: the middle is what is left out."""

    def log() -> None:
        try:
            _fall(60, "x" * 3000 + " the reason")
        except ValueError:
            structlog.get_logger().exception("deep")

    trace = json.loads(written(log, as_json=True))["exception"]
    assert trace.startswith("Traceback")
    assert trace.endswith("the reason")
    assert len(trace) < 4200
