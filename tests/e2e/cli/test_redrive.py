"""`leh-guardian redrive`: plan, run and quarantine, on real queues and with a real daemon."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.ports import ReceivedMessage
from leh_guardian.store import letters
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.installation import alert_queue, client, install
from tests.support.lambda_server import LambdaServer, arn_of
from tests.support.process import Daemon, run_cli, wait_for
from tests.support.rows import letter
from tests.support.sqs_server import SqsServer


@pytest.fixture
def settings(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    """An installation of its own."""
    return install(postgres, aws_server, tmp_path)


class Worker:
    """A worker's queue and its dead-letter queue."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        name = f"worker-{uuid.uuid4().hex[:10]}"
        self.dlq = f"{name}-dlq"
        self.dlq_url = sqs.create_queue(QueueName=self.dlq)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.dlq_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        attributes = {"RedrivePolicy": policy, "VisibilityTimeout": "1"}
        self.name = name
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def die(self, *bodies: str) -> None:
        """Put letters into the dead-letter queue."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.dlq_url, MessageBody=body)

    def bodies(self) -> list[str]:
        """Take everything out of the worker's queue."""
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(message["Body"] for message in found)

    def depth(self) -> int:
        """How many letters can be seen in the dead-letter queue."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.dlq_url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def worker(settings: dict[str, str]) -> Iterator[Worker]:
    """One worker."""
    with client("sqs", settings) as sqs:
        yield Worker(sqs)


def test_a_plan_tells_what_would_go_and_what_not(settings: dict[str, str], worker: Worker) -> None:
    """In numbers by error, case and age, as JSON and for people; it needs no database, and the queue is as before."""
    worker.die(
        '{"evidence_id": "ev_1", "case_id": "case_a"}',
        '{"evidence_id": "ev_2", "case_id": "case_b"}',
        "\x1b[31mno json",
    )
    no_database = {name: value for name, value in settings.items() if name != "LEH_DATABASE_URL"} | {
        "AWS_REGION": "ap-northeast-2"
    }
    told = run_cli("redrive", "plan", worker.dlq, "--case", "case_a", "--json", **no_database)
    assert told.returncode == 0, told.stderr
    plan = json.loads(told.stdout)
    assert (plan["source"], plan["destination"]) == (worker.dlq, worker.name)
    assert (plan["messages"], plan["looked_at"], plan["selected"]) == (3, 3, 1)
    assert plan["skipped"] == {"of another case": 2}
    assert plan["errors"] == {"unknown": 3}
    assert plan["cases"] == {"case_a": 1, "case_b": 1, "unknown": 1}
    assert worker.depth() == 3
    shown = run_cli("redrive", "plan", worker.dlq, **no_database)
    assert "3건" in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["plan", "no-such-queue-at-all"], 1, "does not exist"),
        (["plan", "https://sqs/x"], 2, "URLs are not taken"),
        (["plan", "q", "--where", "body.["], 2, "JMESPath"),
        (["plan", "q", "--older-than", "soon"], 2, "duration"),
        (["run", "q", "--rate", "0"], 2, "greater than 0"),
        (["quarantine", "release", "zz"], 78, "no leh_guardian schema yet"),
    ],
)
def test_mistakes_are_told(settings: dict[str, str], arguments: list[str], code: int, said: str) -> None:
    """One message, the documented exit code, no traceback."""
    ended = run_cli("redrive", *arguments, **settings)
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_run_is_the_daemons_and_what_dies_again_is_kept_and_released(
    settings: dict[str, str], worker: Worker, tmp_path: Path
) -> None:
    """Planned by the command, run by the daemon; a letter that dies each time is listed, and goes back at a person's word."""
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        for _ in range(3):
            worker.die("poison")
            ended = run_cli("redrive", "run", worker.dlq, "--canary", "0", "--reason", "시험", "--json", **settings)
            assert ended.returncode == 0, ended.stderr
            assert json.loads(ended.stdout)["outcome"]["facts"]["moved"] == 1
            assert worker.bodies() == ["poison"]
        worker.die("poison", "good")
        ended = run_cli("redrive", "run", worker.dlq, "--canary", "0", **settings)
        assert ended.returncode == 0, ended.stderr
        assert "quarantine" in ended.stdout
        assert (worker.bodies(), worker.depth()) == (["good"], 0)
        [kept] = [
            json.loads(line)
            for line in run_cli("redrive", "quarantine", "list", "--json", **settings).stdout.splitlines()
        ]
        assert (kept["queue"], kept["redrives"], kept["status"]) == (worker.dlq, 3, "kept")
        assert worker.dlq in run_cli("redrive", "quarantine", "list", **settings).stdout
        released = run_cli("redrive", "quarantine", "release", kept["id"], **settings)
        assert released.returncode == 0, released.stderr
        assert worker.bodies() == ["poison"]
        assert run_cli("redrive", "quarantine", "release", kept["id"], **settings).returncode == 1
        assert run_cli("redrive", "quarantine", "list", "--json", **settings).stdout == ""
        incident = json.loads(run_cli("incidents", "list", "--all", "--json", **settings).stdout.splitlines()[-1])
        assert (incident["rule"], incident["status"]) == ("guardian.by_hand", "resolved")
        shown = run_cli("incidents", "show", incident["id"], **settings).stdout
        assert "시험" in shown


def test_a_run_waits_for_a_daemon_and_is_not_started_twice(
    settings: dict[str, str], worker: Worker, tmp_path: Path
) -> None:
    """Without a daemon it is written down; a second one for the same queue is refused; the switch holds it; the limit, too."""
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        assert run_cli("mode", "set", "off", "--reason", "x", **settings).returncode == 0
        worker.die("a", "b")
        assert run_cli("redrive", "run", worker.dlq, "--no-wait", "--limit", "1", **settings).returncode == 0
        again = run_cli("redrive", "run", worker.dlq, "--no-wait", **settings)
        assert again.returncode == 1
        assert "이미" in again.stderr
        assert worker.depth() == 2
        assert run_cli("mode", "set", "act", "--reason", "x", **settings).returncode == 0

        def failed() -> Any:
            lines = run_cli("actions", "list", "--json", **settings).stdout.splitlines()
            return [a for a in map(json.loads, lines) if a["handler"] == "dlq_redrive" and a["status"] == "failed"]

        [action] = wait_for(failed)
        assert "limit is 1" in action["outcome"]["summary"]
        assert worker.depth() == 2


def test_what_lambda_put_there_goes_to_its_function(settings: dict[str, str], tmp_path: Path) -> None:
    """Planned, run by the daemon and released from quarantine by name; without the name a plan says what to do."""
    context = {"functionArn": f"{arn_of('leh-ai-worker')}:$LATEST", "condition": "RetriesExhausted"}
    record = json.dumps({"requestContext": context, "requestPayload": {"case_id": "case_a"}, "responsePayload": {}})
    with LambdaServer() as functions, SqsServer() as sqs:
        settings |= {"AWS_ENDPOINT_URL_LAMBDA": functions.url, "AWS_ENDPOINT_URL_SQS": sqs.url}
        functions.make_function("leh-ai-worker")
        sqs.make_queue(settings["LEH_QUEUE__ALERTS"])
        queue, dlq = sqs.make_pair("worker")
        sqs.put(dlq, [record])
        named = ["--function", "leh-ai-worker"]
        with Daemon(tmp_path / "log", **settings) as daemon:
            wait_for(lambda: daemon.get("/readyz")[0] == 200)
            sqs.tune(longest_wait=0.01)
            plan = json.loads(run_cli("redrive", "plan", dlq, "--json", **settings).stdout)
            [(why, count)] = plan["skipped"].items()
            assert ("name its `function`" in why, count, plan["selected"]) == (True, 1, 0)
            plan = json.loads(run_cli("redrive", "plan", dlq, *named, "--json", **settings).stdout)
            assert (plan["destination"], plan["selected"]) == ("function leh-ai-worker", 1)
            ended = run_cli("redrive", "run", dlq, *named, "--canary", "0", "--provider", "none", **settings)
            assert ended.returncode == 0, ended.stderr
            assert functions.payloads() == [b'{"case_id":"case_a"}']
        anyio.run(_keep, settings["LEH_DATABASE_URL"], dlq, ReceivedMessage("m-1", "", record.encode()))
        release = ("redrive", "quarantine", "release", str(letters.kept_id(_arn(dlq), "m-1")))
        refused = run_cli(*release, **settings)
        assert (refused.returncode, "name its `function`" in refused.stderr) == (1, True)
        assert run_cli(*release, *named, **settings).returncode == 0
        assert len(functions.payloads()) == 2
        assert not sqs.bodies(queue)


def _arn(queue: str) -> str:
    return f"arn:aws:sqs:ap-northeast-2:123456789012:{queue}"


async def _keep(dsn: str, queue: str, message: ReceivedMessage) -> None:
    """Put a letter into quarantine."""
    pool = await Pool.open(dsn, size=1)
    try:
        async with transaction(pool) as tx:
            await letters.keep(tx, _arn(queue), None, [letter(message=message)], await tx.time())
    finally:
        await pool.close()
