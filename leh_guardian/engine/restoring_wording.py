"""Owns what whoever presses 복구 요청 reads; the one rule: it says what follows, or why nothing does."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text

NO_CASE: Final = Text(ko="이 버튼에는 사건 ID가 없습니다.", en="This button names no case.")


def asked(case: str, number: int) -> Text:
    """That it was asked for."""
    return Text(
        ko=f"사건 {case}의 복구를 요청했습니다 (INC-{number}). 승인이 필요한 규칙이면 곧 승인 메시지가 옵니다.",
        en=f"The restore of case {case} was asked for (INC-{number}). Where its rule wants approval, that is asked for next.",
    )


def under_way(case: str, number: int) -> Text:
    """That nothing more is asked for."""
    return Text(
        ko=f"사건 {case}의 복구는 이미 요청되어 진행 중입니다 (INC-{number}).",
        en=f"The restore of case {case} was asked for already and is under way (INC-{number}).",
    )


def left_open(case: str, number: int) -> Text:
    """That an earlier request has ended without success, and people have it."""
    command = f"leh-guardian case restore {case} --reason …"
    return Text(
        ko=f"앞선 복구 요청이 끝내지 못한 채 열려 있습니다 (INC-{number})."
        f" 원인을 확인하고 해결 처리한 뒤 다시 누르거나 명령을 실행하세요: {command}",
        en=f"An earlier request has ended without success and is still open (INC-{number})."
        f" Look why, resolve it, and press again, or run: {command}",
    )


def held_back(case: str, number: int) -> Text:
    """That its rule's guards let nothing begin."""
    command = f"leh-guardian case restore {case} --reason …"
    return Text(
        ko=f"요청은 기록했지만 규칙의 한도(guards)로 아무것도 시작하지 않았습니다 (INC-{number})."
        f" 명령으로 복구할 수 있습니다: {command}",
        en=f"The request is noted, but the guards of its rule let nothing begin (INC-{number})."
        f" A command can restore it: {command}",
    )


def no_rule(case: str) -> Text:
    """That nobody takes such requests."""
    command = f"leh-guardian case restore {case} --reason …"
    return Text(
        ko=f"복구 요청을 받는 규칙이 없거나 꺼져 있어 요청하지 않았습니다. 명령으로 복구할 수 있습니다: {command}",
        en=f"No rule takes such requests, or it is off: nothing was asked for. A command can restore it: {command}",
    )


def not_found(case: str, why: str) -> Text:
    """That there is no such case."""
    return Text(ko=f"사건 {case}을(를) 찾을 수 없습니다: {why}", en=f"There is no case {case}: {why}")
