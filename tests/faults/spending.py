"""Owns what surrounds guardian and the workers where work costs; the one rule: what matters is written down where it passes.

Calls at the provider, writes into the breaker table at the front of DynamoDB, messages in the queue's ledger: the verdict
(spent.py) reads these, and not what guardian says of itself.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer

from tests.faults.ai_worker import Order
from tests.faults.replicas import Replica
from tests.faults.sizes import LONG
from tests.faults.spending_outside import Bus, DynamoFront, Paid, Provider, delivered
from tests.faults.stage import Stage
from tests.faults.world import ALERTS, World
from tests.support.gate_tables import Tables
from tests.support.installation import client
from tests.support.leh_product import make_product
from tests.support.sqs_server import ACCOUNT, REGION

RULES: Final = Path(__file__).parents[2] / "rules"
CACHE: Final = 5.0 if LONG else 1.0
"""Seconds for which workers believe a circuit."""
SETTLE: Final = CACHE + (11.0 if LONG else 1.0)
"""Seconds that workers are given before parked work goes back; as shipped, where they believe for as long as they really do."""
LEASE: Final = SETTLE + 4.0
"""Seconds of a trial."""
VISIBILITY: Final = 6
"""Seconds for which a message is hidden that a worker has taken: two pieces, on a busy machine."""
ALLOWANCE: Final = 200_000
"""Tokens of a trial; as shipped."""
CALL: Final = 80_000
"""Tokens of a call."""
MODEL: Final = "gpt-4o-mini"
DEAR: Final = "gpt-4-turbo"
_LITTLE: Final = 500
"""Tokens of a call of a small piece of work."""
_RETRY: Final = "retry: {attempts: 50, backoff: 500ms}"
_FEED: Final = 0.8
"""Seconds between the first two of those of a case."""
_RARER: Final = 1.05
"""By how much each of them comes later than the one before: a hundred seconds are forty of them."""
_LOOK: Final = 0.5
"""Seconds between two looks of a reader of the breaker table."""
_BINDER: Final = ("준비서면", "진술서", "녹취록", "사실조회 회신", "계약서", "영수증", "통장사본", "등기부등본")


@dataclass
class Service:
    """LEH where its work costs."""

    world: World
    tables: Tables
    front: DynamoFront
    bus: Bus
    provider: Provider
    dynamo: Any
    s3: Any
    product: Any
    queue: str
    dlq: str
    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    """{case: {evidence: the message's body}}."""
    told: list[Paid] = field(default_factory=list)
    """Use that guardian has heard of, and nobody has paid for."""
    workers: list[Replica] = field(default_factory=list)
    seen: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """{circuit: (when, version) as a reader met them}."""

    def worker(self, *, kill: str = "") -> Replica:
        """Add a worker and start it."""
        name = f"worker-{len(self.workers) + 1}"
        made = Replica(self.world.forks, name, self.world.folder, lambda _: self._environment())
        self.workers.append(made)
        made.start(**self.order(kill).environment())
        return made

    def order(self, kill: str = "") -> Order:
        """Return what a worker is told."""
        url = f"{self.world.sqs.url}/{ACCOUNT}/{self.queue}"
        names = self.tables.breaker, self.tables.parked, self.evidence
        return Order(self.queue, url, self.provider.url, *names, CACHE, kill=kill)

    def _environment(self) -> dict[str, str]:
        return {**self.world.environment("worker"), "AWS_ENDPOINT_URL_EVENTBRIDGE": self.bus.url}

    @property
    def evidence(self) -> str:
        """The table of evidence."""
        return f"evidence-{self.tables.parked}"

    @property
    def bucket(self) -> str:
        """Where uploads are."""
        return f"uploads-{self.tables.parked}"

    def lawyer_uploads(self, case: str) -> None:
        """Let a lawyer of two years upload a binder, and look at it."""
        for number, name in enumerate(_BINDER):
            self._put(case, f"ev_b{number}_{name}.pdf", f"{name} {number}")
        lines = [("UPLOAD", f"ev_b{number}", "1 minute") for number in range(len(_BINDER))]
        lines += [("VIEW", f"ev_b{number}", "1 minute") for number in range(len(_BINDER))]
        self._log("user_1", [*lines, *(("VIEW", case, f"{number + 2} days") for number in range(len(_BINDER)))])

    def attacker_uploads(self, case: str) -> None:
        """Let an account of an hour upload one content again and again."""
        for number in range(40):
            self._put(case, f"ev_{number % 3}_x8f3c9a1.exe", "MZ")
        self._log("user_new", [("UPLOAD", f"ev_{number}", "1 minute") for number in range(3)])

    def _put(self, case: str, name: str, body: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"cases/{case}/raw/{name}", Body=body.encode())

    def _log(self, user: str, lines: Sequence[tuple[str, str, str]]) -> None:
        sql = "insert into audit_logs (user_id, action, object_id, timestamp) values ($1, $2, $3, now() - $4::text::interval)"

        async def write() -> None:
            for action, of, ago in lines:
                await self.product.do(sql, user, action, of, ago)

        asyncio.run(write())

    def send(self, case: str, count: int, *, calls: int = 2, tokens: int = CALL, model: str = MODEL) -> None:
        """Send pieces of work of a case to the workers."""
        known = self.sent.setdefault(case, {})
        bodies = []
        for _ in range(count):
            evidence = f"ev_{case.removeprefix('case_')}-{len(known)}"
            costs = {"calls": calls, "tokens": tokens, "model": model, "user": f"user_{case}"}
            thing = {"key": f"cases/{case}/raw/{evidence}_a.pdf", "eTag": "e1"}
            known[evidence] = json.dumps({"Records": [{"s3": {"object": thing}, "costs": costs}]})
            bodies.append(known[evidence])
        self.world.sqs.put(self.queue, bodies)

    @contextmanager
    def busy(self, *cases: str) -> Iterator[None]:
        """Send a small piece of each case now and then meanwhile, the longer it takes, the more rarely: all have to go back."""
        over, gap = threading.Event(), _FEED

        def feed() -> None:
            nonlocal gap
            while not over.wait(gap):
                gap *= _RARER
                for case in cases:
                    self.send(case, 1, calls=1, tokens=_LITTLE)

        feeder = threading.Thread(target=feed, name="uploads")
        feeder.start()
        try:
            yield
        finally:
            over.set()
            feeder.join()

    def tell_use(self, case: str, tokens: int, model: str = MODEL) -> None:
        """Let guardian hear that a case has used so much."""
        detail = {"case_id": case, "user_id": f"user_{case}", "model": model, "prompt_tokens": tokens}
        entry = {"Source": "leh.ai-worker", "DetailType": "TokenUsage", "Detail": json.dumps(detail)}
        self.told.append(Paid(time.monotonic(), case, "", tokens, 0))
        self.world.sqs.put(ALERTS, [json.dumps(delivered(entry))])

    def go_away(self, fault: Any, seconds: float) -> None:
        """Let DynamoDB be away for so long."""
        began = time.monotonic()
        self.front.faults.always("*", fault)
        time.sleep(seconds)
        self.front.faults.off()
        self.front.away.append((began, time.monotonic()))

    def circuits(self) -> dict[str, dict[str, Any]]:
        """Return the items of circuits in the breaker table, asked past everything that goes wrong."""
        found = self.dynamo.scan(TableName=self.tables.breaker, ConsistentRead=True)["Items"]
        items = [{name: TypeDeserializer().deserialize(value) for name, value in item.items()} for item in found]
        return {item["pk"]: item for item in items if "state" in item}

    def state(self, key: str) -> str:
        """Return the newest state that the table has taken."""
        return next((one.state for one in reversed(self.front.written) if one.key == key), "closed")

    def done(self) -> set[str]:
        """Return the evidence whose record is finished."""
        found, start = set[str](), {}
        while True:
            page = self.dynamo.scan(TableName=self.evidence, ConsistentRead=True, **start)
            found |= {item["evidence_id"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def parked(self) -> set[str]:
        """Return the evidence that is parked."""
        return {str(item["evidence_id"]) for item in self.tables.items()}

    def waiting(self) -> set[str]:
        """Return the evidence whose message is still in the queue."""
        return {named(e["body"]) for e in self.world.sqs.ledger(self.queue) if e["state"] not in {"deleted", "moved"}}

    def arrived(self, case: str) -> list[str]:
        """Return the evidence of a case as often as its messages came into the queue."""
        came = [named(entry["body"]) for entry in self.world.sqs.ledger(self.queue)]
        return [one for one in came if one in self.sent[case]]

    def dead(self) -> set[str]:
        """Return the evidence whose message has died."""
        return {named(e["body"]) for e in self.world.sqs.ledger(self.dlq)}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read the breaker table all the time meanwhile, as a worker would."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK):
                for key, item in self.circuits().items():
                    self.seen.setdefault(key, []).append((time.monotonic(), int(item["version"])))

        reader = threading.Thread(target=look, name="watcher")
        reader.start()
        try:
            yield
        finally:
            over.set()
            reader.join()


def named(body: str) -> str:
    """Return the evidence that a message is of."""
    key: str = json.loads(body)["Records"][0]["s3"]["object"]["key"]
    return key.split("/")[3].rpartition("_")[0]


def install(folder: Path, queue: str) -> None:
    """Put the shipped rules of scenario C into a rules folder, with the worker's queue in them as docs/spending.md says."""
    for name in ("spend.yaml", "budget.yaml", "oncall.yaml"):
        shutil.copy(RULES / name, folder / name)
    (folder / "rules.yaml").unlink()
    text = (folder / "spend.yaml").read_text(encoding="utf-8")
    # At a pace for a test.
    fast = f"function: leh-ai-worker, queue: {queue}, ramp: false, settle: {SETTLE:g}s, rate: 40"
    text, changed = re.subn(r"function: leh-ai-worker, rate: \d+", fast, text)
    assert changed == 3, "the rules that send work back"
    text = re.sub(r"\n +retry: {.*}", "", text)
    text = re.sub(r"(uses: (?:circuit_breaker|release_parked|upload_analysis))\n", rf"\1\n        {_RETRY}\n", text)
    (folder / "spend.yaml").write_text(text, encoding="utf-8")


@contextmanager
def service(stage: Stage, seed: int) -> Iterator[Service]:
    """Make LEH, its workers' outside, and a world for guardian around it."""
    with ExitStack() as stack:
        dynamo = stack.enter_context(client("dynamodb", stage.aws.environment()))
        s3 = stack.enter_context(client("s3", stage.aws.environment()))
        tables = Tables(dynamo)
        front = stack.enter_context(DynamoFront(stage.aws.url))
        front.table = tables.breaker
        provider = stack.enter_context(Provider())
        database = f"leh_{uuid.uuid4().hex[:10]}"
        stage.durable.create_database(database)
        settings = {
            "AWS_ENDPOINT_URL_DYNAMODB": front.url,
            "AWS_ENDPOINT_URL_S3": stage.aws.url,
            "LEH_BREAKER__TABLE": tables.breaker,
            "LEH_BREAKER__PARKED_TABLE": tables.parked,
            "LEH_BREAKER__ALLOWANCE": str(ALLOWANCE),
            "LEH_BREAKER__COOLDOWN": "60s",
            "LEH_BREAKER__LEASE": f"{LEASE:g}s",
            "LEH_BREAKER__SHARE": "1",
            "LEH_BREAKER__MOST_OPEN": "100",
            "LEH_BREAKER__MOST_OPENED": "100",
            "LEH_PRODUCT_DATABASE_URL": stage.durable.dsn(database),
            "GUARDIAN_TEST_USUAL": "1",
            # What comes ends a poll at once: short ones only cost CPU.
            "LEH_QUEUE__WAIT": "10",
        }
        world = stack.enter_context(stage.world(seed=seed, **settings))
        bus = stack.enter_context(Bus(world))
        queue, dlq = world.sqs.make_pair("leh-ai-worker", max_receive=50, visibility=VISIBILITY)
        install(world.folder / "rules", queue)
        product = asyncio.run(_product(stage.durable.dsn(database)))
        made = Service(world, tables, front, bus, provider, dynamo, s3, product, queue, dlq)
        world.settings = {
            **settings,
            "LEH_EVIDENCE__TABLE": made.evidence,
            "LEH_EVIDENCE__BUCKET": made.bucket,
            **{f"LEH_PRODUCT_DATABASE__{name.upper()}": f"{product.schema}.{table}" for name, table in _TABLES},
        }
        tables._make(made.evidence, "evidence_id")
        s3.create_bucket(Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
        try:
            yield made
        finally:
            for each in made.workers:
                each.kill()


_TABLES: Final = (("cases", "cases"), ("audit", "audit_logs"), ("users", "users"))


async def _product(dsn: str) -> Any:
    """Make LEH's own database, with a lawyer of two years and an account of an hour."""
    made = await make_product(dsn, closed=False)
    await made.do(
        "alter table users add status varchar(20) not null default 'ACTIVE',"
        " add created_at timestamptz default now() - interval '2 years'"
    )
    await made.do(
        "insert into users (id, email, role, created_at) values ('user_new', 'new@leh.test', 'LAWYER', now() - interval '1 hour')"
    )
    return made
