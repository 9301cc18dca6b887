"""Owns prices of models; the one rule: what has no price costs what the dearest does, and that is said.

Prices are per million tokens, as providers publish them, each from a day on. A dated name such as gpt-4o-2024-08-06 that has no
price of its own has that of the longest name it begins with, at a hyphen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

_MILLION: Final = Decimal(1_000_000)
_FINEST: Final = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens of a model cost from a day on, in USD for a million."""

    since: date
    prompt: Decimal
    completion: Decimal

    def of(self, prompt: int, completion: int) -> Decimal:
        """Return what an attempt costs, in USD, exact to a billionth."""
        return ((prompt * self.prompt + completion * self.completion) / _MILLION).quantize(_FINEST).normalize()


@dataclass(frozen=True, slots=True)
class Prices:
    """The price table."""

    models: Mapping[str, tuple[Price, ...]]
    """{model: prices, the oldest first}."""

    def cost(self, model: str, prompt: int, completion: int, at: datetime | None) -> tuple[Decimal, bool]:
        """Return what an attempt cost, and whether its model has a price."""
        found = self._find(model)
        if found is not None:
            return _on(found, at).of(prompt, completion), True
        dearest = [_on(prices, at).of(prompt, completion) for prices in self.models.values()]
        return max(dearest, default=Decimal(0)), False

    def _find(self, model: str) -> tuple[Price, ...] | None:
        name = model.lower()
        while name and name not in self.models:
            name = name.rpartition("-")[0]
        return self.models.get(name)


def _on(prices: tuple[Price, ...], at: datetime | None) -> Price:
    """Return the price of a day: the newest that began by then, the first one for what is older than all."""
    day = at.date() if at is not None else date.max
    return next((price for price in reversed(prices) if price.since <= day), prices[0])
