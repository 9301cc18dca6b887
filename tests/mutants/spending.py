"""Owns the mutants of what guards money: circuits, the worker's gate, parked work; the one rule: as in catalogue.py."""

from __future__ import annotations

from tests.mutants.mutant import Edit, Mutant

CIRCUIT = "leh_guardian/model/spend/circuit.py"
GATE = "leh_guardian/gate.py"
RELEASE = "leh_guardian/redrive/release.py"
TRANSITIONS = ("tests/unit/model/spend/test_circuit.py",)

SPENDING = (
    Mutant(
        "a person's pause ends by itself",
        (
            Edit(
                CIRCUIT,
                "            asked = replace(circuit, version=circuit.version + 1, until=None, asks=True)\n",
                '            return _closed(circuit, "its time is over", GUARDIAN, now)\n',
            ),
            Edit(
                CIRCUIT,
                '            return replace(asked, reason=f"its time is over, a person decides: {circuit.reason}")\n',
                "",
            ),
        ),
        TRANSITIONS,
    ),
    Mutant(
        "a good verdict lifts a hard cap",
        (Edit(CIRCUIT, "if verdict is Verdict.LEGITIMATE and not circuit.hard:", "if verdict is Verdict.LEGITIMATE:"),),
        TRANSITIONS,
    ),
    Mutant(
        "as many circuits open as like",
        (Edit(CIRCUIT, "return self.open < most and self.opened < recovery.most_opened", "return most > 0"),),
        TRANSITIONS,
    ),
    Mutant(
        "a trial without an end",
        (Edit(CIRCUIT, "reason=reason, until=now + recovery.lease)", "reason=reason, until=None)"),),
        TRANSITIONS,
    ),
    Mutant(
        "it cools down as fast the tenth time",
        (Edit(CIRCUIT, "recovery.cooldown * opens)", "recovery.cooldown)"),),
        TRANSITIONS,
    ),
    Mutant(
        "what cannot be parked counts as done",
        (
            Edit(
                GATE,
                "    except Paused as paused:\n        gate.park(work, str(paused))\n",
                "    except Paused as paused:\n        with suppress(NotParked):\n            gate.park(work, str(paused))\n",
            ),
        ),
        ("tests/integration/gate/test_parking.py",),
    ),
    Mutant(
        "an hour's tokens are taken without looking",
        (
            Edit(
                GATE,
                '"attribute_not_exists(allowance) OR allowance >= :least"',
                '"attribute_not_exists(allowance) OR NOT allowance = :least"',
            ),
        ),
        ("tests/integration/gate/test_hours.py",),
    ),
    Mutant(
        "a trial's tokens are taken of whatever version",
        (Edit(GATE, '"#own = :own AND allowance >= :least"', '"NOT #own < :own AND allowance >= :least"'),),
        ("tests/integration/gate/test_circuits.py",),
    ),
    Mutant(
        "without its table a worker goes on for ever",
        (Edit(GATE, "self._local[case_id] = (calls + 1, spent + tokens)", "pass"),),
        ("tests/integration/gate/test_away.py",),
    ),
    Mutant(
        "a copy that came back meanwhile goes with the one that was sent",
        (
            Edit(
                "leh_guardian/adapters/parked.py",
                '"attribute_not_exists(#item) OR #copy = :copy"',
                '"attribute_not_exists(#item) OR NOT #copy < :copy OR #copy < :copy"',
            ),
        ),
        ("tests/integration/handlers/test_release_parked.py",),
    ),
    Mutant(
        "parked work deleted before it is sent",
        (
            Edit(
                RELEASE,
                "        try:\n            await self._origins.send(work)\n",
                "        await self._parked.delete(mark)\n        try:\n            await self._origins.send(work)\n",
            ),
        ),
        ("tests/contracts/handlers/test_contracts.py", "-k", "release_parked-sqs-killed"),
    ),
)
