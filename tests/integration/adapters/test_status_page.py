"""The status page over HTTP: which interface is believed, what is not read, and that it ends in time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import anyio
import pytest

from leh_guardian.adapters import status_page
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.errors import Unavailable
from leh_guardian.local.status_page import LocalStatusPage, Scene, Source, Trouble, serving
from leh_guardian.model.provider.snapshot import OPENAI_COMPONENTS, ComponentStatus, PageState
from tests.contracts.handlers.stage import TravelClock
from tests.support.posts import Receiver
from tests.support.slow import slow_server

AWAY = {"02-responses": "full_outage"}
OPEN = (("inc-1", "Elevated errors", "investigating"),)


@pytest.fixture
async def page() -> AsyncIterator[LocalStatusPage]:
    """A page on loopback on which all is well."""
    async with serving(LocalStatusPage()) as served:
        yield served


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client as the daemon has it."""
    async with status_session() as opened:
        yield opened


def reader(url: str, session: aiohttp.ClientSession, clock: TravelClock | None = None) -> HttpStatusPage:
    """The adapter."""
    return HttpStatusPage(session, url, OPENAI_COMPONENTS, clock or TravelClock())


async def test_the_native_interface_is_asked_alone_where_it_answers(
    page: LocalStatusPage, session: aiohttp.ClientSession
) -> None:
    """One request tells components and incidents; the name of the page's host is part of the address."""
    page.play(Scene(AWAY, OPEN))
    seen = await reader(page.url, session).look()
    assert (seen.state, seen.worst, seen.source) == (PageState.BAD, ComponentStatus.MAJOR, "native")
    assert seen.affected == ("Responses",)
    assert [incident.id for incident in seen.incidents] == ["inc-1"]
    assert [source for source, _ in page.requests] == [Source.NATIVE]


async def test_the_host_may_be_named(session: aiohttp.ClientSession) -> None:
    """Behind an address of one's own the page is still asked for by its own name."""
    with Receiver() as other:
        await HttpStatusPage(session, other.url, ["Login"], TravelClock(), host="status.openai.com").look()
        await HttpStatusPage(session, f"{other.url}/", ["Login"], TravelClock()).look()
    rest = ["/api/v2/summary.json", "/api/v2/incidents.json"]
    assert other.paths == ["/proxy/status.openai.com", *rest, "/proxy/127.0.0.1", *rest]


@pytest.mark.parametrize("trouble", [trouble for trouble in Trouble if trouble is not Trouble.DRIP])
async def test_what_is_no_page_is_unknown(
    page: LocalStatusPage, session: aiohttp.ClientSession, trouble: Trouble
) -> None:
    """Each interface is tried, and each says why not; nothing is followed, inflated or believed."""
    page.play(Scene(trouble=trouble))
    seen = await reader(page.url, session).look()
    assert seen.state is PageState.UNKNOWN
    assert [reason.partition(":")[0] for reason in seen.reasons] == ["native", "summary", "incidents"]
    assert [source for source, _ in page.requests] == [Source.NATIVE, Source.SUMMARY, Source.INCIDENTS]


@pytest.mark.parametrize(
    ("offers", "state", "source"),
    [
        ({Source.SUMMARY, Source.INCIDENTS}, PageState.BAD, "summary"),
        ({Source.SUMMARY}, PageState.BAD, "summary"),
        ({Source.INCIDENTS}, PageState.UNKNOWN, "incidents"),
        (set(), PageState.UNKNOWN, ""),
    ],
)
async def test_the_others_are_asked_in_turn(
    page: LocalStatusPage, session: aiohttp.ClientSession, offers: set[Source], state: PageState, source: str
) -> None:
    """A 404 is "not offered", never "nothing is wrong"; incidents without components decide nothing, and are shown."""
    page.play(Scene(AWAY, OPEN, offers=frozenset(offers)))
    seen = await reader(page.url, session).look()
    assert (seen.state, seen.source) == (state, source)
    assert "native: answered 404" in seen.reasons
    assert bool(seen.incidents) is (Source.INCIDENTS in offers)


async def test_a_redirect_is_not_followed(page: LocalStatusPage, session: aiohttp.ClientSession) -> None:
    """Not even to a page that would answer well: who redirects may lead anywhere."""
    async with serving(LocalStatusPage()) as other:
        page.elsewhere = f"{other.url}/proxy/elsewhere"
        page.play(Scene(trouble=Trouble.REDIRECT))
        seen = await reader(page.url, session).look()
    assert (seen.state, other.requests) == (PageState.UNKNOWN, [])
    assert "native: answered 302" in seen.reasons


async def test_of_a_huge_answer_two_megabytes_are_read(page: LocalStatusPage, session: aiohttp.ClientSession) -> None:
    """The rest is left where it is."""
    page.play(Scene(trouble=Trouble.HUGE))
    seen = await reader(page.url, session).look()
    assert seen.reasons[0] == "native: answered more than 2097152 bytes"


async def test_an_empty_native_answer_is_not_the_last_word(
    page: LocalStatusPage, session: aiohttp.ClientSession
) -> None:
    """An interface that names none of our components says nothing, so the next one is asked; where none does, it is told."""
    seen = await HttpStatusPage(session, page.url, ["Realtime"], TravelClock()).look()
    assert seen.state is PageState.UNKNOWN
    assert len(page.requests) == 3
    assert any("none of the configured components" in reason for reason in seen.reasons)


async def test_what_has_not_changed_is_not_sent_again(page: LocalStatusPage, session: aiohttp.ClientSession) -> None:
    """304 is the same snapshot, for each interface by its own tag; a change comes through."""
    page.play(Scene(AWAY, offers=frozenset({Source.NATIVE})))
    asked = reader(page.url, session)
    first, second = await asked.look(), await asked.look()
    assert first == second
    assert [bool(tag) for _, tag in page.requests] == [False, True]
    page.play(Scene())
    assert (await asked.look()).state is PageState.GOOD


async def test_what_was_known_is_not_believed_in_an_outage_of_the_page(
    page: LocalStatusPage, session: aiohttp.ClientSession
) -> None:
    """A page that was good and cannot be read now is unknown; afterwards its tag is still good for a 304."""
    asked = reader(page.url, session)
    assert (await asked.look()).state is PageState.GOOD
    page.play(Scene(trouble=Trouble.GARBAGE))
    assert (await asked.look()).state is PageState.UNKNOWN
    page.play(Scene(AWAY))
    assert (await asked.look()).state is PageState.BAD


@pytest.mark.parametrize("how", ["hangs", "drips"])
async def test_it_ends_in_time(how: str, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that does not answer, or never ends its answer, costs each interface its deadline as a whole."""
    monkeypatch.setattr(status_page, "_DEADLINE", 0.2)
    async with slow_server(how) as url:
        with anyio.fail_after(20):
            seen = await reader(url, session).look()
    assert seen.reasons == tuple(f"{name}: no answer within 0.2 s" for name in ("native", "summary", "incidents"))


async def test_nobody_there(session: aiohttp.ClientSession) -> None:
    """An address at which nobody listens is unknown."""
    seen = await reader("http://127.0.0.1:1", session).look()
    assert seen.state is PageState.UNKNOWN
    assert len(seen.reasons) == 3


async def test_a_dripping_page_in_miniature_is_given_up(
    page: LocalStatusPage, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in's own drip is one."""
    monkeypatch.setattr(status_page, "_DEADLINE", 0.2)
    page.play(Scene(trouble=Trouble.DRIP))
    assert (await reader(page.url, session).look()).state is PageState.UNKNOWN


async def test_a_ping_asks_once_a_minute(page: LocalStatusPage, session: aiohttp.ClientSession) -> None:
    """Health is asked for every few seconds, the page of another only when the last look is old; bad news is an answer."""
    clock = TravelClock()
    asked = reader(page.url, session, clock)
    page.play(Scene(AWAY))
    await asked.ping()
    await asked.ping()
    assert len(page.requests) == 1
    page.play(Scene(trouble=Trouble.AWAY))
    clock.ahead += 61
    with pytest.raises(Unavailable, match="native: answered 503"):
        await asked.ping()


async def test_a_ping_that_is_given_up_is_not_asked_again_at_once(
    page: LocalStatusPage, session: aiohttp.ClientSession
) -> None:
    """A page that hangs is asked once a minute, too, however often health is asked for."""
    page.play(Scene(trouble=Trouble.DRIP))
    asked = reader(page.url, session)
    with anyio.move_on_after(0.3):
        await asked.ping()
    for _ in range(3):
        with pytest.raises(Unavailable, match="no answer"):
            await asked.ping()
    assert len(page.requests) == 1


async def test_scenes_follow_each_other(page: LocalStatusPage, session: aiohttp.ClientSession) -> None:
    """The stand-in plays each scene for its looks, and the last for good."""
    page.play(Scene(looks=1), Scene(AWAY, looks=2), Scene())
    asked = reader(page.url, session)
    states = [(await asked.look()).state.value for _ in range(5)]
    assert states == ["good", "bad", "bad", "good", "good"]
