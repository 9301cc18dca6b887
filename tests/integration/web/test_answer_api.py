"""Programs answer over HTTP: each verb, by id and by number, and what is the case where nothing is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.store.pool import Pool
from tests.support.answers import Answered


@pytest.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Answered]:
    """An installation that can be answered."""
    async with Answered(pool, tmp_path / "rules").served() as served:
        yield served


async def test_an_incident_is_answered_by_number(site: Answered) -> None:
    """Acknowledged, taken back, raised, quieted and closed; who says it is known by name as by id."""
    await site.alarm("down-a")
    incident = await site.incident()
    path = f"/api/incidents/INC-{incident['number']}"
    status, said = await site.api(f"{path}/ack", by="김민수")
    assert (status, said["done"], said["now"]["status"]) == (200, True, "acknowledged")
    assert said["now"]["acknowledged_by"] == ["minsu"]
    status, said = await site.api(f"/api/incidents/{incident['id']}/ack", by="최서연")
    assert (status, said["text"]) == (
        200,
        f"INC-{incident['number']}: 이미 김민수 님이 03:00에 확인했습니다. 함께 대응하는 것으로 기록했습니다.",
    )
    assert (await site.api(f"{path}/unack", by="minsu"))[1]["now"]["status"] == "triggered"
    status, said = await site.api(f"{path}/unack", by="minsu")
    assert (status, said["done"], "현재 상태: 응답 필요" in said["text"]) == (409, False, True)
    status, said = await site.api(f"{path}/snooze", minutes=20)
    assert (status, "03:20까지 보류" in said["text"], said["now"]["status"]) == (200, True, "snoozed")
    status, said = await site.api(f"{path}/escalate", level=3, as_of=said["now"]["as_of"], reason="too big")
    assert (status, "곧 Lv3" in said["text"]) == (200, True)
    assert (await site.api(f"{path}/resolve", by="seoyeon", reason="done"))[0] == 200
    for verb in ("resolve", "ack", "snooze", "escalate"):
        status, said = await site.api(f"{path}/{verb}")
        assert (status, said["done"], said["now"]["status"]) == (409, False, "resolved")
        assert "이미 최서연 님이 03:00에 해결 처리한 장애입니다" in said["text"]


async def test_it_is_not_raised_twice_as_of_the_same_move(site: Answered) -> None:
    """The second is told that it was asked already, and afterwards that the level has been called."""
    await site.alarm("down-a")
    incident = await site.incident()
    path = f"/api/incidents/{incident['id']}/escalate"
    seen = incident["as_of"]
    assert (await site.api(path, by="minsu", as_of=seen))[0] == 200
    status, said = await site.api(path, by="seoyeon", as_of=seen)
    assert (status, "이미 김민수 님이 상위 보고하여 곧 Lv2" in said["text"]) == (409, True)
    await site.called.house.work()
    status, said = await site.api(path, by="seoyeon", as_of=seen)
    assert (status, "그 사이 이미 Lv2" in said["text"]) == (409, True)
    assert (await site.api(path, by="seoyeon", as_of=said["now"]["as_of"]))[0] == 200


async def test_level_three_knows_no_quiet(site: Answered) -> None:
    """Nor does an incident that is unknown."""
    await site.alarm("leak-a")
    incident = await site.incident()
    status, said = await site.api(f"/api/incidents/{incident['id']}/snooze")
    assert (status, "보류할 수 없습니다" in said["text"], said["now"]["level"]) == (409, True, 3)
    status, said = await site.api("/api/incidents/INC-999999999999999999/ack")
    assert (status, said["now"]) == (409, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/incidents/INC-/ack", {}),
        ("/api/incidents/INC-12345678901234567890/ack", {}),
        ("/api/incidents/INC-１/ack", {}),
        ("/api/actions/INC-1/approve", {}),
        ("/api/incidents/INC-1/snooze", {"minutes": 0}),
        ("/api/incidents/INC-1/snooze", {"minutes": 1e9}),
        ("/api/incidents/INC-1/snooze", {"minutes": "30"}),
        ("/api/incidents/INC-1/snooze", {"minutes": True}),
        ("/api/incidents/INC-1/escalate", {"level": 0}),
        ("/api/incidents/INC-1/escalate", {"level": 2**63}),
        ("/api/incidents/INC-1/escalate", {"as_of": -1}),
        ("/api/incidents/INC-1/escalate", {"as_of": 1.5}),
    ],
)
async def test_what_makes_no_sense_is_refused(site: Answered, path: str, body: dict[str, Any]) -> None:
    """With what is wrong about it; never an error of the server."""
    status, said = await site.api(path, **body)
    assert (status, bool(said["error"])) == (400, True)


async def test_an_action_is_approved(site: Answered) -> None:
    """Once; afterwards its state is told, and who approved it."""
    await site.alarm("ask-a")
    [action] = [a for a in (await site.incident())["actions"] if a["role"] == "step"]
    status, said = await site.api(f"/api/actions/{action['id']}/approve", by="최서연")
    assert (status, said["now"]["status"], said["now"]["approved_by"]) == (200, "scheduled", "seoyeon")
    status, said = await site.api(f"/api/actions/{action['id']}/reject", by="minsu")
    assert (status, "이미 최서연 님이 승인한 조치입니다" in said["text"]) == (409, True)
    assert (await site.api("/api/actions/00000000-0000-0000-0000-000000000009/approve"))[0] == 409
