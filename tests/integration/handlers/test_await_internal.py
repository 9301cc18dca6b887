"""Waiting for a system of LEH's own: guardian's own look decides, and the worker's shares, which are about the AI provider, do not."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.probes import SearchProbe
from leh_guardian.context import Capabilities
from leh_guardian.errors import SettingsError
from leh_guardian.handlers.await_provider import AnnounceParams, AwaitProviderParams, ShareParams, await_provider
from leh_guardian.model.outcome import Done, NoOp, Outcome, Wait
from leh_guardian.model.provider.fusion import Share
from leh_guardian.settings import load_settings
from leh_guardian.store.pool import Pool
from leh_guardian.store.provider_outages import StoreOutages
from tests.support.attempt import Memory, attempt
from tests.support.clock import FakeClock
from tests.support.evidence_server import EvidenceServer
from tests.support.faults import refuse

ALL_FAIL = Share(40, external=40, cases=9)


@dataclass
class Errors:
    """The worker's own errors: every job fails at the AI provider."""

    async def share(self, window: timedelta) -> Share:
        """Return them."""
        return ALL_FAIL


@pytest.fixture
def server() -> Iterator[EvidenceServer]:
    """OpenSearch."""
    with EvidenceServer() as opened:
        yield opened


@pytest.fixture
def told() -> io.StringIO:
    """What people are told."""
    return io.StringIO()


@pytest.fixture
async def can(pool: Pool, server: EvidenceServer, told: io.StringIO) -> AsyncIterator[Capabilities]:
    """A probe, a channel, the record, and a worker that fails for another reason."""
    search, console = OpenSearch(server.url), ConsoleChannel(told)
    yield Capabilities(
        queues=None,  # type: ignore[arg-type]
        channels={"console": console, "users": console},
        letters=None,  # type: ignore[arg-type]
        pages={"opensearch": SearchProbe(search)},
        outages=StoreOutages(pool),
        errors=Errors(),
    )
    await search.close()


PARAMS = AwaitProviderParams(
    provider="opensearch",
    stable_for=timedelta(minutes=2),
    announce=AnnounceParams(users="users"),
    share=ShareParams(attempts=40, external=40, cases=9),
    verdict="external_outage",
)


async def looks(can: Capabilities, memory: Memory, clock: FakeClock, count: int) -> Outcome:
    """Look so often, a minute apart; returns the last outcome."""
    outcome: Outcome = Wait(clock.now(), "")
    for _ in range(count):
        context = attempt(can, memory=memory, clock=clock)
        outcome = await await_provider(context, PARAMS)
        clock.advance(minutes=1)
    return outcome


async def test_it_is_well_whatever_fails_at_the_provider(can: Capabilities, told: io.StringIO) -> None:
    """An outage of the AI provider is none of OpenSearch: the wait goes on at once, and nobody is told anything."""
    outcome = await looks(can, Memory(), FakeClock(), 1)
    assert isinstance(outcome, NoOp)
    assert "opensearch is not away" in outcome.reason
    assert told.getvalue() == ""


async def test_an_outage_from_its_beginning_to_its_end(
    can: Capabilities, server: EvidenceServer, told: io.StringIO
) -> None:
    """Two looks in a row make it one, the team and LEH's users are told in words that fit, and two minutes of health end it."""
    memory, clock = Memory(), FakeClock()
    context = attempt(can, memory=memory, clock=clock)
    server.faults.always("health", refuse(503, "cluster_block_exception"))
    first = await await_provider(context, PARAMS)
    assert isinstance(first, Wait)
    assert told.getvalue() == ""
    clock.advance(minutes=1)
    second = await await_provider(context, PARAMS)
    assert isinstance(second, Wait)
    assert (second.facts["state"], second.facts["affected"]) == ("outage_suspected", ["OpenSearch"])
    assert "opensearch 장애: 재처리를 멈추고 복구를 기다립니다" in told.getvalue()
    assert "내부 시스템에 문제가 있어" in told.getvalue()
    server.faults.off()
    for _ in range(2):
        clock.advance(minutes=1)
        assert isinstance(await await_provider(context, PARAMS), Wait)
    clock.advance(minutes=1)
    assert isinstance(await await_provider(context, PARAMS), Done)
    assert "내부 시스템이 복구되어" in told.getvalue()
    assert "외부" not in told.getvalue()


async def test_one_that_is_not_configured(can: Capabilities) -> None:
    """It is said which setting is missing."""
    params = AwaitProviderParams(provider="dynamodb")
    outcome = await await_provider(attempt(can), params)
    assert isinstance(outcome, Wait)
    assert "LEH_EVIDENCE__TABLE" in outcome.reason


@pytest.mark.parametrize("name", ["opensearch", "dynamodb", "aws"])
def test_no_provider_of_the_settings_has_such_a_name(name: str, tmp_path: Path) -> None:
    """Else a rule could not say which of the two it means; another name is taken."""
    config = tmp_path / "guardian.yaml"
    environ = {"LEH_DATABASE_URL": "postgresql://u@h/x", "LEH_QUEUE__ALERTS": "alerts", "AWS_REGION": "ap-northeast-2"}
    environ["LEH_CONFIG"] = str(config)
    other = "{status_url: 'https://status.example.com', components: [x]}"
    config.write_text(f"provider: {{others: {{{name}: {other}}}}}", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"provider.others: {name} stands for guardian's own look"):
        load_settings(environ)
    config.write_text(f"provider: {{aws_services: [LAMBDA], others: {{my-{name}: {other}}}}}", encoding="utf-8")
    assert load_settings(environ).provider.aws_services == ("LAMBDA",)
