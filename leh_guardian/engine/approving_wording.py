"""Owns what people are shown of a plan that waits for their word; the one rule: each step by name, with what it is given."""

from __future__ import annotations

from collections.abc import Sequence

from leh_guardian.engine.approving import Proposed
from leh_guardian.language import Text, count


def proposal(shown: Sequence[Proposed], *, over_budget: bool = False) -> Text:
    """Return what one word is for: the steps that it covers, those that are asked for again, and whether it goes past a budget."""
    covered = [one for one in shown if one.known]
    steps = " → ".join(f"{one.handler} {one.params}" for one in covered)
    number = len(covered)
    said = Text(ko=f"승인 한 번으로 {number}단계 실행: {steps}", en=f"one word is for {count(number, 'step')}: {steps}")
    if over_budget:
        said = Text(
            ko=f"{said.ko}; 대상별 한도를 이미 사용했더라도 실행해 달라는 요청입니다",
            en=f"{said.en}; it was asked for even where the budget of its target is spent",
        )
    later = ", ".join(one.handler for one in shown if not one.known)
    if not later:
        return said
    return Text(
        ko=f"{said.ko}; {later}: 앞 단계의 결과가 나오면 다시 묻습니다",
        en=f"{said.en}; {later}: asked for again once the steps before it have ended",
    )
