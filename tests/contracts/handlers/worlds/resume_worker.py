"""The worker's start: an effect is a change of what feeds it, back to what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contracts.handlers.worlds.pause_worker import Fed


class Stopped(Fed):
    """The function, stopped both ways; it had a reserved concurrency of 7."""

    handler = "resume_worker"

    def open(self) -> None:
        """Stop it."""
        super().open()
        self.front.client.update_event_source_mapping(UUID=self.front.mapping, Enabled=False)
        self.front.client.put_function_concurrency(FunctionName=self.front.function, ReservedConcurrentExecutions=0)

    def params(self) -> Mapping[str, Any]:
        """Start both."""
        before = {"mappings": [self.front.mapping], "direct": True, "reserved": 7}
        return {"function": self.front.function, "before": before}

    def expected(self) -> set[str]:
        """Both are as they were."""
        return {"mapping on", "reserved 7"}


WORLDS = (Stopped,)
