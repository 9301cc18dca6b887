"""The rescue of ageing letters: an effect is a letter that is in quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.contracts.handlers.sqs_world import SqsWorld


class Keep(SqsWorld):
    """Two letters in a DLQ."""

    handler = "keep_letters"
    writes = frozenset({"DeleteMessageBatch"})

    def open(self) -> None:
        """Fill the DLQ."""
        super().open()
        self.bodies = {f"증거 {n:02}" for n in range(2)}
        self.server.put(self.dlq, sorted(self.bodies))

    def params(self) -> Mapping[str, Any]:
        """Keep what does not last a month: nothing does, at four days of retention."""
        return {"queue": self.dlq, "within": "30d"}

    def expected(self) -> set[str]:
        """Every letter is kept."""
        return self.bodies

    def effects(self) -> Counter[str]:
        """What is kept, by its body: nobody can keep a message twice."""
        return Counter(letter.message.body.decode() for letter in self.letters.kept.values())

    def lost(self) -> set[str]:
        """Gone from the DLQ, and not kept."""
        live = {"ready", "delayed", "in_flight"}
        there = {e["body"] for e in self.server.ledger(self.dlq) if e["state"] in live}
        return self.bodies - set(self.effects()) - there


WORLDS = (Keep,)
