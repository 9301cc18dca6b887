"""The redrive of a DLQ: an effect is a message that arrives in the worker's queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.contracts.handlers.sqs_world import SqsWorld


class Redrive(SqsWorld):
    """Twelve messages in a DLQ: a full batch and another."""

    handler = "dlq_redrive"
    writes = frozenset({"SendMessageBatch", "DeleteMessageBatch"})
    # Between sending a batch and remembering it: ten messages.
    windows: ClassVar = {"SendMessageBatch": 10, "redrive.sent": 10}

    def open(self) -> None:
        """Fill the DLQ."""
        super().open()
        self.bodies = {f"증거 {n:02}" for n in range(12)}
        self.fill()

    def fill(self) -> None:
        """Put the messages in."""
        self.server.put(self.dlq, sorted(self.bodies))

    def params(self) -> Mapping[str, Any]:
        """Redrive it."""
        return {"queue": self.dlq, "rate": 1000}

    def expected(self) -> set[str]:
        """Every message arrives."""
        return self.bodies

    def effects(self) -> Counter[str]:
        """How often each arrived."""
        return self.server.bodies(self.queue)

    def lost(self) -> set[str]:
        """Gone from the DLQ, and never arrived."""
        live = {"ready", "delayed", "in_flight"}
        return (
            self.bodies - set(self.effects()) - {e["body"] for e in self.server.ledger(self.dlq) if e["state"] in live}
        )


class RedriveFifo(Redrive):
    """The same with FIFO queues, which know a message again within five minutes: nothing arrives twice, and none overtakes."""

    name, worker = "fifo", "worker.fifo"
    windows: ClassVar = {}

    def fill(self) -> None:
        """Put the messages in, in four groups."""
        self.server.put(self.dlq, sorted(self.bodies), group=lambda n: f"group {n % 4}", deduplication_id=str)

    def effects(self) -> Counter[str]:
        """How often each arrived; those of a group in the order in which they died."""
        arrived = self.server.ledger(self.queue)
        for group in {entry["group"] for entry in arrived}:
            bodies = [entry["body"] for entry in arrived if entry["group"] == group]
            assert bodies == sorted(bodies), f"overtaken in {group}: {bodies}"
        return super().effects()


WORLDS = (Redrive, RedriveFifo)
