"""The ways in which people answer, as the settings have them: built at the start, looked at by the doctor."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from leh_guardian.adapters.channels import slack_web
from leh_guardian.app.answers import Answers, link_keys, links, ways_in
from leh_guardian.cli.examination.answers import look_at_answers, wanted
from leh_guardian.engine.directory import People
from leh_guardian.engine.escalator import Escalator
from leh_guardian.engine.planner import Planner
from leh_guardian.engine.progression import Progression
from leh_guardian.engine.restore_requests import RestoreRequests
from leh_guardian.errors import SettingsError
from leh_guardian.registry import Registry
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.settings import Settings, load_settings
from leh_guardian.store.pool import Pool
from tests.support.clock import FakeClock
from tests.support.people.slack_server import APP_TOKEN, SlackServer

ALL = {
    "LEH_HTTP__LINK_SECRET_FILE": "keys",
    "LEH_ANSWERS__SLACK_APP_TOKEN_FILE": "app",
    "LEH_ANSWERS__SLACK_SIGNING_SECRET_FILE": "sign",
    "LEH_ANSWERS__PAGERDUTY_SECRET_FILE": "pd",
}
CONTENT = {"keys": "k" * 32, "app": APP_TOKEN, "sign": "s" * 32, "pd": "p" * 32 + "\n" + "q" * 32}
ANSWERED = {
    "/api/actions/{id}/{verb:approve|reject}",
    "/api/incidents/{id}/{verb:ack|unack|resolve|escalate|snooze}",
    "/api/cases/{id}/restore",
    "/api/overrides",
    "/api/overrides/{id}/end",
    "/api/silences",
    "/api/silences/{id}/end",
}


def settings_of(folder: Path, names: dict[str, str], **contents: str) -> Settings:
    """Return settings that name secret files in `folder`."""
    for name, content in {**CONTENT, **contents}.items():
        (folder / name).write_text(content)
    files = {variable: str(folder / name) for variable, name in names.items()}
    fixed = {"LEH_DATABASE_URL": "postgresql://u@db/x", "LEH_QUEUE__ALERTS": "q", "AWS_REGION": "ap-northeast-2"}
    return load_settings({**fixed, **files})


async def opened(settings: Settings, pool: Pool, stack: AsyncExitStack) -> Answers:
    """Build the ways in; nobody asks for a restore here."""
    people, keys, clock, registry = People("console").directory, link_keys(settings), FakeClock(), Registry(())
    planner = Planner(Progression(registry, Escalator(people)), {}, timedelta())
    requests = RestoreRequests(pool, planner, lambda: RuleSet("", ()), None, clock, planned=lambda: None)
    return await ways_in(settings, keys, pool, people, clock, registry, requests, stack)


async def routes_of(settings: Settings, pool: Pool) -> tuple[set[str], list[str]]:
    """Return the paths that are served, and the clients that are looked at."""
    async with AsyncExitStack() as stack:
        made = await opened(settings, pool, stack)
    return {route.path for route in made.routes}, [client.name for client in made.clients]


async def test_a_way_without_its_secret_is_not_there(pool: Pool, tmp_path: Path) -> None:
    """The API alone, which refuses without its token; each secret opens one more."""
    assert await routes_of(settings_of(tmp_path, {}), pool) == (ANSWERED, [])
    keys = {"LEH_HTTP__LINK_SECRET_FILE": "keys"}
    assert await routes_of(settings_of(tmp_path, keys), pool) == (ANSWERED | {"/a/{token}"}, [])
    hooks = {"LEH_ANSWERS__PAGERDUTY_SECRET_FILE": "pd"}
    assert await routes_of(settings_of(tmp_path, hooks), pool) == (ANSWERED | {"/pagerduty/events"}, [])


async def test_all_of_them(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon connects to Slack as it starts, and lets go of it as it ends."""
    settings = settings_of(tmp_path, ALL)
    async with SlackServer().serving() as slack:
        monkeypatch.setattr(slack_web, "BASE_URL", f"{slack.url}/api/")
        async with AsyncExitStack() as stack:
            made = await opened(settings, pool, stack)
            with anyio.fail_after(20):
                await slack.connected.wait()
            paths = {route.path for route in made.routes}
            assert paths == ANSWERED | {"/a/{token}", "/slack/actions", "/pagerduty/events"}
            assert [(client.name, client.required) for client in made.clients] == [("slack_socket", False)]
    found = await look_at_answers(settings)
    assert {(one.item.removeprefix("answers "), one.status) for one in found} == {
        ("links", "WARN"),
        ("slack socket", "OK"),
        ("slack actions", "OK"),
        ("pagerduty events", "OK"),
    }
    assert links(settings, link_keys(settings)) is not None


@pytest.mark.parametrize(
    ("names", "contents", "said"),
    [
        (ALL, {"keys": "k" * 31}, "http.link_secret_file: "),
        (ALL, {"keys": "k" * 40 + "\nshort"}, "http.link_secret_file: "),
        (ALL, {"keys": ""}, "http.link_secret_file: "),
        (ALL, {"app": "two words of it all"}, "answers.slack_app_token_file: "),
        (ALL, {"sign": "short"}, "answers.slack_signing_secret_file: "),
        (ALL, {"pd": ""}, "answers.pagerduty_secret_file: "),
        ({"LEH_ANSWERS__SLACK_SIGNING_SECRET_FILE": "sign"}, {}, "http.link_secret_file"),
    ],
)
async def test_a_secret_that_is_none_ends_the_start(
    pool: Pool, tmp_path: Path, names: dict[str, str], contents: dict[str, str], said: str
) -> None:
    """By its setting's name, without what the file holds; the doctor says the same."""
    settings = settings_of(tmp_path, names, **contents)
    with pytest.raises(SettingsError) as raised:
        await routes_of(settings, pool)
    assert said in str(raised.value)
    assert not any(content and content in str(raised.value) for content in contents.values())
    assert "FAIL" in {one.status for one in await look_at_answers(settings)}


async def test_the_doctor_says_what_messages_lack(tmp_path: Path) -> None:
    """An address without keys, keys without an address; where nothing was asked for nothing is said."""
    assert not wanted(settings_of(tmp_path, {}))
    plain = settings_of(tmp_path, {"LEH_HTTP__LINK_SECRET_FILE": "keys"})
    assert wanted(plain)
    for http, status, word in (
        ({"public_url": "https://g"}, "WARN", "neither"),
        ({"link_secret_file": tmp_path / "keys"}, "WARN", "no links"),
        ({"link_secret_file": tmp_path / "keys", "public_url": "https://g"}, "OK", "readable"),
    ):
        given = plain.model_copy(update={"http": plain.http.model_copy(update={"link_secret_file": None, **http})})
        [found] = await look_at_answers(given)
        assert (found.status, word in found.detail) == (status, True)
