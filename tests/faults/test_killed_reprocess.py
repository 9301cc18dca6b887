"""kill -9 at every point of a reprocessing, on the real parts: no letter and no piece is lost, and none is asked for twice."""

from __future__ import annotations

import re
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import leh_guardian
from leh_guardian.local.admin_api import Desk, LocalAdminApi, serving
from leh_guardian.local.seed import evidence_id, upload_notification
from tests.faults.sizes import LONG
from tests.faults.stage import Played, Scenario, Stage, scenarios
from tests.faults.truth import Away, Truth
from tests.support.builders import alarm_event
from tests.support.figures import record
from tests.support.installation import alert_queue, client, install
from tests.support.loop_thread import LoopThread
from tests.support.process import Daemon, wait_for

POINTS = sorted(
    name
    for file in (Path(leh_guardian.__file__).parent / "reprocess").glob("*.py")
    for name in set(re.findall(r'failpoint\("(reprocess\.[a-z_]+)"\)', file.read_text(encoding="utf-8")))
)
_PIECES = 6
_TOKEN = "a-token-of-the-admin-api"
_RULE = """
version: 1
rules:
  - id: reprocess
    mode: act
    pattern: {{detail: {{alarmName: [reprocess], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    guards: {{cooldown: 1s}}
    actions:
      - uses: reprocess_evidence
        with: {{source: {queue}, canary: 2, rate: 100, finish_within: 12s, poll: 500ms}}
        retry: {{attempts: 20, backoff: 1s}}
"""
_IN_DOUBT = {"reprocess.asking", "reprocess.asked"}
_LATER = 6.0
"""Seconds that the worker takes for a piece: longer than the next process needs to take over and wonder."""
_FOUND: dict[str, dict[str, int]] = {}


class _Admin(LoopThread):
    """The admin API, whose worker finishes what it is given."""

    def __init__(self, settings: dict[str, str], table: str, *, honours: bool, later: float | None) -> None:
        super().__init__()
        self.desk = Desk(_TOKEN, honours_keys=honours)
        self.finished: Counter[str] = Counter()
        self._settings = settings
        self._table = table
        self._later = later

    async def _open(self) -> None:
        self._serving = serving(LocalAdminApi(self.desk, self._process, later=self._later))
        self.url = (await self._serving.__aenter__()).url

    async def _close(self) -> None:
        await self._serving.__aexit__(None, None, None)

    async def _process(self, evidence: str) -> None:
        def write() -> None:
            with client("dynamodb", self._settings) as dynamo:
                item = {"evidence_id": {"S": evidence}, "status": {"S": "processed"}}
                dynamo.put_item(TableName=self._table, Item=item)

        await self._loop.run_in_executor(None, write)
        self.finished[evidence] += 1


@contextmanager
def _service(settings: dict[str, str], name: str) -> Iterator[str]:
    """Make the table and the dead-letter queue, full; gives the queue's URL."""
    with client("dynamodb", settings) as dynamo, client("sqs", settings) as sqs:
        dynamo.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "evidence_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "evidence_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        for number in range(_PIECES):
            sqs.send_message(QueueUrl=url, MessageBody=upload_notification(number))
        yield url


def _depth(settings: dict[str, str], url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    with client("sqs", settings) as sqs:
        return sum(int(n) for n in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values())


def _action(truth: Truth) -> dict[str, str]:
    """Return status and outcome of the action, empty while there is none."""
    try:
        found = truth.rows("select status, outcome::text from actions where handler = 'reprocess_evidence'")
    except Away:
        return {"status": "", "outcome": ""}
    return dict(found[0]) if found else {"status": "", "outcome": ""}


def killed(point: str, keys: str, stage: Stage) -> None:
    """Killed at a point and started again; with an API that honours keys all is done, without one a person may be asked."""
    settings = install(stage.durable, stage.aws, stage.folder)
    name = f"reprocess-{uuid.uuid4().hex[:10]}"
    (Path(settings["LEH_RULES__DIR"]) / "reprocess.yaml").write_text(_RULE.format(queue=name), encoding="utf-8")
    (stage.folder / "token").write_text(_TOKEN)
    wanted = {evidence_id(number) for number in range(_PIECES)}
    with (
        alert_queue(settings) as send,
        _service(settings, name) as url,
        _Admin(settings, name, honours=keys == "honoured", later=_LATER if point in _IN_DOUBT else None) as admin,
        Truth(settings["LEH_DATABASE_URL"]) as truth,
    ):
        settings |= {
            "LEH_EVIDENCE__TABLE": name,
            "LEH_ADMIN_API__URL": admin.url,
            "LEH_ADMIN_API__TOKEN_FILE": str(stage.folder / "token"),
            "LEH_ADMIN_API__IDEMPOTENT": str(keys == "honoured").lower(),
        }
        send(alarm_event("reprocess"))
        with Daemon(stage.folder / "log", **settings, GUARDIAN_TEST_KILL=f"{point}:1") as daemon:
            assert wait_for(lambda: daemon.code, 60) == -signal.SIGKILL
        with Daemon(stage.folder / "log", **settings):
            ended = {"succeeded", "failed", "needs_human"}
            wait_for(lambda: _action(truth)["status"] in ended and _depth(settings, url) == 0, 90, pause=0.5)
        asked = Counter(admin.desk.effects)
        _FOUND[f"{point} {keys}"] = {"asked": sum(asked.values()), "finished": len(admin.finished)}
        assert max(asked.values(), default=1) == 1
        if keys == "honoured":
            assert set(admin.finished) == wanted
            assert _action(truth)["status"] == "succeeded"
        else:
            # What was not asked for, or may not have been, is named to a person and not tried again.
            missing = wanted - set(admin.finished)
            told = _action(truth)["outcome"]
            assert not missing or _action(truth)["status"] in {"failed", "needs_human"}
            assert all(evidence in told for evidence in missing)


# In small: after the request, and before the letters are gone.
CHOSEN = [
    (point, keys)
    for point in POINTS
    for keys in ("honoured", "ignored")
    if LONG
    or (point, keys)
    in {("reprocess.kept", "honoured"), ("reprocess.asked", "honoured"), ("reprocess.asked", "ignored")}
]


@scenarios(*(partial(killed, point, keys) for point, keys in CHOSEN))
def test_killed_reprocess(scenario: Scenario, played: Played) -> None:
    """Counted at the queue and at the admin API, not in guardian's tables."""
    played(scenario)
    record("faults", "reprocess_kills", {"kills": len(_FOUND), **_sums()})


def _sums() -> dict[str, int]:
    return {name: sum(found[name] for found in _FOUND.values()) for name in ("asked", "finished")}
