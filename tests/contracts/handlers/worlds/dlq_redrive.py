"""The redrive of a DLQ: an effect is a message that arrives in the worker's queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.contracts.handlers.sqs_world import SqsWorld


class Redrive(SqsWorld):
    """Twenty-five messages in a DLQ: three batches."""

    handler = "dlq_redrive"
    writes = frozenset({"SendMessageBatch", "DeleteMessageBatch"})
    # Between sending a batch and remembering it: ten messages.
    windows: ClassVar = {"SendMessageBatch": 10, "redrive.sent": 10}

    def open(self) -> None:
        """Fill the DLQ."""
        super().open()
        self.bodies = {f"증거 {n}" for n in range(25)}
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


WORLDS = (Redrive,)
