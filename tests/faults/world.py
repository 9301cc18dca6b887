"""Owns one world: a database, an SQS server, the outside, the replicas and the load; the one rule: every effect is counted there.

What replicas do is watched at the instants that matter: before a delete is applied its alert must be committed (I1), and
before an effect is applied its intent must be (I10).
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leh_guardian.local.postgres import EmbeddedPostgres
from tests.faults.load import RULES, Load, Redrive
from tests.faults.outside import OutsideWorld
from tests.faults.replicas import Replica
from tests.faults.sizes import RARER
from tests.faults.truth import Away, Truth
from tests.support.forks import ForkServer, Spawner
from tests.support.process import wait_for
from tests.support.sqs_server import SqsServer

ALERTS = "alerts"
BURIED = "alerts-dlq"
VISIBILITY = 5
HEAL_SECONDS = 300.0
"""How long everything may take to be settled once the faults are over (I3)."""
_BUSY = "select count(*) from actions where status in ('scheduled', 'running', 'waiting', 'proposed')"
_OPEN = "select dedup_key from incidents where status <> 'resolved' and dedup_key = any($1::text[])"


@dataclass
class Watched:
    """What was seen at the hooks."""

    deletes: int = 0
    early_deletes: list[str] = field(default_factory=list)
    """Bodies that were deleted while they were not committed (I1)."""
    later: list[str] = field(default_factory=list)
    """Bodies whose delete came while the database could not be asked: looked at in the end."""
    effects: int = 0
    unmeant: list[str] = field(default_factory=list)
    """Effects without an earlier committed intent (I10)."""
    unasked: list[str] = field(default_factory=list)
    """Actions whose effect came while the database could not be asked."""


@dataclass
class World:
    """Everything of one scenario."""

    folder: Path
    postgres: EmbeddedPostgres
    database: str
    seed: int
    truth: Truth
    sqs: SqsServer
    outside: OutsideWorld
    forks: ForkServer
    load: Load
    settings: Mapping[str, str] = field(default_factory=dict)
    watched: Watched = field(default_factory=Watched)
    replicas: list[Replica] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    """What replicas answered to /status and /metrics."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.sqs.make_queue(BURIED)
        policy = (
            f'{{"deadLetterTargetArn": "arn:aws:sqs:ap-northeast-2:123456789012:{BURIED}", "maxReceiveCount": 100}}'
        )
        self.sqs.make_queue(ALERTS, RedrivePolicy=policy)
        self.sqs.on_delete = self._on_delete
        self.outside.before = self._on_effect
        self.proxied_dsn: str | None = None

    def replica(self, spawner: Spawner | None = None, *, url: str = "", **more: str) -> Replica:
        """Add a replica and start it; `url` is where it answers, if its log cannot tell."""
        name = f"replica-{len(self.replicas) + 1}"
        replica = Replica(spawner or self.forks, name, self.folder, self.environment)
        replica.fixed_url = url
        self.replicas.append(replica)
        replica.start(**more)
        return replica

    def environment(self, name: str) -> dict[str, str]:
        """Return the settings of the replica `name`; its AWS key is its name, so that the ledger knows who did what."""
        hook = "LEH_NOTIFY__CHANNELS__HOOK"
        return {
            **self.sqs.environment(name),
            "AWS_EC2_METADATA_DISABLED": "true",
            "LEH_DATABASE_URL": self.proxied_dsn or self.postgres.dsn(self.database),
            "LEH_QUEUE__ALERTS": ALERTS,
            "LEH_QUEUE__WAIT": "5",
            "LEH_QUEUE__POLLERS": "2",
            "LEH_QUEUE__VISIBILITY": str(VISIBILITY),
            "LEH_RULES__DIR": str(self.folder / "rules"),
            "LEH_HTTP__PORT": "0",
            "LEH_INCIDENTS__RESOLVE_HOLD": "500ms",
            "LEH_LOG__FORMAT": "json",
            f"{hook}__URL": f"{self.outside.url}/notice",
            f"{hook}__SECRET_FILE": str(self.folder / "secret"),
            "LEH_NOTIFY__CHANNEL": "hook",
            "GUARDIAN_TEST_OUTSIDE": self.outside.url,
            **self.settings,
        }

    def go_through(self, port: int) -> None:
        """Let replicas reach PostgreSQL through a proxy at `port`; for those that start from now on."""
        self.proxied_dsn = self.postgres.dsn(self.database).replace(f":{self.postgres.port}/", f":{port}/")

    def keep_alive(self) -> None:
        """Start again what is not running, as a service manager does."""
        for replica in self.replicas:
            if replica.pid is None:
                replica.start()

    def heal(self) -> None:
        """End every fault of SQS and the receivers, and see to it that every replica runs."""
        for server in (self.sqs, self.outside):
            server.faults.off()
            server.let_go()
        self.keep_alive()

    def put(self, bodies: Sequence[str]) -> None:
        """Send alerts."""
        self.load.sent.puts += len(bodies)
        self.sqs.put(ALERTS, bodies)

    def portion(self, **counts: int) -> None:
        """Send a portion of alerts."""
        self.put(self.load.portion(**counts))

    def uploads(self, **counts: int) -> None:
        """Send uploads."""
        self.put(self.load.uploads(**counts))

    def redrive(self, messages: int) -> str:
        """Fill a new dead-letter queue and send its alarm; returns the alarm's name."""
        number = len(self.load.sent.redrives) + 1
        queue, dlq = self.sqs.make_pair(f"work-{number}", visibility=600)
        bodies = tuple(f"job {number}-{n}" for n in range(messages))
        self.sqs.put(dlq, bodies)
        self.put(self.load.redrive(Redrive(queue, dlq, bodies)))
        return f"redrive-{number}"

    @contextmanager
    def busy(self, seconds: float, *, uploads: int = 0, **counts: int) -> Iterator[None]:
        """Send a portion every `seconds` meanwhile (`make test`: more rarely), with a dead-letter queue now and then."""
        over = threading.Event()

        def feed() -> None:
            turn = 0
            while not over.wait(seconds * RARER):
                self.portion(**counts)
                self.uploads(missed=uploads, followed=uploads)
                if turn % round(8 / RARER) == 0:
                    self.redrive(20)
                turn += 1

        feeder = threading.Thread(target=feed, name="load")
        feeder.start()
        try:
            yield
        finally:
            over.set()
            feeder.join()

    def look(self) -> None:
        """Keep what replicas say of themselves, to be searched for secrets."""
        for replica in self.replicas:
            if replica.pid is not None:
                self.pages += [replica.get(path)[1] for path in ("/status", "/metrics")]

    def undeleted(self) -> list[str]:
        """Return the events that are still in the alert queue."""
        gone = {"deleted", "moved"}
        return [
            e["body"] for e in self.sqs.ledger(ALERTS) if e["state"] not in gone and e["body"] in self.load.sent.events
        ]

    def unsettled(self) -> dict[str, Any]:
        """Return what is not settled yet; nothing, when all is."""
        try:
            left = {
                "alerts": len(self.undeleted()),
                "actions": self.truth.value(_BUSY),
                "expected": self.truth.value("select count(*) from expectations where due_at is not null"),
                "open": [row[0] for row in self.truth.rows(_OPEN, sorted(self.load.sent.resolved))],
            }
        except Away as error:
            return {"store": str(error)}
        return {name: value for name, value in left.items() if value}

    def settle(self, seconds: float = HEAL_SECONDS) -> dict[str, Any]:
        """Wait until all is settled and the drained queues' OKs are, too; returns what is not settled after `seconds`."""
        try:
            wait_for(self._settled, seconds, pause=0.4)
            self.put(self.load.drained(self._is_empty))
            wait_for(self._settled, seconds, pause=0.4)
        except AssertionError:
            return self.unsettled()
        return {}

    def _is_empty(self, queue: str) -> bool:
        return all(entry["state"] == "deleted" for entry in self.sqs.ledger(queue))

    def _settled(self) -> bool:
        self.keep_alive()
        return not self.unsettled()

    async def _on_delete(self, queue: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Look whether what is about to be deleted is committed."""
        if queue != ALERTS:
            return
        bodies = {entry["body"] for entry in entries}
        self.watched.deletes += len(bodies)
        try:
            rows = await self.truth.ask(
                "select body from event_log where body = any($1::bytea[])", [body.encode() for body in bodies]
            )
        except Away:
            self.watched.later += bodies
            return
        self.watched.early_deletes += bodies - {row[0].decode() for row in rows}

    async def _on_effect(self, what: str, action: str) -> None:
        """Look whether the effect's action is stored and its attempt is journalled."""
        self.watched.effects += 1
        try:
            rows = await self.truth.ask(_INTENT, uuid.UUID(action))
        except Away:
            self.watched.unasked.append(action)
            return
        if not rows:
            self.watched.unmeant.append(f"{what} {action}")


_INTENT = (
    "select 1 from actions a where a.id = $1 and a.attempt > 0"
    " and exists (select 1 from journal j where j.action_id = a.id and j.kind = 'attempt.started')"
)


@contextmanager
def world(
    folder: Path, postgres: EmbeddedPostgres, forks: ForkServer, *, seed: int = 1, **settings: str
) -> Iterator[World]:
    """Make a world; its replicas are killed at the end, whatever happens."""
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "secret").write_text("0123456789abcdef0123456789abcdef")
    database = f"world_{uuid.uuid4().hex[:12]}"
    postgres.create_database(database)
    with ExitStack() as stack:
        truth = stack.enter_context(Truth(postgres.dsn(database)))
        sqs = stack.enter_context(SqsServer(seed=seed))
        outside = stack.enter_context(OutsideWorld())
        made = World(folder, postgres, database, seed, truth, sqs, outside, forks, Load(seed), settings)
        try:
            yield made
        finally:
            for replica in made.replicas:
                replica.kill()
