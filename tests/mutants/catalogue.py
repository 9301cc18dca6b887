"""Owns the mutants: defects that a program like this one could have; the one rule: a harness that misses one proves nothing.

Each is a change of the source, as small as the mistake would be. `python -m tests.mutants` applies one after the other to a copy
and lets the simulation, or the tests with real processes, look for it. An edit whose text is no longer there fails the tests.
"""

from __future__ import annotations

from tests.mutants.calling import CALLING
from tests.mutants.counting import COUNTING
from tests.mutants.mutant import Edit, Mutant
from tests.mutants.spending import SPENDING

INTAKE = "leh_guardian/engine/intake.py"
EXECUTOR = "leh_guardian/engine/executor.py"
PLANNER = "leh_guardian/engine/planner.py"
MATCHED = "leh_guardian/engine/matched.py"
SETTLEMENT = "leh_guardian/engine/settlement.py"
ACTIONS = "leh_guardian/store/actions.py"
TWIN = "tests/sim/store/actions.py"
CLAIMS = "tests/sim/store/claims.py"

MUTANTS = (
    Mutant(
        "delete before commit",
        (
            Edit(
                INTAKE,
                "        reads = await self._commit_or_isolate(",
                "        await self._queue.delete([message.receipt for message in messages])\n"
                "        reads = await self._commit_or_isolate(",
            ),
        ),
    ),
    Mutant(
        "an idempotency key for each attempt",
        (
            Edit(EXECUTOR, "import anyio\n", "import uuid\n\nimport anyio\n"),
            Edit(
                EXECUTOR,
                "action_id=action.id,\n            incident_id",
                "action_id=uuid.uuid5(action.id, str(action.attempt)),\n            incident_id",
            ),
        ),
    ),
    Mutant(
        "inbox and plan in two transactions",
        (
            Edit(
                INTAKE,
                "        fresh = await inbox.take(tx, changes.now, [*keys, *heard, *(event.key for event, _ in used)])\n",
                "        async with transaction(self._pool) as other:\n"
                "            fresh = await inbox.take(other, changes.now, [*keys, *heard, *(event.key for event, _ in used)])\n",
            ),
        ),
    ),
    Mutant(
        "done before the effect",
        (
            Edit(
                EXECUTOR,
                "                outcome = await self._outcome(action, lease, log)\n",
                "                from leh_guardian.model.outcome import Done\n\n"
                "                await self._settle(action, Done('done'), log)\n"
                "                outcome = await self._outcome(action, lease, log)\n",
            ),
        ),
    ),
    Mutant("no inbox", (Edit(INTAKE, "            if key in fresh and mark not in planned:", "            if True:"),)),
    Mutant(
        "budget looked at before it is taken",
        (Edit(PLANNER, "        await incidents.lock_rules(tx, {matched.match.rule.id for matched in batch})\n", ""),),
    ),
    Mutant(
        "the budget of a target looked at before it is taken",
        (
            Edit(
                "leh_guardian/engine/target_budgets.py",
                "        if await target_runs.take(tx, handler, target, action.id, now, budgets):\n",
                "        if await look(tx, handler, target, budgets, now) is None:\n"
                "            await target_runs.take(tx, handler, target, action.id, now, budgets, beyond=True)\n",
            ),
        ),
    ),
    Mutant(
        "at most once tried again",
        (
            Edit(
                "leh_guardian/engine/progression.py",
                "spec is not None and spec.retryable",
                "True",
            ),
        ),
    ),
    Mutant(
        "an unknown outcome taken for a failure",
        (Edit(EXECUTOR, "        case _ if not spec.retryable:\n", "        case _ if False:\n"),),
    ),
    Mutant(
        "polls cancelled at a stop",
        (
            Edit(
                INTAKE,
                "            with anyio.CancelScope(shield=True):\n                messages = await self._queue.receive()\n",
                "            messages = await self._queue.receive()\n",
            ),
            Edit(
                "leh_guardian/engine/daemon.py",
                "        await anyio.sleep(self.wait + _POLL_MARGIN)\n",
                "        await anyio.sleep(0)\n",
            ),
        ),
    ),
    Mutant(
        "the order of arrival believed",
        (Edit(MATCHED, "        return min(self.event.occurred_at or now, now)", "        return now"),),
    ),
    Mutant(
        "an OK without an incident forgotten",
        (Edit(PLANNER, "        known.early_oks[matched.key] = changes.early_oks[matched.key] = newest\n", ""),),
    ),
    Mutant(
        "the machine's own clock believed",
        (Edit("leh_guardian/clock.py", "        if self._anchor is None:\n", "        if True:\n"),),
    ),
    Mutant(
        "no fence",
        (
            Edit(
                TWIN,
                'a["attempt"] == claimed.attempt and a["status"] == "running"',
                'a["status"] == "running"',
                times=2,
            ),
            Edit(TWIN, 'a["attempt"] == attempt and a["status"] == "running"', 'a["status"] == "running"'),
        ),
    ),
    Mutant(
        "leases are not renewed",
        (
            Edit(
                EXECUTOR,
                '            tasks.start_soon(lease.renew, tasks.cancel_scope, name=f"lease of {action.id}")\n',
                "",
            ),
        ),
    ),
    Mutant(
        "the switch looked at in the claim alone",
        (Edit(EXECUTOR, "        if not allowed:\n            raise Halted\n", ""),),
    ),
    Mutant(
        "a timer taken in a transaction of its own",
        (
            Edit(
                "leh_guardian/engine/timers.py",
                "            due = await timers.take_due(tx, changes.now)\n",
                "            async with transaction(self._pool) as other:\n"
                "                due = await timers.take_due(other, changes.now)\n",
            ),
        ),
    ),
    Mutant(
        "dead letters deleted before they are sent",
        (
            Edit(
                "leh_guardian/redrive/mover.py",
                "        sent, failure = await self._send_rounds(batch, letters)\n",
                "        await self._queues.delete(self._source, [m.receipt for m in batch])\n"
                "        sent, failure = await self._send_rounds(batch, letters)\n",
            ),
        ),
    ),
    Mutant(
        "old letters deleted before they are kept",
        (
            Edit(
                "leh_guardian/redrive/keeping.py",
                "    await ctx.can.letters.keep(\n",
                "    await ctx.can.queues.delete(queue, [message.receipt for message in due])\n"
                "    await ctx.can.letters.keep(\n",
            ),
        ),
    ),
    Mutant(
        "what is no event deleted",
        (
            Edit(
                INTAKE,
                "        return [read.message.receipt for read in reads if read.fault is None]\n",
                "        return [read.message.receipt for read in reads]\n",
            ),
        ),
    ),
    Mutant(
        "a settlement's statement without its fence",
        (
            Edit(
                ACTIONS,
                " lease_until = null, updated_at = $7 where id = $1 and attempt = $2 and status = 'running'",
                " lease_until = null, updated_at = $7 where id = $1 and $2::int > 0 and status = 'running'",
            ),
        ),
        tests=("tests/integration/store/contract/test_attempts.py",),
    ),
    Mutant(
        "leases by the replica's clock",
        (
            Edit(
                ACTIONS,
                "           or a.status = 'running' and a.lease_until < clock_timestamp())\n      and ({_RANK} = 3",
                "           or a.status = 'running' and a.lease_until < $2)\n      and ({_RANK} = 3",
            ),
        ),
        tests=("tests/integration/store/contract/test_claims.py",),
    ),
    Mutant(
        "a copy of an upload is another upload",
        (
            Edit(
                "leh_guardian/model/expectation.py",
                "        if after.mark == self.mark or self._is_older(after):",
                "        if self._is_older(after):",
            ),
        ),
    ),
    Mutant(
        "what is finished late stays open",
        (
            Edit(
                "leh_guardian/engine/expecting.py",
                "    return before.fired and not now.fired and rule.dedup is None",
                "    return False",
            ),
        ),
    ),
    Mutant(
        "calls go on beyond the lease",
        (Edit("leh_guardian/engine/fence.py", "            if self._lease.over:\n", "            if False:\n"),),
        tests=("tests/contracts/handlers",),
    ),
    Mutant(
        "an answer that is not SQS's believed",
        (Edit("leh_guardian/adapters/sqs.py", "        if unsaid := [", "        if False and [", times=1),),
        tests=("tests/contracts/handlers",),
    ),
    Mutant(
        "another idempotency key for the same piece",
        (
            Edit(
                "leh_guardian/model/reprocessing.py",
                '    return str(key(f"{action}/reprocess/{evidence}"))',
                '    return str(__import__("uuid").uuid4())',
            ),
        ),
        tests=("tests/faults/test_killed_reprocess.py",),
    ),
    Mutant(
        "an approval that covers whatever follows",
        (
            Edit(
                "leh_guardian/engine/approving.py",
                "escalation.covers.get(step.id) == digest(run, step, params)",
                "step.id in escalation.covers",
            ),
        ),
        tests=("tests/integration/engine/test_asked_once.py",),
    ),
    Mutant(
        "an index that may have been asked for, asked for again",
        (
            Edit(
                "leh_guardian/reprocess/reindexing.py",
                "if state.reindex is Reindexed.NOT_ASKED:",
                "if state.reindex in {Reindexed.NOT_ASKED, Reindexed.ASKING, Reindexed.ASKED}:",
            ),
        ),
        tests=("tests/integration/handlers/test_reconcile_case.py",),
    ),
    Mutant(
        "delete before commit, in real processes",
        (
            Edit(
                INTAKE,
                "        reads = await self._commit_or_isolate(",
                "        await self._queue.delete([message.receipt for message in messages])\n"
                "        reads = await self._commit_or_isolate(",
            ),
        ),
        tests=("tests/faults/test_random_kills.py",),
    ),
    *CALLING,
    *COUNTING,
    *SPENDING,
)
