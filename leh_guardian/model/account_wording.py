"""Owns what is said of an account that is blocked or let in again; the one rule: what it is now, and what is left for people to do.

Ids, labels and what others answered are data: they are the same in every language.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text
from leh_guardian.model.text import shown

NEVER_BLOCKED: Final = Text(
    ko="차단하지 않기로 한 계정입니다(product_database.never_block, service_user)",
    en="it is one that is never blocked (product_database.never_block, service_user)",
)
LAST_ADMIN: Final = Text(
    ko="마지막 활성 관리자 계정입니다. 다른 관리자를 먼저 만드십시오",
    en="it is the last active administrator: make another one first",
)


def is_blocked(user: str, stored: str) -> Text:
    """That there is nothing to block."""
    label = shown(stored, 40)
    return Text(
        ko=f"계정 {user}는 이미 차단되어 있습니다({label})", en=f"the account {user} is blocked already ({label})"
    )


def not_active(user: str, status: str) -> Text:
    """That it is neither active nor blocked."""
    return Text(
        ko=f"계정 {user}의 상태가 active가 아니라 {status}입니다. 사람이 확인해야 합니다",
        en=f"the account {user} is not active but {status}: a person has to look",
    )


def refused(user: str, why: Text) -> Text:
    """Why it is one that guardian does not block."""
    return Text(ko=f"계정 {user}를 차단하지 않았습니다: {why.ko}", en=f"the account {user} was not blocked: {why.en}")


def would_block(user: str) -> Text:
    """What a dry run finds."""
    return Text(ko=f"계정 {user}를 차단할 것입니다", en=f"would block the account {user}")


def blocked(user: str, sessions: Text) -> Text:
    """That it is done, and what became of its open sessions."""
    return Text(
        ko=f"계정 {user}를 차단하고 LEH 감사 로그에 기록했습니다. {sessions.ko}",
        en=f"the account {user} is blocked, and LEH's audit log says so. {sessions.en}",
    )


LIVE_ON: Final = Text(ko="열린 세션은 만료될 때까지 유효합니다", en="Open sessions live until they expire")
REVOKED: Final = Text(ko="열린 세션도 모두 취소했습니다", en="All its open sessions are revoked")


def changed_since(status: str) -> Text:
    """That somebody has changed it after the block, so that its sessions were left alone."""
    return Text(
        ko=f"그 뒤 상태가 {status}로 바뀌었습니다. 열린 세션은 취소하지 않았습니다",
        en=f"Its status was changed to {status} since; open sessions were not revoked",
    )


def revoking_again(user: str, why: str) -> Text:
    """That its sessions are asked to end once more."""
    return Text(
        ko=f"계정 {user}는 차단했고, 열린 세션 취소를 다시 시도합니다: {why}",
        en=f"the account {user} is blocked; its open sessions are asked to end again: {why}",
    )


def not_revoked(user: str, why: str) -> Text:
    """What is left for people: its sessions."""
    return Text(
        ko=f"계정 {user}는 차단했지만 열린 세션을 취소하지 못했습니다. 차단은 유지됩니다. 세션을 직접 취소하세요: {why}",
        en=f"the account {user} is blocked, but its open sessions could not be revoked. It stays blocked: end them by hand: {why}",
    )


def blocked_briefly(user: str, before: str, label: str) -> Text:
    """The same, in few words."""
    change = f"{shown(before, 40)} → {label}"
    return Text(ko=f"계정 {user} 차단: {change}", en=f"account {user} blocked: {change}")


def is_active(user: str) -> Text:
    """That there is no block to end."""
    return Text(ko=f"계정 {user}는 이미 active입니다", en=f"the account {user} is active already")


def not_blocked(user: str, status: str) -> Text:
    """That it is neither blocked nor active."""
    return Text(
        ko=f"계정 {user}는 차단된 상태가 아니라 {status}입니다. 사람이 확인해야 합니다",
        en=f"the account {user} is not blocked but {status}: a person has to look",
    )


def would_unblock(user: str) -> Text:
    """What a dry run finds."""
    return Text(ko=f"계정 {user}의 차단을 해제할 것입니다", en=f"would unblock the account {user}")


def unblocked(user: str) -> Text:
    """That the block has ended."""
    return Text(
        ko=f"계정 {user}의 차단을 해제하고 LEH 감사 로그에 기록했습니다",
        en=f"the account {user} is unblocked, and LEH's audit log says so",
    )


def unblocked_briefly(user: str, label: str) -> Text:
    """The same, in few words."""
    return Text(ko=f"계정 {user} 차단 해제: {shown(label, 40)}", en=f"account {user} unblocked: {shown(label, 40)}")
