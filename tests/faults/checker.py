"""Owns the verdict over a world: what was lost, doubled, repeated, left; the one rule: it believes the receivers, not guardian.

The arithmetic is that of a total queue: everything sent, against everything that took effect at the targets. The numbers
I1 to I16 are those of docs/reliability.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from leh_guardian.engine.absence import BY_NAME
from leh_guardian.engine.reloader import RULES_RULE
from tests.faults.load import BUDGET, CANARIES
from tests.faults.world import World

_BUSY = (
    "select handler, role, status, attempt, failures, losses, extract(epoch from due_at - clock_timestamp())::int as due,"
    " left(outcome::text, 200) from actions where status in ('scheduled', 'running', 'waiting', 'proposed') limit 5"
)

TELLING = ("notify", "page")
"""Handlers whose effect is that people are told."""


@dataclass
class Verdict:
    """What was found."""

    violations: list[str] = field(default_factory=list)
    events: int = 0
    """Alarms sent that a rule matches."""
    lost: int = 0
    double: int = 0
    """Effects beyond the first of what may take place once."""
    duplicates: int = 0
    """Notices and redriven messages beyond the first of each: at least once, so they are allowed, and counted."""
    told: int = 0
    """Notices and redriven messages that had to arrive."""
    unsettled: int = 0
    unknown: int = 0
    """Actions whose outcome nobody knows, shown to people as such."""
    redelivered: int = 0
    """Receives of alerts beyond the first of each."""
    lost_attempts: int = 0
    overtaken: int = 0
    """Attempts that were lost, by the journal's count."""
    withdrawn: int = 0
    """Remedies that were not needed any more when they could have started."""
    unasked: int = 0
    """Deletes and effects at which the database could not be asked, so that they were looked at in the end only."""
    charged: Counter[str] = field(default_factory=Counter)
    """How often each subject was charged."""

    def figures(self) -> dict[str, Any]:
        """Return the numbers that are written down."""
        names = (
            "events lost double duplicates told unsettled unknown redelivered lost_attempts withdrawn unasked".split()
        )
        rate = round(self.duplicates / self.told, 4) if self.told else 0.0
        return {name: getattr(self, name) for name in names} | {"duplicate_rate": rate}


def check(world: World) -> Verdict:
    """Look at a settled world."""
    found = Verdict()
    actions = _actions(world)
    _check_taking_in(world, found)
    _check_planning(world, found, actions)
    _check_absence(world, found)
    _check_effects(world, found, actions)
    _check_redrives(world, found, actions)
    _check_secrets(world, found)
    found.unasked = len(world.watched.later) + len(world.watched.unasked)
    return found


def _actions(world: World) -> list[Any]:
    return world.truth.rows(
        "select a.id::text, a.role, a.handler, a.status, a.attempt, a.losses, i.rule_id, i.dedup_key, a.outcome::text"
        " from actions a join incidents i on i.id = a.incident_id"
    )


def _check_taking_in(world: World, found: Verdict) -> None:
    """I1, I3: what was deleted is committed, and everything that is an event was taken in."""
    sent = world.load.sent
    logged = {row[0].decode() for row in world.truth.rows("select body from event_log")}
    for body in [*world.watched.early_deletes, *(set(world.watched.later) - logged)]:
        found.violations.append(f"I1 deleted and not committed: {body[:100]}")
    left = world.unsettled()
    found.unsettled += int(left.get("alerts", 0)) + int(left.get("actions", 0)) + len(left.get("open", ()))
    if left:
        busy = world.truth.rows(_BUSY)
        found.violations.append(f"I3 not settled: {left}, {[tuple(row) for row in busy]}")
    missing = sent.events - logged
    found.lost += len(missing)
    found.violations += [f"I3 never taken in: {body[:100]}" for body in missing]
    eaten = {e["body"] for e in world.sqs.ledger("alerts") if e["state"] == "deleted"} & sent.malformed
    found.violations += [f"I3 a body that is no event was deleted: {body[:60]}" for body in eaten]
    found.redelivered = sum(
        max(0, len(e["received"]) - 1) for e in world.sqs.ledger("alerts") if e["body"] in sent.events
    )


def _check_planning(world: World, found: Verdict, actions: list[Any]) -> None:
    """I2: each alarm led to one incident and to its rule's steps, once; I16: its next call was never lost."""
    sent = world.load.sent
    incidents = Counter(
        (row["rule_id"], row["dedup_key"]) for row in world.truth.rows("select rule_id, dedup_key from incidents")
    )
    steps = Counter(a["dedup_key"] for a in actions if a["role"] == "step")
    planned = world.truth.rows(
        "select action_id from journal where kind = 'action.planned' group by 1 having count(*) > 1"
    )
    found.violations += [f"I2 planned twice: {row[0]}" for row in planned]
    lost = world.truth.rows("select data::text from journal where kind = 'audit.repaired'")
    found.violations += [f"I16 the audit had to set a timer: {row[0]}" for row in lost]
    for kind, names in sent.alarms.items():
        for name in names:
            found.events += 1
            if incidents[kind, name] != 1:
                found.lost += incidents[kind, name] == 0
                found.violations.append(f"I2 {name} has {incidents[kind, name]} incidents")
            if kind not in {"people", "capped"} and steps[name] != 1:
                found.lost += steps[name] == 0
                found.violations.append(f"I2 {name} has {steps[name]} remedies")
    # Guardian's own one, about rule files that it could not read, is about nothing that was sent.
    strangers = {key for rule, key in incidents if rule not in {"missed", RULES_RULE}} - {
        name for names in sent.alarms.values() for name in names
    }
    found.violations += [f"I2 an incident of nothing that was sent: {name}" for name in strangers]


def _check_absence(world: World, found: Verdict) -> None:
    """I2 for absence rules: what nothing followed is missed once, by name or among many; what was finished never is."""
    sent = world.load.sent
    lines = Counter(
        row[0] for row in world.truth.rows("select data->>'key' from journal where kind = 'expectation.missed'")
    )
    for name in sent.missed:
        found.events += 1
        found.lost += lines[name] == 0
        found.double += max(0, lines[name] - 1)
        if lines[name] != 1:
            found.violations.append(f"I2 {name} was missed {lines[name]} times")
    found.violations += [f"I2 {name} is finished, and was missed" for name in sent.followed if lines[name]]
    rows = world.truth.rows("select dedup_key, event_count from incidents where rule_id = 'missed'")
    counted = {row["dedup_key"]: row["event_count"] for row in rows}
    if sum(counted.values()) != len(sent.missed) or len(counted) > BY_NAME + 1:
        found.violations.append(f"I2 {len(sent.missed)} were missed, and the incidents are {counted}")


def _check_effects(world: World, found: Verdict, actions: list[Any]) -> None:
    """I4, I5, I6, I8, I10: effects against outcomes."""
    found.charged = charged = world.outside.effects("charge")
    called, told = world.outside.effects("once"), world.outside.effects("notice")
    found.violations += [f"I10 an effect without an intent: {what}" for what in world.watched.unmeant]
    known = {a["id"] for a in actions}
    found.violations += [f"I10 an effect of no action: {a}" for a in world.watched.unasked if a not in known]
    for subject, times in [*charged.items(), *called.items()]:
        if times > 1:
            found.double += times - 1
            found.violations.append(f"{'I4' if subject in charged else 'I6'} {times} effects on {subject}")
    capped = sum(charged[name] for name in world.load.sent.names("capped"))
    if capped > BUDGET:
        found.violations.append(f"I8 {capped} effects, the budget is {BUDGET}")
    for a in actions:
        _check_outcome(a, charged, called, told, world.load.sent.resolved, found)
    found.violations += [f"I10 a notice of no action: {notice}" for notice in told if notice not in known]
    notices = [a for a in actions if a["handler"] in TELLING and a["status"] == "succeeded" and a["id"] in told]
    found.told += len(notices)
    found.duplicates += sum(told[a["id"]] - 1 for a in notices)
    found.lost_attempts = sum(a["losses"] for a in actions)
    found.overtaken = world.truth.value("select count(*) from journal where kind = 'attempt.lost'")


def _check_outcome(
    a: Any, charged: Counter[str], called: Counter[str], told: Counter[str], resolved: set[str], found: Verdict
) -> None:
    """Hold one action's outcome against what took place."""
    counted = {"charge": charged, "call_once": called}.get(a["handler"])
    effects = counted[a["dedup_key"]] if counted is not None else told[a["id"]]
    name = f"{a['handler']} of {a['dedup_key']}: {a['status']}"
    if a["status"] == "needs_human":
        found.unknown += 1
    if a["handler"] in {"charge", "call_once", *TELLING}:
        on_console = a["handler"] in TELLING and '"console"' in (a["outcome"] or "")
        if a["status"] == "succeeded" and effects < 1 and not on_console:
            found.lost += 1
            found.violations.append(f"I4/I5/I6 it is said to have succeeded and had no effect: {name}")
        if effects > a["attempt"]:
            found.violations.append(f"I5 {effects} effects of {a['attempt']} attempts: {name}")
    if a["handler"] == "call_once" and effects and a["status"] not in {"succeeded", "needs_human"}:
        found.violations.append(f"I6 it took place, and is said to be {a['status']}: {name}")
    if a["status"] == "skipped" and a["dedup_key"] in resolved and a["attempt"] == 0:
        # Its OK was held before it could start: the trouble is over, and nothing may be done any more.
        found.withdrawn += 1
        if effects:
            found.violations.append(f"I4 it was withdrawn and took place: {name}")
    elif a["handler"] == "page" and a["status"] == "skipped":
        # Somebody was told by a newer message, or the trouble was over.
        return
    elif a["handler"] in {"charge", "dlq_redrive", *TELLING} and a["status"] in {"failed", "skipped", "rejected"}:
        # Nothing in these worlds makes them fail for good, and nobody resolves an incident by hand.
        found.violations.append(f"I3 it ended without its effect: {name}: {a['outcome']}")


def _check_redrives(world: World, found: Verdict, actions: list[Any]) -> None:
    """I5 for dead-letter queues: every message is back in its queue, and none is left behind."""
    for name, redrive in world.load.sent.redrives.items():
        arrived = world.sqs.bodies(redrive.queue)
        own = [a for a in actions if a["dedup_key"] == name and a["handler"] == "dlq_redrive"]
        unknown = any(a["status"] == "needs_human" for a in own)
        missing = [body for body in redrive.bodies if not arrived[body]]
        left = [e for e in world.sqs.ledger(redrive.dlq) if e["state"] != "deleted"]
        kept = {e["body"] for e in left}
        if really := [body for body in missing if body not in kept]:
            found.lost += len(really)
            found.violations.append(f"I5 {len(really)} messages of {redrive.dlq} are neither here nor there")
        if (missing or left) and not unknown:
            found.violations.append(f"I5 {redrive.dlq}: {len(missing)} not moved, {len(left)} left, and it is not said")
        # As the handler declares it: an attempt that ends between sending and remembering repeats up to ten messages.
        repeated = sum(arrived.values()) - len(arrived)
        if repeated > 10 * sum(a["attempt"] - 1 for a in own):
            found.violations.append(
                f"I5 {redrive.dlq}: {repeated} messages sent twice in {[a['attempt'] for a in own]} attempts"
            )
        found.told += len(redrive.bodies)
        found.duplicates += repeated


def _check_secrets(world: World, found: Verdict) -> None:
    """I14: what was in the bodies is seen nowhere but in the store of bodies."""
    places = {
        replica.log.name: replica.log.read_text("utf-8", "replace")
        for replica in world.replicas
        if replica.log.exists()
    }
    places["/status and /metrics"] = "\n".join(world.pages)
    calls = world.outside.call(lambda: list(world.outside.calls))
    places["notices"] = "\n".join(call.body.decode("utf-8", "replace") for call in calls)
    journal = world.truth.rows("select reason, data::text from journal where reason <> '' or data::text <> '{}'")
    places["journal"] = "\n".join(f"{row[0]} {row[1]}" for row in journal)
    places["outcomes"] = "\n".join(
        row[0] for row in world.truth.rows("select outcome::text from actions where outcome is not null")
    )
    for place, text in places.items():
        found.violations += [f"I14 {canary} in {place}" for canary in CANARIES if canary in text]
