"""Owns the intake benchmark: the real daemon beside bare loops; the one rule: each share is of a bare run of the same round.

The daemon is the real process with its real PostgreSQL (fsync on); after each run its database must hold what was sent.
"An incident each" comes twice: as it is (the incidents' actions run meanwhile) and with the actions put off by a cooldown,
which is the intake alone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.benchmarks.clients import DAEMON, POLLERS, aws_environment, bare_loop, canned, daemon_environment
from tests.benchmarks.messages import RULES, body
from tests.benchmarks.processes import child, family_cpu_seconds
from tests.benchmarks.report import spread, table

_PUT_OFF = "insert into rule_keys (rule_id, dedup_key, last_run_at) select 'storm', 'storm-' || n, now() from generate_series(0, $1) n"


@dataclass(frozen=True)
class Sample:
    """One run."""

    rate: float
    """Messages a second, from the first given out to the last delete confirmed."""
    cpu: float
    """CPU microseconds of the client's process for each message."""
    postgres: float = 0.0
    """The same of PostgreSQL."""
    server: float = 0.0
    """The same of the canned server."""
    of_stock: float = 0.0
    """Its rate over that of the round's bare run with the SDK as it comes."""
    of_own: float = 0.0
    """Its rate over that of the round's bare run with the daemon's own client."""


@dataclass
class Case:
    """One line of the table."""

    title: str
    kind: str
    count: int
    incidents: int
    """How many the database must hold afterwards."""
    put_off: bool = False
    samples: list[Sample] = field(default_factory=list)


class Comparison:
    """All rounds."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path, count: int, distinct: int) -> None:
        self._postgres = postgres
        self._folder = folder
        self._count = count
        self._bare: list[Sample] = []
        self._stock: list[Sample] = []
        self._cases = [
            Case("daemon: match nothing", "unmatched", count, 0),
            Case("daemon: one open incident", "storm", count, 1),
            Case("daemon: an incident each, actions put off", "distinct", count, count, put_off=True),
            Case("daemon: an incident each, actions run", "distinct", distinct, distinct),
        ]

    def run(self, rounds: int, long_rounds: int, seconds: float) -> None:
        """Run the short cases `rounds` times and the long ones `long_rounds`, within `seconds`, and print the table."""
        deadline = time.monotonic() + seconds
        self._rounds(self._cases[0], self._cases[1], rounds, deadline)
        self._rounds(self._cases[2], self._cases[3], long_rounds, deadline)
        self._print()

    def _rounds(self, one: Case, other: Case, rounds: int, deadline: float) -> None:
        """Run two cases and the bare loops between them, again and again; no round begins that would end too late."""
        longest = 0.0
        for number in range(rounds):
            start = time.monotonic()
            if number and start + longest > deadline:
                return
            first = self._daemon_run(one)
            stock, bare = self._bare_run(stock=True), self._bare_run()
            second = self._daemon_run(other)
            self._stock.append(stock)
            self._bare.append(bare)
            for case, sample in ((one, first), (other, second)):
                shares = {"of_stock": sample.rate / stock.rate, "of_own": sample.rate / bare.rate}
                case.samples.append(replace(sample, **shares))
            longest = max(longest, time.monotonic() - start)

    def _bare_run(self, *, stock: bool = False) -> Sample:
        return self._measure(
            "unmatched", self._count, lambda url: (bare_loop("alerts", stock=stock), aws_environment(url))
        )

    def _daemon_run(self, case: Case) -> Sample:
        database = f"bench_{uuid.uuid4().hex[:8]}"
        self._postgres.create_database(database)
        dsn = self._postgres.dsn(database)
        anyio.run(_prepare, dsn, case.count if case.put_off else 0)
        rules = self._folder / "rules"
        sample = self._measure(case.kind, case.count, lambda url: (DAEMON, daemon_environment(url, dsn, rules)))
        anyio.run(_verify, dsn, case.count, case.incidents)
        return sample

    def _measure(self, kind: str, count: int, client: Callable[[str], tuple[list[str], dict[str, str]]]) -> Sample:
        postgres = self._postgres.pid or 0
        with canned(kind, count) as server, child(*client(server.url), self._folder) as process:
            process.wait_until(lambda: server.seen().polled, 60)
            time.sleep(0.5)  # what else a start does ends
            before = (process.cpu(), family_cpu_seconds(postgres), server.cpu())
            server.go()
            process.wait_until(lambda: server.seen().deleted >= count, 120)
            after = (process.cpu(), family_cpu_seconds(postgres), server.cpu())
            seen = server.seen()
        spent = [(b - a) / count * 1e6 for a, b in zip(before, after, strict=True)]
        return Sample(count / ((seen.last or 0.0) - (seen.first or 0.0)), *spent)

    def _print(self) -> None:
        distinct = self._cases[-1].count
        print(
            f"\nIntake: {self._count} messages a run ({distinct} where actions run) of {len(body('storm', 0))} bytes,"
            f" {POLLERS} long polls; median (min-max)"
        )
        bare, stock = self._bare, self._stock
        rows = [
            ["bare loop, the SDK as it comes", *_figures(stock), "", ""],
            ["bare loop, the daemon's client", *_figures(bare), "", ""],
            *(
                [
                    case.title,
                    *_figures(case.samples),
                    spread([s.of_stock for s in case.samples], 2),
                    spread([s.of_own for s in case.samples], 2),
                ]
                for case in self._cases
            ),
        ]
        table(["what", "runs", "msg/s", "CPU us/msg", "PostgreSQL us/msg", "of the SDK's", "of its own client's"], rows)
        print(
            f"The canned server itself: {spread([s.server for s in bare])} CPU us/msg. Every database held what was sent."
        )


def _figures(samples: list[Sample]) -> list[str]:
    postgres = [s.postgres for s in samples]
    return [
        str(len(samples)),
        spread([s.rate for s in samples]),
        spread([s.cpu for s in samples]),
        spread(postgres) if max(postgres) > 5 else "-",
    ]


def compare(
    postgres: EmbeddedPostgres,
    folder: Path,
    *,
    count: int,
    distinct: int,
    rounds: int,
    long_rounds: int,
    seconds: float,
) -> None:
    """Print the daemon beside the bare loop."""
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "storm.yaml").write_text(RULES, encoding="utf-8")
    Comparison(postgres, folder, count, distinct).run(rounds, long_rounds, seconds)


async def _prepare(dsn: str, put_off: int) -> None:
    """Make the schema; with `put_off`, every key has just run, so that new actions wait for their cooldown."""
    pool = await Pool.open(dsn, size=1)
    try:
        await migrate(pool)
        async with transaction(pool) as tx:
            if put_off:
                await tx.execute(_PUT_OFF, put_off)
    finally:
        await pool.close()


async def _verify(dsn: str, count: int, incidents: int) -> None:
    """Fail unless every message is in the event log and every match in its incident, once."""
    pool = await Pool.open(dsn, size=1)
    try:
        async with transaction(pool) as tx:
            row = await tx.fetchrow(
                "select (select count(*) from event_log) as logged, (select count(*) from incidents) as incidents,"
                " (select coalesce(sum(event_count), 0) from incidents) as events, (select count(*) from actions) as actions"
            )
    finally:
        await pool.close()
    expected = (count, incidents, count if incidents else 0, incidents)
    assert tuple(int(value) for value in row) == expected, f"the database holds {dict(row)}, not {expected}"
