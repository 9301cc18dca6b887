"""Owns the taking in of alerts; the one rule: a message is deleted from SQS only after its transaction (T1) has committed.

Several long polls fill a bounded buffer; one committer takes whatever is there, parses and matches it (pure), writes one
transaction for all of it and then deletes in batches of ten. When the store is slow the buffer fills and polling stops.
When the store is away, what was received is kept and polling stops, too: each further receive would bring an alert nearer
to the queue's own DLQ. That a kept message comes back meanwhile does no harm, the inbox finds it.
A long poll is never cancelled: a cancelled one swallows messages until their visibility timeout ends.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import anyio
import anyio.abc
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from leh_guardian.clock import Clock
from leh_guardian.engine import spending
from leh_guardian.engine.changes import Changes
from leh_guardian.engine.matched import Matched
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.received import Read, with_prices
from leh_guardian.errors import GuardianError, MalformedEvent, RightsMissing, StoreError, StoreUnavailable, Unavailable
from leh_guardian.model.event import Event, parse_body
from leh_guardian.model.heartbeat import beat_of
from leh_guardian.model.journal import Kind
from leh_guardian.model.spend.limits import Usual
from leh_guardian.model.spend.usage import Usage
from leh_guardian.model.text import told
from leh_guardian.ports import AlertQueue, ReceivedMessage
from leh_guardian.rules.ruleset import Match, RuleSet
from leh_guardian.store import heartbeats, inbox
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import Transaction, transaction
from leh_guardian.telemetry.failpoints import failpoint
from leh_guardian.telemetry.metrics import Metrics

_BATCH = 500
"""Messages in one transaction, at most."""
_WEIGHT = 4 * 1024 * 1024
"""Bytes of bodies in one transaction, and in the buffer, at most; each may be passed by what comes at once.

Parsed, what is nothing but brackets takes forty times as much: with 8 MiB that was the whole of a small container.
"""
_LEAST_WEIGHT = 8 * 1024
"""What a message counts at least, so that the buffer holds about one transaction of small ones."""
_FULL = 10
"""Messages that SQS gives or deletes at once, at most."""
_LINGER = 0.05
"""Seconds to wait for more after a full poll."""
_LOOKED_AT = 2000
"""Bytes of a body that is no event which are looked at, so that what is cut off for the journal is not half a secret."""
_DELETES = 16
"""Deletes in flight, at most: with SQS slow to delete, committing waits."""
_DELETE_DEADLINE = 15.0
"""Seconds for one delete: with SQS hanging, committing must go on."""
_NAP = 5.0
"""Seconds to wait for room before saying that all is well."""
_IDLE = 10.0
"""Seconds to wait for messages before saying that all is well."""


class Intake:
    """Takes alerts from the queue into the store."""

    def __init__(
        self,
        queue: AlertQueue,
        pool: Pool,
        planner: Planner,
        rules: Callable[[], RuleSet],
        clock: Clock,
        metrics: Metrics,
        *,
        replica: str,
        planned: Callable[[], None],
        usual: Callable[[], Usual] = Usual,
    ) -> None:
        self._usual = usual
        self._queue = queue
        self._pool = pool
        self._planner = planner
        self._rules = rules
        self._clock = clock
        self._metrics = metrics
        self._replica = replica
        self._planned = planned
        self._log = structlog.get_logger("intake")
        self._deleting = anyio.Semaphore(_DELETES)
        self._kept: list[ReceivedMessage] = []
        """Received, and not committed because the store was away."""
        self._buffered = 0
        self._room = anyio.Event()
        self._trouble = ""
        """Why the last poll failed, if it did."""
        self.oldest_seconds = 0.0
        """Age of the oldest message in the last poll."""

    async def ping(self) -> None:
        """Raise when alerts cannot be taken from the queue: it does not answer, or it is seen and may not be received from."""
        await self._queue.ping()
        if self._trouble:
            raise Unavailable(self._trouble)

    async def run_once(self) -> int:
        """Poll once, take in what came and delete it; returns how many messages came."""
        messages = await self._queue.receive()
        await self.take_in(messages)
        return len(messages)

    async def poll(self, into: MemoryObjectSendStream[Sequence[ReceivedMessage]]) -> int:
        """Long-poll once and hand on what came; returns how many messages came. Waits a while when there is no room."""
        with anyio.move_on_after(_NAP):
            while not self._has_room():
                await self._room.wait()
        if not self._has_room():
            return 0
        try:
            with anyio.CancelScope(shield=True):
                messages = await self._queue.receive()
        except GuardianError as error:
            self._trouble = str(error)
            raise
        self._trouble = ""
        failpoint("intake.received")
        self._note_age(messages)
        if messages:
            self._buffered += _weight(messages)
            await into.send(messages)
        return len(messages)

    def _has_room(self) -> bool:
        return not self._kept and self._buffered < _WEIGHT

    async def _next(self, source: MemoryObjectReceiveStream[Sequence[ReceivedMessage]]) -> Sequence[ReceivedMessage]:
        try:
            messages = source.receive_nowait()
        except anyio.WouldBlock:
            messages = await source.receive()
        self._buffered -= _weight(messages)
        self._make_room()
        return messages

    def _make_room(self) -> None:
        self._room.set()
        self._room = anyio.Event()

    def _note_age(self, messages: Sequence[ReceivedMessage]) -> None:
        sent = [message.sent_at for message in messages if message.sent_at is not None]
        self.oldest_seconds = max(0.0, self._clock.now().timestamp() - min(sent)) if sent else 0.0

    async def drain(
        self, source: MemoryObjectReceiveStream[Sequence[ReceivedMessage]], deletes: anyio.abc.TaskGroup
    ) -> int:
        """Wait a while for messages, commit all that are there, and delete them in `deletes`; returns how many.

        One committer keeps the order of arrival; the deletes of one batch run beside the commit of the next.

        Raises:
            anyio.EndOfStream: every poller has ended and the buffer is empty.
            StoreError: nothing was committed, or nobody can tell; the next call tries the same messages again.
        """
        batch = self._kept or await self._gather(source)
        try:
            receipts = await self.commit(batch)
        except StoreError:
            # Received again and again meanwhile, alerts would end in the queue's own DLQ.
            self._kept = batch
            raise
        self._kept = []
        self._make_room()
        for start in range(0, len(receipts), _FULL):
            await self._deleting.acquire()
            deletes.start_soon(self._delete_portion, receipts[start : start + _FULL])
        return len(batch)

    async def _gather(self, source: MemoryObjectReceiveStream[Sequence[ReceivedMessage]]) -> list[ReceivedMessage]:
        batch: list[ReceivedMessage] = []
        weight = 0
        with anyio.move_on_after(_IDLE):
            batch.extend(await self._next(source))
            weight = _weight(batch)
        # A full poll is seldom alone: under load a moment's wait makes one transaction of many.
        with anyio.move_on_after(_LINGER if len(batch) >= _FULL else 0), contextlib.suppress(anyio.EndOfStream):
            while batch and len(batch) < _BATCH and weight < _WEIGHT:
                more = await self._next(source)
                batch.extend(more)
                weight += _weight(more)
        return batch

    async def take_in(self, messages: Sequence[ReceivedMessage]) -> None:
        """Commit a batch (T1) and then delete it from the queue.

        Raises:
            StoreUnavailable: nothing was committed, or nobody can tell; the messages come back by themselves.
        """
        receipts = await self.commit(messages)
        async with anyio.create_task_group() as deletes:
            for start in range(0, len(receipts), _FULL):
                await self._deleting.acquire()
                deletes.start_soon(self._delete_portion, receipts[start : start + _FULL])

    async def commit(self, messages: Sequence[ReceivedMessage]) -> list[str]:
        """Commit a batch (T1); returns the receipts of what may be deleted now.

        Raises:
            StoreUnavailable: nothing was committed, or nobody can tell; the messages come back by themselves.
        """
        if not messages:
            return []
        rules = self._rules()
        reads = await self._commit_or_isolate([self._read(message, rules) for message in messages], rules)
        failpoint("intake.committed")
        if any(read.matches for read in reads):
            self._planned()
        return [read.message.receipt for read in reads if read.fault is None]

    def _read(self, message: ReceivedMessage, rules: RuleSet) -> Read:
        try:
            events, used = with_prices(parse_body(message.body), rules)
            beats = [(name, event) for event in events if (name := beat_of(event.envelope)) is not None]
            matches = [(event, match) for event in events for match in rules.match(event)]
            return Read(message, matches, beats=beats, used=used)
        except MalformedEvent as fault:
            return Read(message, fault=told(fault))
        except Exception as error:
            # A defect that one body brings out must not end the daemon at each of its deliveries.
            self._log.exception("a message could not be matched", **_about(message))
            return Read(message, fault=told(f"not matched: {error}"))

    async def _commit_or_isolate(self, reads: Sequence[Read], rules: RuleSet) -> Sequence[Read]:
        """Commit a batch; if something in it cannot be stored, commit the others and leave that one to the queue."""
        try:
            await self._commit(reads, rules)
        except (StoreUnavailable, RightsMissing):
            raise
        except Exception as error:
            # One message that trips a defect must not stop all the others.
            if half := len(reads) // 2:
                # By halves: one among five hundred is found in nine steps, and its neighbours share their transactions.
                parts = (reads[:half], reads[half:])
                return [done for part in parts for done in await self._commit_or_isolate(part, rules)]
            if reads[0].fault is not None:
                raise
            self._log.exception("a message could not be taken in", **_about(reads[0].message))
            return await self._commit_or_isolate([Read(reads[0].message, fault=told(f"not taken in: {error}"))], rules)
        return reads

    async def _commit(self, reads: Sequence[Read], rules: RuleSet) -> None:
        now = self._clock.now()
        changes = Changes(now)
        good = [read for read in reads if read.fault is None]
        for read in reads:
            if read.fault is not None:
                changes.note(Kind.MALFORMED, read.fault, data=_about(read.message))
        async with transaction(self._pool) as tx:
            kept = [(bool(read.matches or read.used), read.message.body) for read in good if not read.canary]
            await inbox.log_bodies(tx, now, kept)
            matches = [pair for read in good for pair in read.matches]
            await self._plan(tx, changes, rules, matches, [one for read in good for one in read.used])
            await self._hear(tx, changes, [beat for read in good for beat in read.beats])
            await changes.write(tx, self._replica)
            failpoint("intake.before_commit")
        self._count(reads)
        for outcome, number in changes.heard.items():
            self._metrics.expectations.labels(outcome).inc(number)

    async def _plan(
        self,
        tx: Transaction,
        changes: Changes,
        rules: RuleSet,
        matches: Sequence[tuple[Event, Match]],
        used: Sequence[tuple[Event, Usage | None]],
    ) -> None:
        if not matches and not used:
            return
        keys = [event.key for event, _ in matches]
        fresh = await inbox.take(tx, changes.now, [*keys, *(event.key for event, _ in used)])
        # Before the locks of rules, in every batch of every replica.
        crossed = await self._spend(tx, changes, rules, {e.key: (e, usage) for e, usage in used if e.key in fresh})
        batch = [Matched(event, match) for event in crossed for match in rules.match(event)]
        planned: set[tuple[object, str]] = set()
        for key, (event, match) in zip(keys, matches, strict=True):
            # The same event twice in one batch is planned once, too.
            mark = (key, match.rule.id)
            if key in fresh and mark not in planned:
                planned.add(mark)
                batch.append(Matched(event, match))
        self._metrics.duplicates.inc(len(matches) - len(planned))
        if batch:
            await self._planner.plan(tx, changes, rules, batch)

    async def _spend(
        self, tx: Transaction, changes: Changes, rules: RuleSet, used: Mapping[UUID, tuple[Event, Usage | None]]
    ) -> list[Event]:
        """Count what was used; returns what it crosses."""
        good: list[tuple[datetime, Usage]] = []
        for event, usage in used.values():
            if usage is None:
                changes.count(Kind.NO_TOKENS, "", "a record of use without usable numbers of tokens")
            else:
                good.append((min(event.occurred_at or changes.now, changes.now), usage))
        if rules.budget is None:
            return []
        return await spending.take_in(tx, changes, rules.budget, self._usual(), good)

    async def _hear(self, tx: Transaction, changes: Changes, beats: Sequence[tuple[str, Event]]) -> None:
        """Write down who is alive; what follows is engine/silence.py's."""
        newest: dict[str, datetime] = {}
        for name, event in beats:
            sent = min(event.occurred_at or changes.now, changes.now)
            newest[name] = max(sent, newest.get(name, sent))
        if newest:
            known = await heartbeats.beat(tx, newest)
            self._metrics.beats.labels("yes").inc(len(known))
            self._metrics.beats.labels("no").inc(len(newest) - len(known))

    async def _delete_portion(self, receipts: Sequence[str]) -> None:
        """Delete up to ten messages; a failed delete costs a redelivery, which the inbox finds."""
        try:
            with anyio.fail_after(_DELETE_DEADLINE):
                self._metrics.deleted.inc(await self._queue.delete(receipts))
        except (GuardianError, TimeoutError) as error:
            self._log.warning("could not delete: the messages come back and are found in the inbox", error=str(error))
        finally:
            self._deleting.release()
        failpoint("intake.deleted")

    def _count(self, reads: Sequence[Read]) -> None:
        for outcome, number in Counter(read.outcome for read in reads).items():
            self._metrics.messages.labels(outcome).inc(number)
        for read in reads:
            if read.fault is not None:
                self._log.warning(
                    "not an event: left to the queue's own redrive policy",
                    reason=read.fault,
                    **_about(read.message),
                )


def _weight(messages: Sequence[ReceivedMessage]) -> int:
    return sum(max(_LEAST_WEIGHT, len(message.body)) for message in messages)


def _about(message: ReceivedMessage) -> dict[str, object]:
    return {
        "message_id": message.id,
        "receive_count": message.receive_count,
        "bytes": len(message.body),
        "begins": told(message.body[:_LOOKED_AT].decode("utf-8", "replace"), 120),
    }
