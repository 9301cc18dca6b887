"""Owns the verdict over work that costs: lost, paid for while paused, stuck; the one rule: it believes what was written down outside.

Every piece is done, parked or dead; what was paid for while a circuit was open is what workers did not know yet, or may do while
nobody can be asked; versions only grow; both records of a circuit agree; each state has an exit; what a person paused stays so.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from leh_guardian.clock import SystemClock
from leh_guardian.gate import Gate
from tests.faults.spending import ALLOWANCE, CACHE, Service
from tests.faults.spending_outside import Written

GRACE = 3.0
"""Seconds that a call may be on its way to the provider, on a busy machine."""
_LATE = timedelta(seconds=15)
"""How late a circuit that is due may be moved on."""
LIMIT = 1_000_000
"""Tokens that a new case may use in an hour; as shipped."""
_PAUSES = {"open", "forced_open"}
GUARDIAN = "guardian"


@dataclass
class Spent:
    """What was found."""

    violations: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds from an opening to the last call that was let through by it."""


def check(service: Service) -> Spent:
    """Look at a settled service."""
    found = Spent()
    _check_work(service, found)
    _check_versions(service, found)
    _check_money(service, found)
    found.violations += unearned(service)
    _check_records(service, found)
    _check_persons(service, found)
    return found


def _check_work(service: Service, found: Spent) -> None:
    """Each piece of work is accounted for: done at least once, or parked, or dead."""
    done, parked, dead, waiting = service.done(), service.parked(), service.dead(), service.waiting()
    sent = {evidence for case in service.sent.values() for evidence in case}
    found.figures.update(sent=len(sent), done=len(done), parked=len(parked - done), dead=len(dead - done - parked))
    found.violations += [f"lost: {one}" for one in sorted(sent - done - parked - dead - waiting)]
    found.violations += [f"nobody sent: {one}" for one in sorted((done | parked | dead) - sent)]
    found.violations += [f"still in the queue: {one}" for one in sorted(waiting)]
    # A worker that died between the record and its message finds the case paused afterwards; the release knows it for done.
    found.figures["parked_and_done"] = len(parked & done)
    paid = Counter(one.evidence for one in service.provider.paid)
    found.violations += [f"done without having been paid for: {one}" for one in sorted(done - set(paid))]
    for case, pieces in service.sent.items():
        if service.state(f"case#{case}") not in _PAUSES and (left := parked & set(pieces)):
            found.violations.append(f"{case} is not paused, and {len(left)} pieces of it are parked")
    queued = Counter(entry["body"] for entry in service.world.sqs.ledger(service.queue))
    found.figures["sent_again"] = sum(queued.values()) - len(queued)


def _check_versions(service: Service, found: Spent) -> None:
    """What was written was newer than what was there, and no reader met an older version after a newer one."""
    for key, written in _by_key(service):
        for one, after in itertools.pairwise(written):
            if after.version <= one.version:
                found.violations.append(f"{key}: version {after.version} was written over {one.version}")
    for key, seen in service.seen.items():
        found.figures["looks"] += len(seen)
        versions = [version for _, version in seen]
        if versions != sorted(versions):
            found.violations.append(f"{key}: a reader met {versions}")
    found.figures["written"] = len(service.front.written)


def _check_money(service: Service, found: Spent) -> None:
    """Where a circuit was open nothing was paid for that its workers could know of; where it was half open, no more than allowed."""
    own = Gate("", "").local_tokens
    for key, written in _by_key(service):
        case = key.partition("#")[2]
        paid = [one for one in service.provider.paid if one.case == case or key == "fleet"]
        for since, until, state in _spans(written):
            spent = [one for one in paid if since < one.at < until]
            if state == "open":
                found.figures["openings"] += 1
                known = [one for one in spent if one.at > since + CACHE + GRACE]
                found.figures["spent_while_open"] += sum(one.tokens for one in spent)
                found.slowest = max([found.slowest, *(one.at - since for one in spent if one not in known)])
                # While DynamoDB is away, a worker that does not know the case may spend a little, each for itself.
                allowed = own * len({one.by for one in known}) if _was_away(service, since, until) else 0
                if sum(one.tokens for one in known) > allowed:
                    found.violations.append(f"{key}: {known} were paid for while it was open since {since}")
            elif state == "half_open":
                found.figures["trials"] += 1
                total = sum(one.tokens for one in spent if one.at > since + CACHE)
                found.figures["spent_on_trial"] += total
                if total > ALLOWANCE:
                    found.violations.append(f"{key}: {total} tokens on trial, {ALLOWANCE} are allowed")


def unearned(service: Service) -> list[str]:
    """Return what guardian has opened that had not used too much since it was closed, nor more than its trial allowed."""
    found = []
    for key, written in _by_key(service):
        case = key.removeprefix("case#")
        used = [one for one in (*service.provider.paid, *service.told) if one.case == case]
        cleared, before = float("-inf"), "closed"
        for one in written:
            # What a trial's verdict takes back, and what was judged while it was open, has not opened anew.
            opens = one.state == "open" and before in {"closed", "half_open"} and not one.reason.startswith("judged")
            if case != key and opens and one.actor == GUARDIAN:
                # A call that ends after the circuit has closed counts by its end, and none of before a trial in it.
                since, least = (cleared, ALLOWANCE) if before == "half_open" else (cleared - CACHE - GRACE, LIMIT)
                total = sum(each.tokens for each in used if since < each.at <= one.at)
                if total <= least:
                    found.append(f"{key} was opened after {total} tokens, {least} are allowed: {one}")
            if one.state in {"closed", "half_open"}:
                cleared = one.at
            before = one.state
    return found


def _spans(written: list[Written]) -> Iterator[tuple[float, float, str]]:
    """Yield from when to when a circuit was in a state that matters: open, by whomever, or half open."""
    group = itertools.groupby(written, key=lambda one: "open" if one.state in _PAUSES else one.state)
    runs = [(state, next(iter(ones)).at) for state, ones in group]
    ends = [at for _, at in runs[1:]] + [float("inf")]
    yield from ((at, end, state) for (state, at), end in zip(runs, ends, strict=True))


def _was_away(service: Service, since: float, until: float) -> bool:
    return any(began < until and ended + CACHE + GRACE > since for began, ended in service.front.away)


def _check_records(service: Service, found: Spent) -> None:
    """PostgreSQL and DynamoDB say the same, and every circuit has an exit."""
    items = service.circuits()
    rows = service.world.truth.rows("select * from circuits")
    for row in rows:
        key = "fleet" if row["scope"] == "fleet" else f"{row['scope']}#{row['key']}"
        item = items.pop(key, None)
        if item is None or (item["state"], int(item["version"])) != (row["state"], row["version"]):
            found.violations.append(f"{key} is {row['state']} {row['version']}, and workers read {item}")
    found.violations += [f"{key} is in the table, and nobody knows it" for key in items]
    found.violations += stuck(service)
    found.figures["circuits"] = len(rows)


_OPEN = "select dedup_key from incidents where status <> 'resolved'"


def stuck(service: Service) -> list[str]:
    """Return the circuits without an exit: neither a time that is to come, nor a person who is asked."""
    now = SystemClock().now()
    asked = {row[0] for row in service.world.truth.rows(_OPEN)}
    found = []
    for row in service.world.truth.rows("select * from circuits where state <> 'closed'"):
        name = f"{row['scope']}/{row['key']}"
        people = row["state"] in _PAUSES and name in asked
        due = row["until"] is not None and row["until"] > now - _LATE
        if not (people or due):
            found.append(f"no exit: {name} is {row['state']} until {row['until']}, {row['reason']}")
    return found


def _check_persons(service: Service, found: Spent) -> None:
    """What a person has paused only a person has lifted."""
    for key, written in _by_key(service):
        found.figures["forced"] += any(one.state == "forced_open" for one in written)
        for one, after in itertools.pairwise(written):
            if one.state == "forced_open" and after.state != "forced_open" and after.actor == GUARDIAN:
                found.violations.append(f"{key}: {one.actor} has paused it, and guardian wrote {after}")


def _by_key(service: Service) -> Iterator[tuple[str, list[Written]]]:
    keys = sorted({one.key for one in service.front.written})
    yield from ((key, [one for one in service.front.written if one.key == key]) for key in keys)
