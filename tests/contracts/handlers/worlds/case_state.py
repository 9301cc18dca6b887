"""A look at a case changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.model.case import CaseRecord, RestorePolicy
from tests.contracts.handlers.worlds.reconcile_case import UnkeyedCase


class Looked(UnkeyedCase):
    """The same outside; LEH's database, whose faults are its adapter's tests', says that the case is closed."""

    handler, name = "case_state", "look"
    writes: ClassVar = frozenset()

    def open(self) -> None:
        """The closing has deleted the index."""
        super().open()
        self.outside.indexes.documents.clear()

    def params(self) -> Mapping[str, Any]:
        """Look."""
        return {"case": "case_1"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters."""
        return replace(await super().capabilities(stack, clock), cases=_Closed())  # type: ignore[arg-type]

    def expected(self) -> set[str]:
        """Nothing."""
        return set()

    def effects(self) -> Counter[str]:
        """What was asked for all the same."""
        return Counter(self.outside.desk.requests)


class _Closed:
    policy = RestorePolicy()

    async def look(self, case: str) -> CaseRecord:
        return CaseRecord(case, "closed", "CLOSED")


WORLDS = (Looked,)
