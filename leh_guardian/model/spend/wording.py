"""Owns what is said of a bill that people decide on; the one rule: amounts as they are proposed, and what they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from leh_guardian.language import NOTHING, Text, count
from leh_guardian.model.spend.limits import Scope
from leh_guardian.model.text import shown

_OF_WHOM: Final = {Scope.CASE: Text(ko="사건", en="case"), Scope.USER: Text(ko="계정", en="account")}


@dataclass(frozen=True, slots=True)
class Cost:
    """What something cost."""

    usd: float
    tokens: int
    model: str = ""

    @property
    def named(self) -> Text:
        """It, with how much that was."""
        name = f"{self.model} " if self.model else ""
        return Text(
            ko=f"{name}{self.usd} USD({self.tokens} 토큰)", en=f"{name}{self.usd} USD ({count(self.tokens, 'token')})"
        )


def no_id(scope: Scope, given: str) -> Text:
    """That nobody has this id."""
    whose, told = _OF_WHOM[scope], shown(given, 100)
    return Text(ko=f"'{told}'은(는) {whose.ko} ID가 아닙니다", en=f"'{told}' is no {whose.en}'s id")


def proposes(scope: Scope, key: str, usd: float) -> Text:
    """What is proposed, and that people decide."""
    whose = _OF_WHOM[scope]
    return Text(
        ko=f"{whose.ko} {key}의 과금을 {usd} USD 조정하도록 제안합니다. 결정은 사람이 합니다",
        en=f"proposes to adjust the bill of {whose.en} {key} by {usd} USD; people decide",
    )


def brief(
    proposed: float, before: Cost, after: Cost | None, usual: float, dearest: Sequence[Cost], others: int
) -> Text:
    """The numbers in few words: before the circuit opened, after it, on a usual day, and by the dearest of its models."""
    then = Text(ko=f", 정지 뒤 {after.usd} USD", en=f", {after.usd} USD after it") if after else NOTHING
    models = Text.each(lambda locale: " · ".join(one.named.of(locale) for one in dearest))
    more = Text(ko=f" 외 {others}개", en=f" and {others} more") if others else NOTHING
    of = Text(ko=f", 모델별 {models.ko}{more.ko}", en=f", by model {models.en}{more.en}") if dearest else NOTHING
    return Text(
        ko=f"과금 조정 제안 {proposed} USD: 정지 전 {before.named.ko}{then.ko}, 평소 하루 {usual} USD{of.ko}",
        en=f"proposed adjustment {proposed} USD: {before.named.en} before the pause{then.en}, {usual} USD on a usual day{of.en}",
    )
