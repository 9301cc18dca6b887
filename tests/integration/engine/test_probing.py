"""guardian's own looks at the service: so many failures open one incident that calls people, and its recovery is held."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from leh_guardian.adapters.service_probe import HttpProbe, HttpStep, probe_session
from leh_guardian.engine.probing import ProbesGone, Probing
from leh_guardian.model.plan import Severity
from leh_guardian.model.probe import Probe
from leh_guardian.store import overview
from leh_guardian.store.pool import Pool
from leh_guardian.store.transaction import transaction
from tests.support.builders import alarm_event
from tests.support.faults import cut_before, refuse
from tests.support.on_call import Called
from tests.support.service_outside import ServiceOutside

SIGNED = "PUT /signed/x"


@pytest.fixture
def service() -> Iterator[ServiceOutside]:
    """The service."""
    with ServiceOutside() as opened:
        yield opened


class Probed:
    """An installation of two replicas that look at a service."""

    def __init__(self, called: Called, http: HttpProbe, level: int | None) -> None:
        self.called, self.house, self.clock = called, called.house, called.clock
        self.reaches = [True, True]
        self.probe = Probe("web", 60.0, 3, 2, Severity.SEV2, "default", level, ("down",), 10.0)
        self.replicas = [self.replica(http, number) for number in (0, 1)]

    def replica(self, http: HttpProbe, number: int) -> Probing:
        """One replica's looks."""
        return Probing(
            self.probe,
            http,
            self.house.pool,
            self.house.progression,
            self.clock,
            self.house.metrics,
            lambda: self.reaches[number],
            timedelta(minutes=5),
            replica=f"replica-{number}",
            planned=lambda: None,
        )

    async def minutes(self, number: int) -> None:
        """Let so many minutes go by; both replicas look every 30 seconds, at once."""
        for _ in range(number * 2):
            async with anyio.create_task_group() as tasks:
                for replica in self.replicas:
                    tasks.start_soon(replica.run_once)
            await self.house.work()
            self.clock.advance(seconds=30)

    async def state(self) -> list[tuple[str, str]]:
        """What there is: (rule, status)."""
        return [(one["rule"], one["status"]) for one in await self.house.incidents()]

    async def kinds(self) -> list[str]:
        """The journal's kinds that are of closing and covering."""
        wanted = {"incident.ok_held", "incident.ok_dropped", "incident.needs_person", "suppressed.covered"}
        return [kind for kind in await self.house.journal() if kind in wanted]

    def outcomes(self) -> dict[str, float]:
        """How looks ended."""
        looks = self.house.metrics.probe_looks
        return {name: looks.labels("web", name)._value.get() for name in ("ok", "failed", "blind")}


@pytest.fixture
async def probed(
    pool: Pool, tmp_path: Path, service: ServiceOutside, request: pytest.FixtureRequest
) -> AsyncIterator[Probed]:
    """One whose service is well."""
    async with probe_session() as session:
        step = HttpStep("올리기", f"{service.url}/signed/x", "PUT", text="x", timeout=5.0)
        probe = HttpProbe(session, [step], {})
        yield Probed(Called(pool, tmp_path / "rules"), probe, getattr(request, "param", None))


async def test_failures_in_a_row_open_one_incident_and_its_recovery_is_held(
    probed: Probed, service: ServiceOutside
) -> None:
    """Two are none; the third calls people with what failed; one replica looks a minute. Two successes and five minutes end it."""
    await probed.minutes(2)
    service.faults.script(SIGNED, refuse(503), refuse(503), None)
    await probed.minutes(3)
    assert await probed.state() == []
    service.faults.off()
    service.faults.always(SIGNED, refuse(503))
    await probed.minutes(4)
    assert await probed.state() == [("guardian.probe", "triggered")]
    assert service.faults.hits[SIGNED] == 9
    [text] = [told for told in probed.called.world.told if "Lv1" in told][:1]
    assert "프로브" in text
    assert "web: '올리기' 단계가 3회 연속 실패" in text
    assert "기대: HTTP 2xx · 실제: HTTP 503" in text
    service.faults.off()
    await probed.minutes(1)
    assert await probed.kinds() == []
    await probed.minutes(5)
    assert await probed.kinds() == ["incident.ok_held"]
    assert await probed.state() == [("guardian.probe", "triggered")]
    await probed.minutes(1)
    assert await probed.state() == [("guardian.probe", "resolved")]
    assert "[해결] guardian.probe (web)" in {notice.title for notice in probed.called.world.notices}
    assert probed.outcomes() == {"ok": 10.0, "failed": 6.0, "blind": 0.0}


async def test_a_failure_while_its_recovery_is_held_drops_it(probed: Probed, service: ServiceOutside) -> None:
    """A single one is enough to go on; the incident is the same."""
    service.faults.script(SIGNED, *3 * [refuse(500)], None, None, refuse(500))
    await probed.minutes(6)
    assert await probed.kinds() == ["incident.ok_held", "incident.ok_dropped"]
    await probed.minutes(4)
    assert await probed.state() == [("guardian.probe", "triggered")]
    await probed.minutes(4)
    assert await probed.state() == [("guardian.probe", "resolved")]


@pytest.mark.usefixtures("english_lead")
@pytest.mark.parametrize("probed", [2], indirect=True)
async def test_it_is_told_in_each_languages_words_and_kept_in_the_installations(
    probed: Probed, service: ServiceOutside
) -> None:
    """The lead hears in English what failed; the journal and `/status` have it in Korean."""
    service.faults.script(SIGNED, *4 * [refuse(503)])
    await probed.minutes(4)
    [mine] = [notice for _, channel, notice in probed.called.world.sent if channel == "slack"][:1]
    [line] = [line for line in mine.lines if "web" in line]
    assert line.startswith("Details: web: the step '올리기' failed 3 times in a row (since ")
    assert line.endswith(" · expected: HTTP 2xx · seen: HTTP 503: ServiceUnavailable")
    async with transaction(probed.house.pool) as tx:
        told = await tx.fetchval("select reason from journal where kind = 'incident.opened'")
        kept = (await overview.counts(tx, probed.clock.now()))["probes"]["web"]["seen"]
    assert "3회 연속 실패" in told
    assert kept == "기대: HTTP 2xx · 실제: HTTP 503: ServiceUnavailable"


@pytest.mark.parametrize("probed", [3], indirect=True)
async def test_from_level_3_on_only_people_close(probed: Probed, service: ServiceOutside) -> None:
    """Its recovery is told, and it stays open."""
    service.faults.script(SIGNED, *3 * [refuse(500)])
    await probed.minutes(14)
    assert await probed.kinds() == ["incident.ok_held", "incident.needs_person"]
    assert await probed.state() == [("guardian.probe", "triggered")]


async def test_an_alarm_that_says_the_same_is_enough(probed: Probed, service: ServiceOutside) -> None:
    """While its incident is open the probe opens none; where the alarm ends and the probe fails on, it does."""
    await probed.house.take(alarm_event("down-web", time=probed.clock.now().isoformat()))
    service.faults.always(SIGNED, refuse(500))
    await probed.minutes(6)
    assert await probed.state() == [("down", "triggered")]
    assert await probed.kinds() == ["suppressed.covered"]
    await probed.house.resolve()
    await probed.minutes(1)
    assert await probed.state() == [("down", "resolved"), ("guardian.probe", "triggered")]


async def test_who_closes_it_by_hand_is_left_alone_for_a_while(probed: Probed, service: ServiceOutside) -> None:
    """The same failure opens another one after half an hour; a new failure does at once."""
    service.faults.always(SIGNED, refuse(500))
    await probed.minutes(4)
    await probed.house.resolve()
    await probed.minutes(29)
    assert await probed.state() == [("guardian.probe", "resolved")]
    await probed.minutes(3)
    assert await probed.state() == [("guardian.probe", "resolved"), ("guardian.probe", "triggered")]


async def test_a_replica_without_a_network_accuses_nobody(probed: Probed, service: ServiceOutside) -> None:
    """It leaves the probe to the other one, until it reaches something again; an answer counts, whatever else is away."""
    probed.reaches = [False, False]
    service.faults.always(SIGNED, cut_before())
    await probed.minutes(10)
    assert await probed.state() == []
    assert probed.outcomes() == {"ok": 0.0, "failed": 0.0, "blind": 2.0}
    probed.reaches = [False, True]
    await probed.minutes(3)
    assert await probed.state() == [("guardian.probe", "triggered")]
    assert "응답 없음" in str(probed.called.world.told) or "연결 실패" in str(probed.called.world.told)
    service.faults.off()
    service.faults.always(SIGNED, refuse(500))
    probed.reaches = [False, False]
    before = probed.outcomes()
    await probed.minutes(2)
    assert probed.outcomes()["blind"] == before["blind"]
    assert probed.outcomes()["failed"] == before["failed"] + 2


async def test_what_is_in_no_settings_any_more_ends(probed: Probed, service: ServiceOutside) -> None:
    """Not at once: replicas are started anew one after the other. Until then `/status` has it."""
    service.faults.always(SIGNED, refuse(500))
    await probed.minutes(4)
    gone = ProbesGone([], probed.house.pool, probed.house.progression, probed.clock, replica="one")
    await gone.run_once()
    assert await probed.state() == [("guardian.probe", "triggered")]
    async with transaction(probed.house.pool) as tx:
        report = (await overview.counts(tx, probed.clock.now()))["probes"]["web"]
    assert (report["down"], report["failures"], report["step"]) == (True, 4, "올리기")
    probed.clock.advance(minutes=11)
    await gone.run_once()
    assert await probed.state() == [("guardian.probe", "resolved")]
