"""Owns what people are told of a spent budget of a target; the one rule: how much it is, and how somebody who knows goes past it."""

from __future__ import annotations

from leh_guardian.language import Text, count, length
from leh_guardian.model.guards import Overdrawn


def refused(spent: Overdrawn) -> Text:
    """Return why an action does not run."""
    most, over, ago = spent.budget.max, length(spent.budget.per), length(spent.ago)
    return Text(
        ko=(
            f"{spent.target}에 대한 {spent.handler}은(는) {over.ko}에 {most}번까지만 실행합니다 (마지막 실행 {ago.ko} 전). "
            "실행하지 않았습니다. 확인한 뒤에도 필요하면 명령에 --over-budget을 붙여 직접 실행하세요."
        ),
        en=(
            f"{spent.handler} runs {count(most, 'time')} in {over.en} for {spent.target} at most, and did so {ago.en} ago. "
            "It was not carried out. If you have looked and it is needed all the same, start it by command with --over-budget."
        ),
    )
