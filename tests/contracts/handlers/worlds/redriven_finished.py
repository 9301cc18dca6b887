"""The proof of a redrive: an effect is anything but a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.contracts.handlers.sqs_world import SqsWorld

_QUESTIONS = frozenset({"GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueues"})


class Finished(SqsWorld):
    """A DLQ that is empty after a redrive that nobody remembers: several looks, with checkpoints between them."""

    handler = "redriven_finished"

    def params(self) -> Mapping[str, Any]:
        """Wait until what was redriven could have come back."""
        return {"queue": self.dlq}

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something; a receive hides messages and counts."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS})


WORLDS = (Finished,)
