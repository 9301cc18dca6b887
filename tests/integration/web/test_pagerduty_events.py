"""What people do in PagerDuty is done here, once, and not told to PagerDuty again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.ports import NoticeKind
from leh_guardian.store.pool import Pool
from tests.support.answers import PAGERDUTY, Answered

PERSON = {"id": "PLH1HKV", "summary": "김민수", "type": "user_reference"}


@pytest.fixture
async def site(pool: Pool, tmp_path: Path) -> AsyncIterator[Answered]:
    """An installation that can be answered; its channel `ops` stands for PagerDuty."""
    async with Answered(pool, tmp_path / "rules").served() as served:
        yield served


async def send(site: Answered, body: bytes, signature: str | None = None) -> tuple[int, dict[str, Any]]:
    """Send a delivery as PagerDuty does."""
    signed = signature or "v1=" + hmac.new(PAGERDUTY, body, hashlib.sha256).hexdigest()
    headers = {"X-PagerDuty-Signature": f"v1=00,{signed}"}
    async with site.client.post("/pagerduty/events", data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def happened(
    site: Answered, kind: str, number: object, event_id: str = "E1", agent: object = PERSON
) -> tuple[int, dict[str, Any]]:
    """Tell of something that happened there."""
    event = {"id": event_id, "event_type": kind, "agent": agent, "data": {"incident_key": f"leh/INC-{number}"}}
    return await send(site, json.dumps({"event": event}).encode())


async def test_a_person_acknowledges_and_resolves_there(site: Answered) -> None:
    """The others hear of it; the channel that it comes from does not."""
    await site.alarm("down-a")
    number = (await site.incident())["number"]
    status, said = await happened(site, "incident.acknowledged", number)
    assert (status, said["done"]) == (200, True)
    incident = await site.incident()
    assert (incident["status"], incident["acknowledged_by"]) == ("acknowledged", ["minsu"])
    await site.api(f"/api/incidents/INC-{number}/unack", by="seoyeon")
    await site.called.house.work()
    before = len(site.called.world.sent)
    assert (await happened(site, "incident.resolved", number, "E2", {**PERSON, "summary": "박 과장"}))[1]["done"]
    await site.called.house.work()
    told = [(name, n.title) for _, name, n in site.called.world.sent[before:] if n.kind is NoticeKind.STATUS]
    assert told == [("slack", "[해결] down (down-a)")]
    assert (await site.incident())["status"] == "resolved"
    [line] = [line for line in (await site.incident())["journal"] if line["kind"] == "incident.resolved"]
    assert line["data"] == {"by": "박 과장", "via": "pagerduty", "event": "E2"}


async def test_a_delivery_counts_once(site: Answered) -> None:
    """PagerDuty repeats for two days what it got no answer to: an old acknowledgement does not come back."""
    await site.alarm("down-a")
    number = (await site.incident())["number"]
    assert (await happened(site, "incident.acknowledged", number))[1]["done"]
    await site.api(f"/api/incidents/INC-{number}/unack")
    assert await happened(site, "incident.acknowledged", number) == (200, {"done": False, "text": ""})
    assert (await site.incident())["status"] == "triggered"


@pytest.mark.parametrize(
    ("kind", "agent"),
    [
        ("incident.acknowledged", {"summary": "Events API", "type": "events_api_v2_inbound_integration_reference"}),
        ("incident.resolved", None),
        ("incident.resolved", "김민수"),
        ("incident.triggered", PERSON),
    ],
    ids=["our own echo", "a timer", "junk", "nothing to do"],
)
async def test_only_a_persons_word_counts(site: Answered, kind: str, agent: object) -> None:
    """What ran out there, and what we have told PagerDuty ourselves, is 200 and changes nothing."""
    await site.alarm("down-a")
    number = (await site.incident())["number"]
    assert await happened(site, kind, number, agent=agent) == (200, {"done": False, "text": ""})
    assert (await site.incident())["status"] == "triggered"


async def test_what_is_not_ours_is_taken_and_forgotten(site: Answered) -> None:
    """Unknown numbers, keys of others, events without anything: 200, or the subscription is turned off."""
    for number in (999999, "x", "1" * 30, ""):
        assert (await happened(site, "incident.resolved", number, f"E{number}"))[0] == 200
    for body in (b"", b"[]", b"\xff", b"[" * 5000, b'{"event": {"event_type": 7}}'):
        assert (await send(site, body))[0] == 200


async def test_what_is_not_signed_is_refused(site: Answered) -> None:
    """Before anything of it is read."""
    await site.alarm("down-a")
    for signature in ("v1=00", "v0=", "é"):
        assert (await send(site, b"{}", signature))[0] == 401
    async with site.client.post("/pagerduty/events", data=b"{}") as answer:
        assert answer.status == 401
