"""Owns the mutants of calling people: somebody forgotten, called for nothing, or told twice; the one rule: a cheap test catches each.

People are called by rules that all hold together, so that most defects here go unseen in a demonstration: the next step covers for
the one before. Each is caught by a test that names the behaviour, not by counting messages.
"""

from __future__ import annotations

from tests.mutants.mutant import Edit, Mutant

MACHINE = "leh_guardian/model/escalation.py"
POLICY = "leh_guardian/model/policy.py"
ESCALATOR = "leh_guardian/engine/escalator.py"
CALLS = "leh_guardian/engine/calls.py"
OUTGOING = "leh_guardian/engine/outgoing.py"
PAGES = "leh_guardian/engine/pages.py"
PAGE = "leh_guardian/handlers/page.py"
VERBS = "leh_guardian/engine/verbs.py"
MOVES = ("tests/unit/model/test_escalation.py", "tests/unit/model/test_escalation_machine.py")
TELLING = ("tests/integration/engine/test_calling.py", "tests/integration/engine/test_outgoing.py")

CALLING = (
    Mutant(
        "an acknowledgement holds for ever",
        (Edit(MACHINE, "        **_ack_timers(acked, severity, now),\n", ""),),
        tests=MOVES,
    ),
    Mutant(
        "a message of before the answer goes out",
        (Edit(OUTGOING, "    if incident.status is not IncidentStatus.TRIGGERED:\n", "    if False:\n"),),
        tests=("tests/sim/test_people.py",),
    ),
    Mutant(
        "the press on an old message counts",
        (Edit(VERBS, "    if as_of is not None and moved_on(incident.escalation, as_of):\n", "    if False:\n"),),
        tests=("tests/integration/engine/test_calling.py",),
    ),
    Mutant(
        "a message without its receipt is told",
        (
            Edit(
                PAGE,
                '        return Failed(\n            f"{params.channel} took it, and nothing',
                '        return Done(\n            f"{params.channel} took it, and nothing',
            ),
        ),
        tests=TELLING,
    ),
    Mutant(
        "a message goes round between two channels",
        (
            Edit(
                PAGES, '        "failover": list(left[1:]),\n', '        "failover": [*left[1:], params["channel"]],\n'
            ),
        ),
        tests=TELLING,
    ),
    Mutant(
        "a step with nobody on call calls nobody",
        (Edit(ESCALATOR, "            if reached.anybody:\n                break\n", "            break\n"),),
        tests=TELLING,
    ),
    Mutant(
        "a step that was passed over keeps its time",
        (Edit(ESCALATOR, "        if index != call.step:\n", "        if False:\n"),),
        tests=TELLING,
    ),
    Mutant(
        "what a maintenance window has held back is never sent",
        (
            Edit(
                "leh_guardian/engine/suppression.py",
                "            return Moot(reason) if window.mode is terms.Mode.SUPPRESS else Later(until, reason)\n",
                "            return Moot(reason)\n",
            ),
        ),
        tests=TELLING,
    ),
    Mutant(
        "the audit of calls repairs nothing",
        (
            Edit(
                "leh_guardian/engine/call_audit.py",
                "            changes.set_timer(incident, lacks, changes.now)\n",
                "",
            ),
        ),
        tests=("tests/integration/engine/test_call_audit.py",),
    ),
    Mutant(
        "calls end with the fourth repeat",
        (
            Edit(
                POLICY,
                "        after = self.after_last\n        if",
                "        after = self.after_last\n        if repeats > 3 or",
            ),
        ),
        tests=MOVES,
    ),
    Mutant(
        "another id for each attempt of a message",
        (
            Edit(
                "leh_guardian/engine/notices.py",
                "        id=str(action_id),\n",
                '        id=str(__import__("uuid").uuid4()),\n',
            ),
        ),
        tests=("tests/sim/test_people.py",),
    ),
    Mutant(
        "a call planned after its timer was taken",
        (
            Edit(
                "leh_guardian/engine/timers.py",
                '            await changes.write(tx, self._replica)\n            failpoint("timers.before_commit")\n',
                '            failpoint("timers.before_commit")\n'
                "        async with transaction(self._pool) as tx:\n"
                "            await changes.write(tx, self._replica)\n",
            ),
        ),
    ),
    Mutant(
        "trouble that comes back begins at the first level",
        (
            Edit(
                MACHINE,
                "    return _call(anew, escalation.step, Why.REOPENED, now)\n",
                "    return _call(anew, escalation.policy.at_level(escalation.start), Why.REOPENED, now)\n",
            ),
        ),
        tests=MOVES,
    ),
    Mutant(
        "calls wait for a remedy that is not at work",
        (Edit(CALLS, "    working = await actions.at_work(tx, incident.id, now)\n", "    working = True\n"),),
        tests=TELLING,
    ),
    Mutant(
        "an OK closes what only people close",
        (
            Edit(
                MACHINE,
                "        return not self.policy.resolve.on_ok or self.needs_person\n",
                "        return not self.policy.resolve.on_ok\n",
            ),
        ),
        tests=("tests/integration/engine/test_calling.py",),
    ),
    Mutant(
        "one answers for all who must",
        (Edit(MACHINE, "    if everybody and missing:\n", "    if False:\n"),),
        tests=MOVES,
    ),
    Mutant(
        "after a standstill the levels are called one by one",
        (Edit(MACHINE, "        if planned + timedelta(seconds=patience) > now:\n", "        if True:\n"),),
        tests=MOVES,
    ),
    Mutant(
        "a held OK closes what is still being mended",
        (
            Edit(
                "leh_guardian/engine/held_oks.py",
                "    if await busy(tx, changes, incident):\n        return\n",
                "",
            ),
        ),
        tests=("tests/integration/engine/test_calling.py",),
    ),
    Mutant(
        "quiet hours hold back what is urgent",
        (
            Edit(
                "leh_guardian/engine/directory.py",
                "person.is_quiet(severity, at, zone)",
                "person.is_quiet(Severity.SEV5, at, zone)",
            ),
        ),
        tests=("tests/unit/engine/test_directory.py",),
    ),
    Mutant(
        "people of when the incident opened",
        (
            Edit(
                "leh_guardian/engine/directory.py",
                "        if current is not self._file:\n",
                "        if self._file is self._built_in:\n",
            ),
        ),
        tests=("tests/unit/engine/test_directory.py",),
    ),
)
