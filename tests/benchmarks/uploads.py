"""Owns the figures of the upload verdicts: families tuned on and held out, apart; the one rule: no share without its interval."""

from __future__ import annotations

import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.uploads import UploadLog, judge
from tests.benchmarks.report import spread, table
from tests.support.uploads import attacks, attacks_second, held_attacks, held_legit, legit, legit_second
from tests.support.uploads.evaluation import NOW, Family, judged, rows_of, verdicts, wilson
from tests.support.uploads.traffic import Log

_SETS: Final = {
    "tuned on": ((*legit.FAMILIES, *legit_second.FAMILIES), (*attacks.FAMILIES, *attacks_second.FAMILIES)),
    "held out": (held_legit.FAMILIES, held_attacks.FAMILIES),
}
_SOURCES: Final = {
    "views and log-ins": (),
    "addresses": ("ip", "asn"),
    "user agents": ("user_agent",),
    "digests": ("sha256", "etag"),
    "sizes": ("size",),
    "content types": ("content_type",),
    "statuses": ("status",),
    "account dates": ("account_created_at",),
    "past bulk uploads": ("past_bulk_ok",),
}


def measure_uploads(seeds: int) -> None:
    """Print what becomes of every family, the shares, what a missing source changes, and how long a large log takes."""
    for name, (honest, hostile) in _SETS.items():
        print(f"\nUpload verdicts, families {name}: {seeds} incidents each")
        found = {family: verdicts(family, range(seeds)) for family in (*honest, *hostile)}
        table(
            ("family", "", "attack", "suspicious", "legitimate"),
            [
                (family.__name__, "legitimate" if family in honest else "attack", *_row(found[family]))
                for family in (*honest, *hostile)
            ],
        )
        _shares([found[family] for family in honest], [found[family] for family in hostile])
    _missing(max(2, seeds // 10))
    _speed(3)


def _row(found: Counter[str]) -> tuple[str, str, str]:
    return (str(found["attack"]), str(found["suspicious"]), str(found["legitimate"]))


def _shares(honest: Sequence[Counter[str]], hostile: Sequence[Counter[str]]) -> None:
    good, bad = sum(honest, Counter()), sum(hostile, Counter())
    called = good["attack"] + bad["attack"]
    table(
        ("share", "of", "95 % interval"),
        [
            _share("precision of attack", bad["attack"], called),
            _share("attacks contained (attack or suspicious)", bad.total() - bad["legitimate"], bad.total()),
            _share("attacks called attack", bad["attack"], bad.total()),
            _share("legitimate released", good["legitimate"], good.total()),
            _share("legitimate called attack", good["attack"], good.total()),
        ],
    )


def _share(name: str, hits: int, of: int) -> tuple[str, str, str]:
    low, high = wilson(hits, of)
    return (f"{name}: {hits / of:.3f}" if of else name, f"{hits}/{of}", f"{low:.3f}-{high:.3f}")


def _missing(seeds: int) -> None:
    """Print in how many incidents a missing source changes the verdict: which way, and what attack or release that makes wrong."""
    families = [(family, kind) for sets in _SETS.values() for kind, some in enumerate(sets) for family in some]
    print(f"\nWithout one source, all families, {seeds} incidents each")
    rows = []
    for source, fields in _SOURCES.items():
        changed: Counter[str] = Counter()
        for family, kind in families:
            for seed in range(seeds):
                changed += _change(family, kind, seed, fields)
        share = f"{changed['same']}/{changed['same'] + changed['other']}"
        rows.append((source, share, str(changed["legitimate attacked"]), str(changed["attack released"])))
    table(("source", "same verdict", "legitimate attacked", "attacks released, not before"), rows)


def _change(family: Family, kind: int, seed: int, fields: Sequence[str]) -> Counter[str]:
    rows = rows_of(family, seed)
    before = judged(rows).verdict
    after = judged(_without(rows, fields)).verdict
    found = Counter({"same" if before == after else "other": 1})
    if kind == 0 and after == "attack":
        found["legitimate attacked"] += 1
    if kind == 1 and after == "legitimate" and before != after:
        found["attack released"] += 1
    return found


def _without(rows: Sequence[dict[str, Any]], fields: Sequence[str]) -> list[dict[str, Any]]:
    if not fields:
        return [row for row in rows if row["action"] not in {"view", "login"}]
    return [{name: value for name, value in row.items() if name not in fields} for row in rows]


def _speed(rounds: int) -> None:
    print("\nOne log of 100,000 records, from its bytes to the verdict")
    shapes: dict[str, Callable[[Log], None]] = {"one account": _one_account, "20,000 accounts": _many_accounts}
    rows = []
    for name, make in shapes.items():
        log = Log(random.Random(1))
        make(log)
        log.rng.shuffle(log.rows)
        content = "\n".join(json.dumps(row, ensure_ascii=False) for row in log.rows[:100_000]).encode()
        seconds = []
        for _ in range(rounds):
            began = time.process_time()
            found = judge(UploadLog(io.BytesIO(content)), built_in_upload_signals(), NOW)
            seconds.append(time.process_time() - began)
        assert found.gathered.given == 100_000
        rows.append((name, found.verdict.value, spread(seconds, 1)))
    table(("log", "verdict", "CPU seconds"), rows)


def _one_account(log: Log) -> None:
    who = log.person(age_days=2)
    for at in log.times(log.at_hour(1), 100_000, 0.6, cv=0.5):
        log.upload(at, who, log.human_name())


def _many_accounts(log: Log) -> None:
    for _ in range(20_000):
        who = log.person(age_days=2, cases=1)
        for _ in range(4):
            log.upload(log.end - log.rng.uniform(0, 80_000), who, log.human_name())
        log.views(who, log.end - 3600, log.end, 1)
