"""Owns AlimTalk, SMS and calls to Korean phones through SOLAPI; the one rule: what goes there, others may read.

An AlimTalk is an approved template with variables and nothing else, so what has no template is refused and goes another way.
SOLAPI would send an SMS itself where an AlimTalk fails (`disableSms`): that is the engine's business, or there would be two.
It has no idempotency key: a text that may have gone out before says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from leh_guardian.adapters.channels import solapi_codes
from leh_guardian.adapters.channels.solapi_web import SolapiWeb
from leh_guardian.adapters.channels.texts import AGAIN, SUBJECT, compose, cp949, korean, spoken
from leh_guardian.errors import NotFound, Refused
from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.ports import Notice, NoticeKind, Receipt, Sent

SMS_BYTES: Final = 90
LMS_BYTES: Final = 2000
TEMPLATES: Final = ("triggered", "escalated", "resolved")
"""The occasions that have a template."""
_VARIABLE = 100
_SUMMARY = "요약"
_CALLING = {NoticeKind.PAGE, NoticeKind.REMINDER, NoticeKind.APPROVAL, NoticeKind.TEST}
_AGAIN_SPOKEN = Text(ko=" 다시 말씀드립니다. ", en=" Once more: ")
_ABROAD = re.compile(r"\+82([1-9][0-9]{7,9})")
_HERE = re.compile(r"0[1-9][0-9]{7,9}")


class _Solapi:
    """What the three ways have in common."""

    address: str = "phone"
    confirms: bool = True
    strict: bool = True

    def __init__(self, web: SolapiWeb, sender: str) -> None:
        self._web = web
        self._sender = sender

    async def send(self, notice: Notice) -> Sent:
        """Have `notice` sent; its reference is SOLAPI's message id.

        Raises:
            Throttled, Unavailable: try again, marked as `again`.
            AccessDenied, NotFound, Refused: SOLAPI does not take it.
        """
        message = {"to": _number(notice.to), **({"from": self._sender} if self._sender else {}), **self._form(notice)}
        return Sent(await self._web.send(message))

    async def receipt(self, reference: str) -> Receipt:
        """Return what became of a message.

        Raises:
            Transient: cannot be told now.
        """
        return solapi_codes.receipt(await self._web.status(reference))

    async def ping(self) -> None:
        """Raise when the key is refused, or the balance is next to nothing."""
        await self._web.ping()

    def _form(self, notice: Notice) -> dict[str, Any]:
        """Return what this way says."""
        raise NotImplementedError


class SmsChannel(_Solapi):
    """Sends SMS, and LMS where a text has more than 90 bytes."""

    def _form(self, notice: Notice) -> dict[str, Any]:
        text = compose(notice, LMS_BYTES, cp949, korean)
        if cp949(text) <= SMS_BYTES:
            return {"type": "SMS", "text": text}
        return {"type": "LMS", "subject": SUBJECT.of(notice.locale), "text": text}


class VoiceChannel(_Solapi):
    """Calls, and has a voice say it."""

    def __init__(self, web: SolapiWeb, sender: str, repeat: int = 2) -> None:
        super().__init__(web, sender)
        self._repeat = repeat

    def _form(self, notice: Notice) -> dict[str, Any]:
        # Without a header the voice begins at once; with one it would wait for a key to be pressed. No option of SOLAPI's names
        # a language: its Korean voice reads English, too.
        text = _AGAIN_SPOKEN.of(notice.locale).join([spoken(notice)] * self._repeat)
        return {"type": "VOICE", "text": text, "voiceOptions": {"voiceType": "FEMALE"}}


class AlimTalkChannel(_Solapi):
    """Sends approved templates over KakaoTalk."""

    def __init__(self, web: SolapiWeb, sender: str, pf_id: str, templates: Mapping[str, str]) -> None:
        super().__init__(web, sender)
        self._pf_id = pf_id
        self._templates = dict(templates)

    def _form(self, notice: Notice) -> dict[str, Any]:
        occasion = _occasion(notice)
        if occasion is None:
            raise Refused(f"AlimTalk has no template for a {notice.kind} of status {notice.status or 'none'}")
        if occasion not in self._templates:
            raise NotFound(f"there is no AlimTalk template for {occasion}: add it to `templates` of the channel")
        variables = {f"#{{{name}}}": shown(value, _VARIABLE) or "-" for name, value in _variables(notice).items()}
        options = {
            "pfId": self._pf_id,
            "templateId": self._templates[occasion],
            "variables": variables,
            "disableSms": True,
        }
        return {"type": "ATA", "kakaoOptions": options}


def _occasion(notice: Notice) -> str | None:
    if notice.status == "resolved":
        return "resolved"
    if notice.kind not in _CALLING:
        return None
    return "escalated" if notice.level > 1 else "triggered"


def _variables(notice: Notice) -> dict[str, str]:
    made = dict(notice.variables)
    if notice.again and _SUMMARY in made:
        # The rest of the text is the template's.
        made[_SUMMARY] = f"{AGAIN.ko} {made[_SUMMARY]}"
    if notice.link:
        made["링크"] = notice.link.partition("://")[2]
    return made


def _number(phone: str) -> str:
    """Return a Korean phone number as it is dialled here."""
    if found := _ABROAD.fullmatch(phone):
        return f"0{found[1]}"
    if not _HERE.fullmatch(phone):
        raise Refused("the person has no Korean phone number, in the form +821012345678")
    return phone
