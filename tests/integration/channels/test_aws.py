"""Mails through SES and texts through SNS, against moto's server, and against one that knows what moto does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels import ses, sns_sms
from leh_guardian.adapters.channels.aws_errors import SES, SNS
from leh_guardian.adapters.channels.ses import SesChannel
from leh_guardian.adapters.channels.sns_sms import SnsSmsChannel
from leh_guardian.adapters.channels.texts import ucs2
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Throttled, Transient, Unavailable
from leh_guardian.local.aws import EmbeddedAws
from tests.support.people.aws_server import AwsServer
from tests.support.people.notices import PLANTED, page

FROM = "guardian@example.co.kr"
MAIL = page(to="minsu@example.co.kr")
TEXT = page(to="+821000000001")


@asynccontextmanager
async def channels() -> AsyncIterator[tuple[SesChannel, SnsSmsChannel]]:
    """Both ways, to wherever the environment points."""
    async with open_aws("ap-northeast-2") as aws:
        mail = SesChannel(aws, await aws.client("sesv2"), FROM)
        yield mail, SnsSmsChannel(aws, await aws.client("sns", region="ap-northeast-1"))


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsServer]:
    """AWS, as far as people are concerned."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    async with AwsServer().serving() as serving:
        monkeypatch.setenv("AWS_ENDPOINT_URL", serving.url)
        yield serving


async def test_moto_takes_both(aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """An independent reading of both interfaces takes what is sent, and refuses whom it does not know."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    async with channels() as (mail, text):
        with pytest.raises(Refused, match="MessageRejected"):
            await mail.send(MAIL)
        async with open_aws("ap-northeast-2") as aws:
            client = await aws.client("sesv2")
            await aws.call("verify", lambda: client.create_email_identity(EmailIdentity="example.co.kr"))
        assert (await mail.send(MAIL)).reference
        assert (await text.send(TEXT)).reference


async def test_a_mail(server: AwsServer) -> None:
    """Title, short text and link, escaped; mails of one incident have one ancestor; nothing of the event."""
    async with channels() as (mail, _):
        assert (await mail.send(page(to=MAIL.to, title="[Lv2] <b>DLQ</b>\nx"))).reference == "mail-1"
        await mail.send(page(to=MAIL.to, id="later", status="resolved"))
    first, later = (sent["Content"]["Simple"] for sent in server.taken)
    assert PLANTED not in json.dumps(list(server.taken), ensure_ascii=False)
    assert first["Subject"]["Data"] == "[Lv2] <b>DLQ</b>\\x0ax"
    assert "&lt;b&gt;DLQ&lt;/b&gt;" in first["Body"]["Html"]["Data"]
    for part in ("Text", "Html"):
        assert MAIL.short in first["Body"][part]["Data"]
        assert MAIL.link in first["Body"][part]["Data"]
    assert first["Headers"] == later["Headers"]
    assert first["Headers"][1]["Value"] == f"<leh.{MAIL.incident}@example.co.kr>"
    server.taken.clear()


async def test_a_report_by_mail(server: AwsServer) -> None:
    """It is a page, and the same in lines for who reads no pages: guardian's own words, of nothing that an event said."""
    async with channels() as (mail, _):
        words = {"title": "[주간 점검 보고서] 2026-W49 OK", "lines": ["🟢 OK S3", "\x1b[2J"], "link": "", "status": ""}
        await mail.send(page(to=MAIL.to, page="<!doctype html><p>all", **words))
    body = server.taken[0]["Content"]["Simple"]["Body"]
    assert body["Html"]["Data"] == "<!doctype html><p>all"
    assert body["Text"]["Data"].splitlines() == ["[주간 점검 보고서] 2026-W49 OK", "", "🟢 OK S3", r"\x1b[2J"]
    server.taken.clear()


@pytest.mark.parametrize(
    "to",
    ["", "minsu", "a@b,c@d", "a@b\nBcc: x@y", "<a@b>", "ä@example.co.kr", '"x"@example.co.kr', "a b@example.co.kr"],
)
async def test_addresses_that_are_none(server: AwsServer, to: str) -> None:
    """What is no single address is refused here."""
    async with channels() as (mail, text):
        with pytest.raises(Refused):
            await mail.send(page(to=to))
        with pytest.raises(Refused):
            await text.send(page(to=to))


async def test_a_text(server: AwsServer) -> None:
    """One segment, with the link whole; what may have gone out before says so; nothing of the event."""
    async with channels() as (_, text):
        assert (await text.send(TEXT)).reference == "sms-1"
        await text.send(page(to=TEXT.to, link="https://g.kr/a/abc", again=True))
        await text.send(page(to=TEXT.to, link="https://g.kr/a/abc", short="[Lv2] " + "가" * 200 + " INC-1042"))
    for to, sent in server.taken:
        assert to == TEXT.to
        assert PLANTED not in sent
        assert "INC-1042" in sent
        assert "Lv2" in sent
    assert server.taken[0][1].endswith(TEXT.link)
    assert server.taken[1][1].startswith("(재전송) ")
    assert ucs2(server.taken[2][1]) == 70
    server.taken.clear()


MAIL_CODES = [
    ("TooManyRequestsException", 429, Throttled),
    ("LimitExceededException", 400, Throttled),
    ("ThrottlingException", 400, Throttled),
    ("MessageRejected", 400, Refused),
    ("MailFromDomainNotVerifiedException", 400, Refused),
    ("AccountSuspendedException", 400, AccessDenied),
    ("SendingPausedException", 400, AccessDenied),
    ("NotFoundException", 404, NotFound),
    ("BadRequestException", 400, Refused),
    ("AccessDeniedException", 403, AccessDenied),
    ("InternalServiceErrorException", 500, Unavailable),
    ("SomethingNew", 400, Refused),
    ("SomethingNew", 503, Unavailable),
]
TEXT_CODES = [
    ("Throttled", 400, Throttled),
    ("Throttling", 400, Throttled),
    ("OptedOut", 400, Refused),
    ("InvalidParameter", 400, Refused),
    ("InvalidParameterValue", 400, Refused),
    ("ParameterValueInvalid", 400, Refused),
    ("ValidationException", 400, Refused),
    ("UserError", 400, Refused),
    ("ResourceNotFound", 404, NotFound),
    ("NotFound", 404, NotFound),
    ("EndpointDisabled", 400, Refused),
    ("AuthorizationError", 403, AccessDenied),
    ("AccessDenied", 403, AccessDenied),
    ("OptInRequired", 403, AccessDenied),
    ("KMSThrottling", 400, Throttled),
    ("InternalError", 500, Unavailable),
    ("InternalFailure", 500, Unavailable),
    ("ServiceUnavailable", 503, Unavailable),
    ("SomethingNew", 400, Refused),
    ("SomethingNew", 500, Unavailable),
]


async def test_codes_mean_what_they_say(server: AwsServer) -> None:
    """Each code of SES and SNS is of its class, asked for once each; what is refused for good says what to do."""
    async with channels() as (mail, text):
        for channel, notice, table, codes in ((mail, MAIL, SES, MAIL_CODES), (text, TEXT, SNS, TEXT_CODES)):
            assert set(table) <= {code for code, _, _ in codes}
            for code, status, error in codes:
                server.refusals.append((code, status))
                with pytest.raises(HandlerError, match=code) as raised:
                    await channel.send(notice)  # type: ignore[attr-defined]
                assert type(raised.value) is error, code
                assert isinstance(raised.value, Transient) or code not in table or table[code][1] in str(raised.value)


@pytest.mark.parametrize("kind", ["hang", "cut", "lost"])
async def test_no_answer_is_tried_again_by_the_engine_alone(
    server: AwsServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs, is cut off or loses its answer is unavailable, and asked for no second time in here."""
    if kind == "hang":
        server.hanging = True
        monkeypatch.setattr(ses, "_DEADLINE", 0.3)
        monkeypatch.setattr(sns_sms, "_DEADLINE", 0.3)
    async with channels() as (mail, text):
        for channel, notice in ((mail, MAIL), (text, TEXT)):
            if kind != "hang":
                server.trouble(kind=kind)
            with pytest.raises(Unavailable):
                await channel.send(notice)  # type: ignore[attr-defined]
    assert len(server.taken) == (2 if kind == "lost" else 0)
    server.taken.clear()


async def test_looks_before_it_is_needed(server: AwsServer) -> None:
    """A sandbox, an account that may not send and a sender that is not verified are told in daytime."""
    async with channels() as (mail, text):
        await mail.ping()
        await text.ping()
        server.identities = {FROM: True}
        await mail.ping()
        server.identities = {FROM: False}
        with pytest.raises(Refused, match="not verified"):
            await mail.ping()
        server.identities = {}
        with pytest.raises(NotFound):
            await mail.ping()
        server.identities = {FROM: True}
        server.account["ProductionAccessEnabled"] = False
        with pytest.raises(Refused, match="sandbox"):
            await mail.ping()
        server.account["SendingEnabled"] = False
        with pytest.raises(AccessDenied):
            await mail.ping()
        server.sandbox = True
        with pytest.raises(Refused, match="sandbox"):
            await text.ping()
