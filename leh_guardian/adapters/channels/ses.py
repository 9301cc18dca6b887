"""Owns e-mail through SES (API v2); the one rule: a mail says the title and what others may read, nothing more of an event.

Mails of one incident name the same ancestor in `References`, so that mail programs show them as one conversation. A repeated
notice is a second mail: SES has no idempotency key, and a mail that comes twice does no harm.
"""

from __future__ import annotations

import html
import re
from functools import partial
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels.aws_errors import SES, told_by
from leh_guardian.adapters.channels.texts import brief
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused
from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.ports import Notice, Sent

PERMISSIONS: Final = ("ses:SendEmail",)
"""IAM actions that sending needs."""
PING_PERMISSIONS: Final = ("ses:GetAccount", "ses:GetEmailIdentity")
"""IAM actions that the look before it needs."""
_DEADLINE = 10.0
_LINE = 1000
_OPEN: Final = Text(ko="확인 페이지 열기", en="Open the acknowledge page")
_ADDRESS = re.compile(r"[!-~]{1,64}@[A-Za-z0-9.-]{1,255}")
_SPECIAL = frozenset('()<>[]:;,\\"')
_UNFIT = re.compile(r"[^A-Za-z0-9.-]")


class SesChannel:
    """Sends mails to people."""

    address: str = "email"
    confirms: bool = False
    strict: bool = True

    def __init__(self, aws: Aws, client: Any, sender: str) -> None:
        self._aws = aws
        self._client = client
        self._sender = sender

    async def send(self, notice: Notice) -> Sent:
        """Send a mail; its reference is SES's message id.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, NotFound, Refused: SES does not take it.
        """
        if not _is_address(notice.to):
            raise Refused("the person has no e-mail address that SES takes")
        request = partial(
            self._client.send_email,
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [notice.to]},
            Content={"Simple": self._content(notice)},
        )
        answer = await self._call("send a mail", request)
        return Sent(str(answer.get("MessageId", "")))

    async def ping(self) -> None:
        """Raise when the account may not send, is in the sandbox, or does not own `from`."""
        account = await self._call("look at the account of SES", self._client.get_account)
        if not account.get("SendingEnabled", True) or account.get("EnforcementStatus") == "SHUTDOWN":
            raise AccessDenied("SES may not send for this account: see its reputation dashboard")
        domain = self._sender.rpartition("@")[2]
        try:
            identity = await self._identity(domain)
        except NotFound:
            identity = await self._identity(self._sender)
        if not identity.get("VerifiedForSendingStatus"):
            raise Refused(f"{self._sender} is not verified in SES: finish its DNS records or the mail it was sent")
        if not account.get("ProductionAccessEnabled", True):
            raise Refused("SES is in the sandbox: only verified people get mail. Ask for production access")

    async def _identity(self, name: str) -> Any:
        return await self._call(
            "look at the identity in SES", partial(self._client.get_email_identity, EmailIdentity=name)
        )

    async def _call(self, doing: str, request: Any) -> Any:
        try:
            # Once: a mail whose answer was lost is sent again by the engine, which knows that it may be the second.
            return await self._aws.call(doing, request, tries=1, deadline=_DEADLINE)
        except HandlerError as error:
            raise told_by(SES, error) from error.__cause__

    def _content(self, notice: Notice) -> dict[str, Any]:
        title = shown(notice.title, 200) or brief(notice)
        # A report holds nothing of an event, and is what the mail is for.
        own = [brief(notice), *([_state(notice.status).of(notice.locale)] if notice.status else [])]
        lines = [shown(line, _LINE) for line in notice.lines] if notice.page else own
        link = notice.link if notice.link.startswith(("https://", "http://")) else ""
        text = "\n".join([title, "", *lines, *([link] if link else [])])
        parts = [f"<h3>{html.escape(title)}</h3>", *(f"<p>{html.escape(line)}</p>" for line in lines)]
        if link:
            parts.append(f'<p><a href="{html.escape(link)}">{html.escape(_OPEN.of(notice.locale))}</a></p>')
        page = (
            notice.page
            or f'<!doctype html><html lang="{notice.locale}"><meta charset="utf-8"><body>{"".join(parts)}</body></html>'
        )
        ancestor = self._ancestor(notice)
        return {
            "Subject": {"Data": title, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}, "Html": {"Data": page, "Charset": "UTF-8"}},
            "Headers": [{"Name": "In-Reply-To", "Value": ancestor}, {"Name": "References", "Value": ancestor}],
        }

    def _ancestor(self, notice: Notice) -> str:
        """Return the message id that no mail has, and all of an incident's descend from."""
        name = _UNFIT.sub("-", notice.incident or notice.number or notice.id)[:100]
        return f"<leh.{name}@{self._sender.rpartition('@')[2]}>"


def _state(status: str) -> Text:
    return Text(ko=f"상태: {status}", en=f"State: {status}")


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and not _SPECIAL & set(text)
