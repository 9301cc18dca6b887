"""The ways to people as the settings have them: made at the start, looked at by the doctor and by /readyz."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels import pagerduty, slack_web, solapi_web
from leh_guardian.adapters.channels.seldom import AGAIN, EVERY, Seldom
from leh_guardian.app.people import channel_clients, channels
from leh_guardian.cli.examination.people import look_at_channel
from leh_guardian.errors import Refused, SettingsError, Unavailable
from leh_guardian.ports import Channel
from leh_guardian.settings import Settings, load_settings
from tests.support.clock import FakeClock
from tests.support.people import pagerduty_server, slack_server, solapi_server
from tests.support.people.aws_server import AwsServer
from tests.support.people.slack_server import SlackServer
from tests.support.people.solapi_server import SolapiServer

FILE = """\
notify:
  channels:
    ops: {{url: "https://hooks.example.com/x", secret_file: {0}/secret}}
    dm: {{provider: slack, kind: dm, token_file: {0}/token}}
    team: {{provider: slack, kind: channel, channel: C0OPS00001, token_file: {0}/token}}
    mail: {{provider: ses, from: guardian@example.co.kr}}
    sns: {{provider: sns}}
    kakao: {{provider: solapi, kind: alimtalk, key_file: {0}/key, secret_file: {0}/secret, pf_id: KA, templates: {{triggered: T}}}}
    sms: {{provider: solapi, kind: sms, key_file: {0}/key, secret_file: {0}/secret, from: "029302266"}}
    voice: {{provider: solapi, kind: voice, key_file: {0}/key, secret_file: {0}/secret, from: "029302266"}}
    pd: {{provider: pagerduty, routing_key_file: {0}/routing, region: eu}}
"""
TRAITS = {
    "console": ("", False, False),
    "ops": ("", False, False),
    "dm": ("slack", False, False),
    "team": ("", False, False),
    "mail": ("email", False, True),
    "sns": ("phone", False, True),
    "kakao": ("phone", True, True),
    "sms": ("phone", True, True),
    "voice": ("phone", True, True),
    "pd": ("", False, True),
}
"""{channel: (address, confirms, strict)}."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Every way to people, with its secrets."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for name, secret in {
        "secret": solapi_server.SECRET,
        "token": slack_server.TOKEN,
        "key": solapi_server.KEY,
        "routing": pagerduty_server.KEY,
    }.items():
        (tmp_path / name).write_text(f"{secret}\n")
    (tmp_path / "guardian.yaml").write_text(FILE.format(tmp_path))
    return load_settings(
        {
            "LEH_DATABASE_URL": "postgresql://u@db/x",
            "LEH_QUEUE__ALERTS": "q",
            "AWS_REGION": "ap-northeast-2",
            "LEH_CONFIG": str(tmp_path / "guardian.yaml"),
        }
    )


async def made(settings: Settings, stack: AsyncExitStack) -> dict[str, Channel]:
    """The channels."""
    aws = await stack.enter_async_context(open_aws(settings.region))
    return await channels(settings, aws, FakeClock(), stack)


async def test_each_says_what_it_needs(settings: Settings) -> None:
    """Whose address, whether it confirms, whether others may read it; and /readyz looks at those that can be looked at."""
    async with AsyncExitStack() as stack:
        ways = await made(settings, stack)
        assert {name: (way.address, way.confirms, way.strict) for name, way in ways.items()} == TRAITS
        assert all(way.confirms is hasattr(way, "receipt") for way in ways.values())
        clients = channel_clients(ways, FakeClock())
    assert [client.name for client in clients] == [
        f"channel_{name}" for name in ("dm", "team", "mail", "sns", "kakao", "sms", "voice")
    ]
    assert not any(client.required for client in clients)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("routing", "too short", "notify.channels.pd.routing_key_file: "),
        ("routing", "x" * 31, "notify.channels.pd.routing_key_file: "),
        ("token", "two words of a token", "notify.channels.dm.token_file: "),
        ("token", "é" * 20, "notify.channels.dm.token_file: "),
        ("key", "", "notify.channels.kakao.key_file: "),
    ],
)
async def test_a_secret_that_is_none_ends_the_start(
    settings: Settings, tmp_path: Path, file: str, content: str, said: str
) -> None:
    """By its setting's name, and without what the file holds."""
    (tmp_path / file).write_text(content)
    async with AsyncExitStack() as stack:
        with pytest.raises(SettingsError) as raised:
            await made(settings, stack)
    assert said in str(raised.value)
    assert not content or content not in str(raised.value)


async def test_the_doctor_asks_the_providers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked at as the daemon has it, nothing is sent, and what is wrong is told with its remedy."""
    async with SlackServer().serving() as slack, SolapiServer().serving() as solapi, AwsServer().serving() as aws:
        monkeypatch.setattr(slack_web, "BASE_URL", f"{slack.url}/api/")
        monkeypatch.setattr(solapi_web, "URL", solapi.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        for name in settings.notify.channels:
            [found] = await look_at_channel(settings, name)
            assert found.status == "OK", found
        slack.place["is_archived"] = True
        aws.sandbox = True
        solapi.trouble(status=503)
        (tmp_path / "routing").write_text("short")
        for name, status, word in [
            ("team", "FAIL", "archived"),
            ("sns", "FAIL", "sandbox"),
            ("sms", "WARN", "503"),
            ("pd", "FAIL", "routing_key_file"),
        ]:
            [found] = await look_at_channel(settings, name)
            assert (found.status, bool(found.fix)) == (status, True)
            assert word in found.detail
    assert set(pagerduty.HOSTS) == {"us", "eu"}


class Looked:
    """Counts looks."""

    def __init__(self) -> None:
        self.looks = 0
        self.error: Exception | None = None

    async def ping(self) -> None:
        """Look."""
        self.looks += 1
        if self.error is not None:
            raise self.error


class Passing(FakeClock):
    """A clock whose seconds a test moves."""

    passed = 0.0

    def monotonic(self) -> float:
        """Return them."""
        return self.passed


async def test_providers_are_asked_every_ten_minutes() -> None:
    """In between the last answer counts; a failure is not forgotten either, and asked for again each minute."""
    clock, looked = Passing(), Looked()
    seldom = Seldom(looked, clock)
    for _ in range(3):
        await seldom.ping()
    assert looked.looks == 1
    looked.error = Refused("archived")
    await seldom.ping()
    clock.passed += EVERY
    for _ in range(3):
        with pytest.raises(Unavailable, match="archived"):
            await seldom.ping()
    assert looked.looks == 2
    looked.error = None
    clock.passed += AGAIN
    await seldom.ping()
    assert looked.looks == 3
