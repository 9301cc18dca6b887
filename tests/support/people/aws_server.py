"""Owns a stand-in of the parts of SES v2 and SNS that moto has not; the one rule: it reads requests as the wire has them.

SES speaks REST and JSON, SNS forms and XML. Errors have the codes and statuses of botocore's service models.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.support.people.provider import ProviderServer, Wrong, must


class AwsServer(ProviderServer):
    """Takes mails and texts; `refusals` says what the next request is refused with."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: deque[tuple[str, int]] = deque()
        """(code, status)."""
        self.account: dict[str, Any] = {"SendingEnabled": True, "ProductionAccessEnabled": True}
        self.identities: dict[str, bool] = {"example.co.kr": True}
        """{identity: whether it is verified}."""
        self.sandbox = False

    async def apply(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Do an operation."""
        must("AWS4-HMAC-SHA256" in request.headers.get("Authorization", ""), "not signed")
        if request.path.startswith("/v2/email/"):
            return self._ses(request, body)
        return self._sns(dict(parse_qsl(body.decode())))

    def _ses(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if self.refusals:
            code, status = self.refusals.popleft()
            return web.json_response({"message": "no"}, status=status, headers={"x-amzn-ErrorType": code})
        match request.method, request.path.removeprefix("/v2/email/").split("/"):
            case "POST", ["outbound-emails"]:
                mail = json.loads(body)
                _check_mail(mail)
                self.taken.append(mail)
                return web.json_response({"MessageId": f"mail-{len(self.taken)}"})
            case "GET", ["account"]:
                return web.json_response(self.account)
            case "GET", ["identities", name]:
                if name not in self.identities:
                    headers = {"x-amzn-ErrorType": "NotFoundException"}
                    return web.json_response(
                        {"message": f"Email identity {name} does not exist."}, status=404, headers=headers
                    )
                return web.json_response({"VerifiedForSendingStatus": self.identities[name]})
        raise Wrong("no such operation")

    def _sns(self, form: dict[str, str]) -> web.StreamResponse:
        if self.refusals:
            code, status = self.refusals.popleft()
            xml = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
            return web.Response(status=status, text=xml, content_type="text/xml")
        match form.get("Action"):
            case "Publish":
                must(form["PhoneNumber"].startswith("+"), "a number that is none")
                must(len(form["Message"].encode()) <= 1600, "the text is too long")
                prefix = "MessageAttributes.entry.1."
                must(form[f"{prefix}Name"] == "AWS.SNS.SMS.SMSType", "an unknown attribute")
                must(form[f"{prefix}Value.StringValue"] == "Transactional", "it is not urgent")
                self.taken.append((form["PhoneNumber"], form["Message"]))
                return _xml("Publish", f"<MessageId>sms-{len(self.taken)}</MessageId>")
            case "GetSMSSandboxAccountStatus":
                return _xml("GetSMSSandboxAccountStatus", f"<IsInSandbox>{str(self.sandbox).lower()}</IsInSandbox>")
        raise Wrong("no such operation")


def _check_mail(mail: dict[str, Any]) -> None:
    must(mail.keys() == {"FromEmailAddress", "Destination", "Content"}, "unknown members")
    must(len(mail["Destination"]["ToAddresses"]) == 1, "one person at a time")
    simple = mail["Content"]["Simple"]
    must("\n" not in simple["Subject"]["Data"] and simple["Subject"]["Data"], "a bad subject")
    for header in simple["Headers"]:
        must(all(" " <= c <= "~" for c in header["Value"]) and len(header["Value"]) <= 995, "a bad header")
        must(header["Name"] in {"In-Reply-To", "References"}, "an unknown header")


def _xml(operation: str, result: str) -> web.Response:
    namespace = "http://sns.amazonaws.com/doc/2010-03-31/"
    text = (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    )
    return web.Response(text=text, content_type="text/xml")
