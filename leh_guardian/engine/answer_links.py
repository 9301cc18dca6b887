"""Owns how whoever is called can answer: the link and the buttons of a message; the one rule: made for one reader.

A link is for a person's own message, and opens the page on which the incident is acknowledged. A place that many read gets none:
nobody could be told from the others by it. Buttons come back with who has pressed them, so places have them, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from leh_guardian.engine.directory import PERSON
from leh_guardian.language import NOTHING, Locale, Text
from leh_guardian.model.answer_token import CASE, AnswerToken, Keys, Purpose
from leh_guardian.model.incident import Incident, IncidentStatus
from leh_guardian.model.policy import GRAVE
from leh_guardian.ports import Button

_LINK_HOLDS: Final = timedelta(hours=24)
"""How long a link is good after the time that its level gives to answer."""
_BUTTON_HOLDS: Final = timedelta(days=7)
_RESTORE: Final = Text(ko="복구 요청", en="Ask for its restore")
_SURE: Final = Text(
    ko="이 사건의 복구를 요청합니다. 종료가 실수인지 확인하셨나요?",
    en="The restore of this case is asked for. Have you made sure that closing it was a mistake?",
)
_LABELS: Final = {
    Purpose.ACK: Text(ko="확인", en="Acknowledge"),
    Purpose.APPROVE: Text(ko="승인", en="Approve"),
    Purpose.REJECT: Text(ko="거절", en="Reject"),
    Purpose.ESCALATE: Text(ko="상위 보고", en="Escalate"),
    Purpose.RESOLVE: Text(ko="해결", en="Resolve"),
    Purpose.SNOOZE: Text(ko="30분 보류", en="Snooze 30 min"),
}
_CONFIRM: Final = {
    Purpose.APPROVE: Text(
        ko="승인하면 조치가 실행됩니다. 내용을 확인하셨나요?",
        en="Once approved, the remedy is carried out. Have you looked at it?",
    ),
    Purpose.REJECT: Text(
        ko="거절하면 이 조치는 실행되지 않습니다.", en="Once rejected, this remedy is not carried out."
    ),
    Purpose.ESCALATE: Text(
        ko="다음 등급의 담당자를 지금 호출합니다.", en="The people of the next level are called now."
    ),
    Purpose.RESOLVE: Text(
        ko="장애를 해결 처리합니다. 아직 시작하지 않은 조치는 취소됩니다.",
        en="The incident is resolved. Remedies that have not started are withdrawn.",
    ),
}


@dataclass(frozen=True, slots=True)
class Replies:
    """The ways to answer that one message has."""

    link: str = ""
    code: str = ""
    """What the link's page asks for; empty where it asks for nothing."""
    buttons: tuple[Button, ...] = ()


class AnswerLinks:
    """Makes the links and buttons of messages; none without keys."""

    def __init__(self, keys: Keys | None = None, public_url: str = "") -> None:
        self._keys = keys
        self._public_url = public_url.rstrip("/")

    def replies(
        self,
        incident: Incident,
        params: Mapping[str, Any],
        proposed: UUID | None,
        now: datetime,
        locale: Locale = Locale.KO,
    ) -> Replies:
        """Return how the reader of a message can answer it; `proposed` is the action that waits for a word, if one does."""
        if self._keys is None or incident.status is IncidentStatus.RESOLVED:
            return Replies()
        level = params["level"] or incident.level
        target = params["target"]
        buttons = tuple(self._buttons(self._keys, incident, params, level, proposed, now, locale))
        if not self._public_url or not target.startswith(PERSON):
            return Replies(buttons=buttons)
        expires = now + self._patience(incident) + _LINK_HOLDS
        token = AnswerToken(Purpose.LINK, incident.number, target, expires, level)
        code = self._keys.code(incident.number, target) if level >= GRAVE else ""
        return Replies(f"{self._public_url}/a/{self._keys.sign(token)}", code, buttons)

    def restore(self, case: str, now: datetime, locale: Locale) -> Button | None:
        """Return the button that asks for a case's restore; None without keys, or where its id has no room in a token."""
        token = AnswerToken(Purpose.RESTORE, 0, f"{CASE}{case}", now + _BUTTON_HOLDS)
        try:
            text = self._keys.sign(token) if self._keys is not None else ""
        except ValueError:
            text = ""
        return Button(token.purpose.value, _RESTORE.of(locale), text, _SURE.of(locale)) if text else None

    @staticmethod
    def _buttons(
        keys: Keys,
        incident: Incident,
        params: Mapping[str, Any],
        level: int,
        proposed: UUID | None,
        now: datetime,
        locale: Locale,
    ) -> list[Button]:
        escalation = incident.escalation
        wanted = [Purpose.ACK]
        if proposed is not None:
            wanted += [Purpose.APPROVE, Purpose.REJECT]
        if escalation is not None:
            wanted.append(Purpose.ESCALATE)
        wanted.append(Purpose.RESOLVE)
        if escalation is not None and not escalation.needs_person and level < GRAVE:
            wanted.append(Purpose.SNOOZE)
        made = []
        for purpose in wanted:
            token = AnswerToken(
                purpose,
                incident.number,
                params["target"],
                now + _BUTTON_HOLDS,
                level,
                epoch=params["epoch"],
                seq=params["seq"],
                action=proposed if purpose in {Purpose.APPROVE, Purpose.REJECT} else None,
            )
            made.append(
                Button(
                    purpose.value,
                    _LABELS[purpose].of(locale),
                    keys.sign(token),
                    _CONFIRM.get(purpose, NOTHING).of(locale),
                )
            )
        return made

    @staticmethod
    def _patience(incident: Incident) -> timedelta:
        escalation = incident.escalation
        if escalation is None or not escalation.begun:
            return timedelta()
        return timedelta(seconds=escalation.policy.steps[escalation.step].ack_within or 0.0)
