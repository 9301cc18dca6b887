"""Owns SMS through SNS; the one rule: one segment, in which the summary is cut, and the level, the number and the link never are.

SNS has no SMS in Seoul; from Tokyo texts arrive as international ones, which some phones filter, so it is the way to fall
back to and not the first. Nobody can answer by it. A segment holds 70 characters once one of them is Korean.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.channels.aws_errors import SNS, told_by
from leh_guardian.adapters.channels.texts import compose, ucs2
from leh_guardian.errors import HandlerError, Refused
from leh_guardian.ports import Notice, Sent

PERMISSIONS: Final = ("sns:Publish",)
"""IAM actions that sending needs."""
PING_PERMISSIONS: Final = ("sns:GetSMSSandboxAccountStatus",)
"""IAM actions that the look before it needs."""
SEGMENT: Final = 70
_DEADLINE = 10.0
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


class SnsSmsChannel:
    """Sends SMS to phones."""

    address: str = "phone"
    confirms: bool = False
    strict: bool = True

    def __init__(self, aws: Aws, client: Any) -> None:
        self._aws = aws
        self._client = client

    async def send(self, notice: Notice) -> Sent:
        """Send a text; its reference is SNS's message id.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, NotFound, Refused: SNS does not take it.
        """
        if not _PHONE.fullmatch(notice.to):
            raise Refused("the person has no phone number in the form +821012345678")
        request = partial(
            self._client.publish,
            PhoneNumber=notice.to,
            Message=compose(notice, SEGMENT, ucs2),
            MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
        )
        answer = await self._call("send an SMS", request)
        return Sent(str(answer.get("MessageId", "")))

    async def ping(self) -> None:
        """Raise when SNS may not be asked, or the account is in the SMS sandbox."""
        status = await self._call("look at the SMS sandbox", self._client.get_sms_sandbox_account_status)
        if status.get("IsInSandbox"):
            raise Refused("SNS is in the SMS sandbox: only verified numbers get texts. Ask for production access")

    async def _call(self, doing: str, request: Any) -> Any:
        try:
            # Once: a text whose answer was lost is sent again by the engine, and marked as sent again.
            return await self._aws.call(doing, request, tries=1, deadline=_DEADLINE)
        except HandlerError as error:
            raise told_by(SNS, error) from error.__cause__
