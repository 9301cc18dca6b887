"""Owns the mutants of what time, sums and looks set off: schedules, windows, use, circuits, channels.

The one rule: as in catalogue.py.
"""

from __future__ import annotations

from tests.mutants.mutant import Edit, Mutant

SCHEDULER = "leh_guardian/engine/scheduler.py"
INTAKE = "leh_guardian/engine/intake.py"

COUNTING = (
    Mutant(
        "a tick decided before it is planned",
        (
            Edit(
                SCHEDULER,
                "        changes = Changes(self._clock.now())\n        rule_id, now = one.rule.id, changes.now\n",
                "        changes = Changes(self._clock.now())\n        rule_id, now = one.rule.id, changes.now\n"
                "        async with transaction(self._pool) as tx:\n"
                "            since = one.since((await schedule_ticks.known(tx, [rule_id])).get(rule_id), now)\n"
                "            due = one.schedule.due(since, now)\n"
                "            if due is not None:\n"
                "                await schedule_ticks.save(tx, now, [Decided(rule_id, str(one.schedule), due.newest)])\n",
            ),
            Edit(
                SCHEDULER,
                "            due = one.schedule.due(since, now)\n            if due is None:\n",
                "            if due is None:\n",
            ),
        ),
    ),
    Mutant(
        "a replica that starts begins its schedules anew",
        (Edit(SCHEDULER, "one.since(known.get(rule_id), now))\n                for", "now)\n                for"),),
    ),
    Mutant(
        "what is too late is started",
        (Edit("leh_guardian/rules/schedule.py", "late <= max(self.catch_up, PROMPT)", "True"),),
    ),
    Mutant(
        "a tick without its inbox, under a row that is read without a lock",
        (
            Edit(SCHEDULER, "            await incidents.lock_rules(tx, [rule_id])\n", ""),
            Edit(
                SCHEDULER,
                "        if not await inbox.take(tx, changes.now, [event.key]):\n            return False\n",
                "",
            ),
        ),
    ),
    Mutant(
        "a copy is counted again",
        (
            Edit(
                INTAKE,
                "            if key in fresh and mark not in planned:",
                "            if (key in fresh or match.rule.window) and mark not in planned:",
            ),
        ),
    ),
    Mutant(
        "counted when it arrives",
        (
            Edit(
                "leh_guardian/engine/counting.py",
                "matched.happened(changes.now))\n        if amount",
                "changes.now)\n        if amount",
            ),
        ),
    ),
    Mutant(
        "use of a copy is paid for again",
        (
            Edit(
                INTAKE,
                "{e.key: (e, usage) for e, usage in used if e.key in fresh}",
                "{e.key: (e, usage) for e, usage in used}",
            ),
        ),
    ),
    Mutant(
        "a circuit written without its condition",
        (Edit("leh_guardian/adapters/breaker_table.py", "ExpressionAttributeValues=values, **wanted", ""),),
    ),
    Mutant(
        "circuits counted and opened without the lock that all share",
        (Edit("leh_guardian/engine/circuits.py", "            await incidents.lock_rules(tx, [LOCK])\n", ""),),
    ),
    Mutant(
        "nobody hears that a way to people works again",
        (
            Edit(
                "leh_guardian/engine/broken_channels.py",
                "            elif not outage.broken and incident is not None and incident.ok_at is None:\n",
                "            elif False:\n",
            ),
        ),
    ),
)
