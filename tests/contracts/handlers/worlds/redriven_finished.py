"""The proof of a redrive: an effect is anything but a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from leh_guardian.ports import MovedLetter
from tests.contracts.handlers.sqs_world import SqsWorld
from tests.support.clock import FakeClock
from tests.support.letters import Remembered

_QUESTIONS = frozenset({"GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ListQueues"})


class _OneMoved(Remembered):
    """The memory of a letter that went back when the stage was set, whatever incident asks."""

    async def moved(
        self, queue: str, incident: UUID, *, action: UUID | None = None, most: int = 10_000
    ) -> Sequence[MovedLetter]:
        """Tell of it."""
        began = FakeClock().now()
        return [MovedLetter("m", UUID(int=1), began, began + timedelta(seconds=105))]


class Finished(SqsWorld):
    """A DLQ that is empty after a redrive: several looks until a failure would be back, with checkpoints between them."""

    handler = "redriven_finished"

    def open(self) -> None:
        """Remember what went back."""
        super().open()
        self.letters = _OneMoved()

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
