"""Owns the press of a button in a chat; the one rule: what may be done stands in the button, who did it is said by the chat alone.

Whoever is in `oncall.yaml` may press, also those whom the message was not for: a colleague beside you is not to be locked out. The
journal has both. A stranger is told so and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from leh_guardian.adapters.channels.slack_press import FAILED
from leh_guardian.clock import Clock
from leh_guardian.engine import answering
from leh_guardian.engine.answering import Word
from leh_guardian.engine.directory import PERSON, Directory
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.language import Locale, Text
from leh_guardian.model.answer_token import AnswerToken, Keys, Purpose, Refusal
from leh_guardian.store import incidents
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction

_OLD: Final = Text(
    ko="사용할 수 없는 버튼입니다. 최신 메시지의 버튼을 눌러 주세요.",
    en="This button cannot be used. Press the one of the newest message.",
)
_EXPIRED: Final = Text(
    ko="만료된 버튼입니다. 최신 메시지의 버튼을 눌러 주세요.",
    en="This button has expired. Press the one of the newest message.",
)
_DECISIONS: Final = {Purpose.APPROVE, Purpose.REJECT}
_log = structlog.get_logger("presses")


class Presses:
    """Does what is pressed in Slack."""

    def __init__(
        self, pool: Pool, clock: Clock, keys: Keys, directory: Callable[[], Directory], requests: RestoreRequests
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._keys = keys
        self._directory = directory
        self._requests = requests

    def apology(self, user: str) -> str:
        """Return what the person with the Slack id `user` is told whose press could not be done."""
        return FAILED.of(self._locale(user))

    async def press(self, token: str, user: str) -> str:
        """Do what the button of `token` is for, as the person with the Slack id `user`; returns what to tell them.

        Raises:
            StoreError: it cannot be done now.
        """
        now = self._clock.now()
        read = self._keys.read(token, now)
        person = self._directory().by_slack(user)
        locale = self._locale(user)
        if not isinstance(read, AnswerToken) or read.purpose is Purpose.LINK:
            _log.warning("a button that is none of ours", user=user, why=str(read))
            return (_EXPIRED if read is Refusal.EXPIRED else _OLD).of(locale)
        if person is None:
            _log.warning("a stranger has pressed a button", user=user, number=read.number)
            return _stranger(user).of(locale)
        if read.purpose is Purpose.RESTORE:
            return (await self._requests.ask(read.case, person.id, person.name)).of(locale)
        way = answering.through(self._directory, via="slack", user=user, made_for=read.target)
        way = replace(way, name=person.name)
        # Whoever acknowledges may have seen anything: it is never wrong.
        as_of = read.seq if read.purpose in {Purpose.ESCALATE, Purpose.RESOLVE, Purpose.SNOOZE} else None
        told = read.target if read.purpose is Purpose.ACK else ""
        word = Word(read.purpose.value, person.id, way, as_of=as_of, told=told)
        async with transaction(self._pool) as tx:
            if read.purpose in _DECISIONS:
                return (await answering.decide(tx, read.action, word, now)).text
            found = await incidents.numbered(tx, read.number)
            return (await answering.answer(tx, found, word, now)).text

    def _locale(self, user: str) -> Locale:
        person = self._directory().by_slack(user)
        return self._directory().locale(PERSON + person.id if person else "")


def _stranger(user: str) -> Text:
    return Text(
        ko=(
            "당직 설정(oncall.yaml)에 등록되지 않은 Slack 사용자라서 처리하지 않았습니다. "
            f"people에 slack: {user}을(를) 등록하세요."
        ),
        en=(
            "Nothing was done: oncall.yaml has nobody with this Slack account. "
            f"Add slack: {user} to somebody in its people."
        ),
    )
