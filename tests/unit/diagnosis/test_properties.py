"""What holds for any failure, any noise and any text that people can put into a log."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.diagnosis.reading import classes, diagnosed, lines
from tests.unit.diagnosis.samples import FAILURES, LIMIT, QUOTA, REQUEST, SHAPES, body

FAILURE = st.sampled_from(FAILURES)
SHAPE = st.sampled_from(sorted(SHAPES))
WHOLE = st.sampled_from(
    sorted(set(SHAPES) - {"events, pretty", "events, compact", "traceback", "tail, a line an event"})
)
NOISE = st.sampled_from(
    [
        f"START RequestId: {REQUEST} Version: $LATEST",
        f"[INFO]\t2026-11-01T03:00:00.000Z\t{REQUEST}\tprocessed ev_2 in 3 s",
        'INFO:httpx:HTTP Request: POST https://api.openai.com/v1/chat/completions "HTTP/1.1 429 Too Many Requests"',
        "INFO:openai._base_client:Retrying request to /chat/completions in 0.4 seconds",
        "DEBUG:openai._base_client:Retrying due to status code 503",
        "WARNING:worker:Retrying call in 2.0 seconds as it raised RateLimitError: Error code: 429 - insufficient_quota.",
        '{"level": "INFO", "message": "done", "status": "ok"}',
        '{"_aws": {"Timestamp": 1, "CloudWatchMetrics": []}, "Errors": 0}',
        "2026-11-01 03:00:00.123 | INFO     | app:handle:12 - insufficient_quota.pdf",
        'INFO:     10.0.0.1:5 - "GET /healthz HTTP/1.1" 500 Internal Server Error',
    ]
)
HOSTILE = st.sampled_from(
    [
        "429 insufficient_quota.pdf",
        "Request timed out..pdf",
        "Error code: 429 - You exceeded your current quota.docx",
        "KeyError: 'x'.hwp",
        "openai.APITimeoutError: Request timed out..png",
        "An error occurred (ThrottlingException) when calling the PutItem operation.txt",
        "Traceback (most recent call last):.mp3",
        "Task timed out after 900.00 seconds.pdf",
    ]
)


@given(FAILURE, SHAPE, st.lists(NOISE, max_size=3), st.lists(NOISE, max_size=3))
@settings(max_examples=60, deadline=None)
def test_noise_changes_nothing(failure: tuple[str, str, str], shape: str, before: list[str], after: list[str]) -> None:
    """Lines that are no error add none, hide none, and move the error by as many lines."""
    want, exception, message = failure
    text = "\n".join([*before, SHAPES[shape](exception, message), *after])
    assert [name for _, name in lines(text)] == [want]


@given(st.lists(st.tuples(FAILURE, WHOLE), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_errors_one_after_another(written: list[tuple[tuple[str, str, str], str]]) -> None:
    """Each of several errors is one, at the line where it begins."""
    wanted, texts, n = [], [], 1
    for (want, exception, message), shape in written:
        text = SHAPES[shape](exception, message)
        wanted.append((n, want))
        texts.append(text)
        n += text.count("\n") + 1
    assert lines("\n".join(texts)) == wanted


@given(FAILURE, HOSTILE, st.sampled_from(["cases/case_1/raw/ev_1a_{}", '"{}"', "'{}'"]))
@example(next(one for one in FAILURES if "Invalid type for 'messages'" in one[2]), "KeyError: 'x'.hwp", '"{}"').via(
    "half of the name was taken for the name"
)
@settings(max_examples=60, deadline=None)
def test_a_files_name_decides_nothing(failure: tuple[str, str, str], name: str, place: str) -> None:
    """Whoever uploads a file chooses its name; the class stays that of the failure."""
    want, exception, message = failure
    text = f"[ERROR]\t2026-11-01T03:00:00.000Z\t{REQUEST}\tcould not read {place.format(name)}: {exception}: {message}"
    assert classes(text) == [want]


@given(
    st.sampled_from(
        [QUOTA, LIMIT.format(of="tokens per min (TPM)"), "Request timed out.", "Connection error.", "KeyError: 'x'"]
    )
)
def test_what_a_refusal_quotes_decides_nothing(quoted: str) -> None:
    """A provider's refusal may repeat the evidence that it was sent."""
    message = body(400, f"Invalid prompt: it says {quoted}", "invalid_request_error", "invalid_prompt")
    assert classes(f"ERROR:worker:BadRequestError: {message}") == ["bad_input"]


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_anything_is_read_to_its_end(before: bytes, after: bytes) -> None:
    """Whatever bytes a file holds, it has a diagnosis."""
    diagnosed(before + b"\nERROR:root:KeyError: 'a'\n" + after)


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_text_of_progress_is_no_error(text: str) -> None:
    """A line of progress is none, unless it says that the work failed."""
    line = "".join(text.split()).replace("{", "")[:150]
    if not any(
        word in line.lower()
        for word in ("giv", "gave", "exhaust", "abort", "dead", "retr", "attempt", "permanent", "=")
    ):
        assert classes(f"INFO:worker:processed {line}") == []
