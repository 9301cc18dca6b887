"""The diagnosis of the worker through the real adapters: what is read of log, letters, function and page, and what is lost of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.adapters.sqs import SqsQueues
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.context import Capabilities
from leh_guardian.errors import HandlerError, NotFound, Throttled
from leh_guardian.handlers.await_provider import ShareParams
from leh_guardian.handlers.diagnose_worker import DiagnoseWorkerParams, diagnose_worker
from leh_guardian.model.outcome import Done
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.signatures import TableInUse, check_signatures
from tests.support.attempt import attempt
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.sqs_server import SqsServer
from tests.support.worker_outside import FUNCTION, LOGS, PAGE, REGION, WorkerOutside

GROUP, DLQ = "/aws/lambda/leh-ai-worker", "worker-dlq"
ALL = {"function": "leh-ai-worker", "queue": DLQ, "provider": "openai"}
REQUEST = "00000000-0000-4000-8000-{:012d}"
CLOCK = FakeClock()
NOW = CLOCK.now().timestamp()


@pytest.fixture
def outside() -> Iterator[WorkerOutside]:
    """Log, function and page."""
    with WorkerOutside() as opened:
        opened.log(GROUP)
        opened.deploy("leh-ai-worker")
        yield opened


@pytest.fixture
def sqs() -> Iterator[SqsServer]:
    """The queues."""
    with SqsServer() as opened:
        opened.tune(longest_wait=0.01)
        opened.make_pair("worker")
        yield opened


@pytest.fixture
async def can(outside: WorkerOutside, sqs: SqsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Capabilities]:
    """The real adapters."""
    for name, value in (outside.environment() | {"AWS_ENDPOINT_URL_SQS": sqs.url}).items():
        monkeypatch.setenv(name, value)
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(open_aws(REGION))
        page = HttpStatusPage(await stack.enter_async_context(status_session()), outside.url, ["Responses"], CLOCK)
        yield Capabilities(
            queues=SqsQueues(aws, await aws.client("sqs")),
            channels={},
            letters=None,  # type: ignore[arg-type]
            pages={"openai": page},
            logs=CloudWatchLogs(aws, await aws.client("logs")),
            functions=LambdaFunctions(aws, await aws.client("lambda")),
        )


async def look(can: Capabilities, *, number: int = 3, dry_run: bool = False, **params: Any) -> dict[str, Any]:
    """Diagnose once, as the attempt `number`; returns the facts."""
    context = replace(attempt(can, clock=CLOCK, dry_run=dry_run), attempt=number)
    outcome = await diagnose_worker(context, DiagnoseWorkerParams(**params))
    assert isinstance(outcome, Done)
    assert len(json.dumps(outcome.facts)) < 16_000
    return dict(outcome.facts)


def job(n: int, *said: str, ago: float = 300.0, case: str = "") -> list[tuple[float, str]]:
    """What an invocation writes."""
    request = REQUEST.format(n)
    case = case or f"case_{n}"
    begun = f"[INFO]\t2026-11-22T17:59:00.000Z\t{request}\tcases/{case}/raw/ev_{n:x}_녹취록.m4a"
    lines = [f"START RequestId: {request} Version: 12", begun, *said, f"REPORT RequestId: {request}\tDuration: 9 ms"]
    return [(NOW - ago + place / 1000, line) for place, line in enumerate(lines)]


def error(n: int, exception: str) -> str:
    """A logged exception with its traceback."""
    trace = f'Traceback (most recent call last):\n  File "/var/task/app.py", line 3, in f\n    x()\n{exception}'
    return f"[ERROR]\t2026-11-22T17:59:00.000Z\t{REQUEST.format(n)}\tfailed\n{trace}"


def timeouts(outside: WorkerOutside, failed: int, done: int = 0, ago: float = 300.0) -> None:
    """Jobs that OpenAI did not answer, and jobs that were done."""
    for n in range(failed + done):
        said = [error(n, "openai.APITimeoutError: Request timed out.")] if n < failed else []
        outside.log(GROUP, *job(n, *said, ago=ago), stream=f"2026/11/22/[12]{n % 4}")


def dead(sqs: SqsServer, count: int, message: str, kind: str = "") -> None:
    """Letters that Lambda's on-failure destination wrote."""
    context = {"requestId": "r", "functionArn": "arn", "condition": "RetriesExhausted"}
    answer = {"errorType": kind, "errorMessage": message}
    sqs.put(
        DLQ,
        [
            json.dumps(
                {
                    "requestContext": context,
                    "requestPayload": {"case_id": f"case_{n % 3}", "evidence_id": f"ev_{n:x}"},
                    "responsePayload": answer,
                }
            )
            for n in range(count)
        ],
    )


async def test_an_outage(can: Capabilities, outside: WorkerOutside, sqs: SqsServer) -> None:
    """Log, letters and page say the same; what follows in the rule can take the shares as they are."""
    timeouts(outside, 12, done=6)
    dead(sqs, 4, "Request timed out.", "openai.APITimeoutError")
    outside.status = "full_outage"
    facts = await look(can, **ALL)
    assert (facts["verdict"], facts["confidence"], facts["incomplete"]) == ("external_outage", 0.95, {})
    assert facts["signatures"] == {"openai-timeout": 12}
    share = ShareParams(**facts["share"])
    assert (share.attempts, share.external, share.cases, share.signatures) == (18, 12, 12, 1)
    assert facts["concentration"]["everywhere"]
    assert facts["provider"]["affected"] == ["Responses"]
    log = {name: facts["log"][name] for name in ("group", "errors", "attempts", "failed", "verdict")}
    assert log == {"group": GROUP, "errors": 12, "attempts": 18, "failed": 12, "verdict": "external_outage"}
    assert facts["deployment"]["version"] == "$LATEST"
    assert facts["dlq"]["depth"] == 4
    assert facts["dlq"]["signatures"] == {"openai-timeout": 4}
    assert len(facts["evidence"]) == 10
    assert facts["evidence"][:4] == ["ev_0", "ev_1", "ev_2", "ev_3"]


async def test_letters_are_given_back(can: Capabilities, sqs: SqsServer) -> None:
    """All that was looked at is visible again, also beyond what is looked at; a dry run does not even look."""
    dead(sqs, 30, "'case_id'", "KeyError")
    facts = await look(can, **ALL, letters=10)
    assert (facts["verdict"], facts["dlq"]["looked_at"], facts["dlq"]["telling"]) == ("code_bug", 10, 10)
    assert "the first 10 of about 30" in facts["incomplete"]["dlq"]
    assert sqs.counts(DLQ)["ready"] == 30
    before = sqs.faults.hits["ReceiveMessage"]
    assert (await look(can, **ALL, dry_run=True))["dlq"] == {"queue": DLQ, "depth": 30, "in_flight": 0}
    assert (await look(can, **ALL, letters=0))["dlq"] == {"queue": DLQ, "depth": 30, "in_flight": 0}
    assert sqs.faults.hits["ReceiveMessage"] == before


async def test_a_queue_that_moves_what_is_received(can: Capabilities, sqs: SqsServer) -> None:
    """Where the queue has a redrive policy of its own, a look could send a letter on: there is none."""
    sqs.put("worker", ["a"])
    facts = await look(can, queue="worker")
    assert "a redrive policy of its own" in facts["incomplete"]["dlq"]
    assert not sqs.faults.hits["ReceiveMessage"]


async def test_an_error_that_came_with_a_deployment(can: Capabilities, outside: WorkerOutside) -> None:
    """What nobody knows, in many cases since the newest version: our code, and the wait for a provider hears it as well."""
    outside.deploy("leh-ai-worker", alias="prod", version="13", at="2026-11-22T17:55:00.000+0000")
    deployed = 300.0
    for n in range(3):
        outside.log(GROUP, *job(n, ago=deployed + 60 - n))
    for n in range(10, 16):
        outside.log(GROUP, *job(n, error(n, "worker.errors.PipelineError: step four"), ago=deployed - n))
    facts = await look(can, function="leh-ai-worker:prod")
    assert facts["verdict"] == "code_bug"
    assert facts["share"]["since_deployment"] is True
    assert facts["deployment"]["modified_at"] == "2026-11-22T17:55:00+00:00"


async def test_only_the_window_is_read(can: Capabilities, outside: WorkerOutside) -> None:
    """Before now and before the incident opened, but no more than two hours back for an incident of yesterday."""
    timeouts(outside, 5, ago=3600)
    assert (await look(can))["verdict"] == "unknown"
    assert (await look(can, window=timedelta(hours=2)))["log"]["failed"] == 5
    old = attempt(can, clock=CLOCK)
    old = replace(old, incident={**old.incident, "began_at": "2026-11-20T00:00:00+00:00"})
    outcome = await diagnose_worker(old, DiagnoseWorkerParams())
    assert isinstance(outcome, Done)
    assert outcome.facts["log"]["since"] == "2026-11-22T15:45:00+00:00"


async def test_the_newest_of_a_large_log_is_read(can: Capabilities, outside: WorkerOutside) -> None:
    """What is too much does not hide the present, and that it was too much is told."""
    for n in range(60):
        outside.log(GROUP, *job(n, "x" * 1000, ago=850))
    outside.log(GROUP, *job(99, error(99, "KeyError: 'case_id'"), ago=30))
    facts = await look(can, max_bytes=20_000)
    assert facts["signatures"] == {"code-python": 1}
    assert "more than 20000 bytes" in facts["incomplete"]["log"]


async def test_an_operators_signature(can: Capabilities, outside: WorkerOutside) -> None:
    """The table that the daemon runs with decides, for the log and for letters."""
    row = b"""version: 1
signatures:
  - {id: step-four, verdict: config, pattern: {exception: [PipelineError]}}
"""
    own = RuleSet("", (), check_signatures(row, "signatures.yaml").signatures)
    for n in range(4):
        outside.log(GROUP, *job(n, error(n, "worker.errors.PipelineError: step four")))
    assert (await look(can))["verdict"] == "unknown"
    assert (await look(replace(can, signatures=TableInUse(lambda: own))))["verdict"] == "config"


@pytest.mark.parametrize(
    ("operation", "lost"), [(LOGS, "log"), (FUNCTION, "deployment"), (PAGE, "provider"), ("GetQueueUrl", "dlq")]
)
@pytest.mark.parametrize("fault", [refuse(400, "AccessDeniedException"), refuse(400, "ThrottlingException")])
async def test_one_that_fails_loses_none_of_the_others(
    can: Capabilities, outside: WorkerOutside, sqs: SqsServer, operation: str, lost: str, fault: Any
) -> None:
    """It is named, with the reason, and the verdict rests on the rest."""
    for n in range(9):
        outside.log(GROUP, *job(n, error(n, "KeyError: 'case_id'")))
    dead(sqs, 9, "'case_id'", "KeyError")
    (sqs if operation == "GetQueueUrl" else outside).faults.always(operation, fault)
    facts = await look(can, number=1, **ALL)
    assert facts["verdict"] == "code_bug"
    assert list(facts["incomplete"]) == [lost]
    assert (facts["log"] is None, facts["dlq"] is None) == (lost == "log", lost == "dlq")


@pytest.mark.parametrize(
    ("fault", "code"), [(NotFound, "ResourceNotFoundException"), (Throttled, "ThrottlingException")]
)
async def test_without_log_and_letters_it_fails(
    can: Capabilities, outside: WorkerOutside, sqs: SqsServer, fault: type[HandlerError], code: str
) -> None:
    """A page alone is no diagnosis; of two reasons the one that may pass is told, so that it is tried again."""
    outside.faults.always(LOGS, refuse(400, code))
    with pytest.raises(fault):
        await look(can, provider="openai")
    sqs.faults.always("GetQueueUrl", refuse(400, "AccessDenied"))
    with pytest.raises(fault):
        await look(can, **ALL)


async def test_what_may_be_readable_soon_is_waited_for(
    can: Capabilities, outside: WorkerOutside, sqs: SqsServer
) -> None:
    """Letters that say nothing decide nothing: a log that is throttled is tried twice more before that is the answer."""
    sqs.put(DLQ, ["{}"])
    outside.faults.always(LOGS, refuse(400, "ThrottlingException"))
    for number in (1, 2):
        with pytest.raises(Throttled):
            await look(can, number=number, queue=DLQ)
    facts = await look(can, queue=DLQ)
    assert (facts["verdict"], facts["share"]) == ("unknown", None)


async def test_hostile_content(can: Capabilities, outside: WorkerOutside, sqs: SqsServer) -> None:
    """Whatever a file's name or a letter holds: nothing secret, nothing long and no control sign comes out."""
    evil = "900101-1234567 sk-abcdefghijklmnopqrstuvwxyz \x1b[31m\u202e\x00 AKIAABCDEFGHIJKLMNOP ${event} ' or 1=1 --"
    for n in range(40):
        outside.log(
            GROUP, *job(n, error(n, f"worker.Odd{n}Error: {evil * 50}"), case=f"sk-abcdefghijklmnopqrstuvw{n:02d}")
        )
    dead(sqs, 20, evil * 5, "E" * 5000)
    sqs.put(DLQ, [evil, '{"evidence_id": "../../etc", "case_id": "a b"}'])
    facts = await look(can, **ALL)
    told = json.dumps(facts, ensure_ascii=False)
    for secret in ("1234567", "sk-abc", "AKIAABC", "\x1b", "\u202e", "\x00", "../"):
        assert secret not in told, told[max(0, told.find(secret) - 200) : told.find(secret) + 100]
    assert facts["cases"] == ["case_0", "case_1", "case_2"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"log_group": "arn:aws:logs:ap-northeast-2:1:log-group:x"},
        {"log_group": ""},
        {"function": "a b"},
        {"queue": "https://sqs/x"},
        {"window": timedelta(seconds=1)},
        {"provider": "opensearch"},
        {"letters": -1},
        {"max_bytes": 1},
    ],
)
def test_params_that_mean_nothing(wrong: dict[str, Any]) -> None:
    """Of another account, none at all, or too little to say anything."""
    with pytest.raises(ValidationError):
        DiagnoseWorkerParams(**wrong)
