"""The look at the uploads behind spending: versions of S3 and LEH's own log, joined and judged, and trusted no further than seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.leh_database.activity import LehActivity
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import SystemClock
from leh_guardian.context import Capabilities
from leh_guardian.errors import AccessDenied, NotFound, Refused
from leh_guardian.handlers.upload_analysis import UploadAnalysisParams, upload_analysis
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.model.outcome import Failed
from tests.support.attempt import attempt
from tests.support.evidence_server import REGION, EvidenceServer
from tests.support.faults import refuse
from tests.support.upload_outside import BUCKET, CASE, Leh, leh_of


@pytest.fixture(scope="session")
def server(postgres: EmbeddedPostgres) -> str:
    """A database of LEH's."""
    postgres.create_database("leh_uploads")
    return postgres.dsn("leh_uploads")


@pytest.fixture
async def leh(aws: Aws, server: str) -> AsyncIterator[Leh]:
    """A case of a bucket of its own."""
    async with leh_of(aws, server) as opened:
        yield opened


async def test_one_address_used_over_and_over_by_a_new_account(leh: Leh) -> None:
    """Only old versions show it, only the log whose it is; the verdict comes with numbers, and names what nobody has seen."""
    await leh.put(*[f"cases/{CASE}/raw/ev_1_a8f3c9.exe"] * 70)
    await leh.log("user_1", "UPLOAD", "ev_1")
    await leh.log("user_guardian", "VIEW", "ev_1")
    facts = await leh.facts()
    assert facts["verdict"] in {"attack", "suspicious"}
    assert (facts["user"], facts["uploads"], facts["held"]) == ("user_1", 70, "")
    fired = {one["id"]: one for one in facts["signals"]}
    assert any(one["measure"] in {"overwrite_ratio", "versions_per_key"} for one in fired.values()), fired
    assert all(one["value"] is not None and one["threshold"] is not None for one in fired.values())
    assert facts["missing"] == ["cloudtrail", "s3_access_logs", "waf"]
    assert facts["sources"]["audit_log"] == {"lines": 2, "whole": True, "accounts": 2}
    assert facts["measured"]["account_age_hours"] == pytest.approx(2, abs=0.1)
    assert facts["coverage"]["fields"]["user"] == 1.0
    assert "계정 user_1" in facts["brief"]
    assert "a8f3c9" not in str(facts)


async def test_a_binder_of_somebody_who_looks_at_it(leh: Leh) -> None:
    """Documents of a known account with names that people give, read again meanwhile: legitimate, by case and by account."""
    await leh.product.do("update users set created_at = now() - interval '2 years'")
    names = ("준비서면", "진술서", "녹취록", "사실조회 회신", "계약서", "영수증", "통장사본", "등기부등본")
    await leh.put(*(f"cases/{CASE}/raw/ev_{n}_{name}.pdf" for n, name in enumerate(names)))
    for number in range(len(names)):
        await leh.log("user_1", "UPLOAD", f"ev_{number}")
        await leh.log("user_1", "VIEW", f"ev_{number}")
        await leh.log("user_1", "VIEW", CASE, f"{number + 2} days")
    facts = await leh.facts()
    assert (facts["verdict"], facts["held"], facts["uploads"]) == ("legitimate", "", len(names))
    mine = await leh.facts(scope="user", key="user_1")
    assert (mine["verdict"], mine["uploads"], mine["user"]) == ("legitimate", len(names), "user_1")
    # Without the bucket nobody knows what was stored: the same lines let nothing go on.
    leh.can = replace(leh.can, evidence_bucket=None)
    blind = await leh.facts(scope="user", key="user_1")
    assert (blind["verdict"], blind["held"], blind["missing"][0]) == ("suspicious", "what was stored is unknown", "s3")


async def test_spending_that_no_upload_explains(leh: Leh) -> None:
    """Nothing was uploaded: that is no reason to let it go on."""
    facts = await leh.facts()
    assert (facts["verdict"], facts["held"], facts["user"]) == ("suspicious", "no upload explains the use", None)


async def test_a_source_that_cannot_be_read_is_missing(leh: Leh) -> None:
    """Without LEH's log, or without a table that it has, S3 alone is judged, by case; without both it is an error, not a verdict."""
    await leh.put(f"cases/{CASE}/raw/ev_1_준비서면.pdf")
    lost = replace(leh.product.names, audit="nowhere")
    leh.can = replace(leh.can, activities=LehActivity(leh.product.dsn, lost))
    facts = await leh.facts()
    assert facts["missing"][0] == "audit_log"
    assert "nowhere" in facts["unread"]["audit_log"]
    assert (facts["user"], facts["subjects"][0]["case_id"]) == (None, CASE)
    leh.can = replace(leh.can, evidence_bucket="no-such-bucket")
    with pytest.raises(NotFound):
        await leh.facts()
    leh.can = replace(leh.can, evidence_bucket=None, activities=None)
    with pytest.raises(Refused, match="LEH_EVIDENCE__BUCKET"):
        await leh.facts()


@pytest.mark.parametrize("key", ["../etc", "case_1/raw", "a b", "사건", "case_1'; drop table users"])
async def test_hostile_ids_are_asked_of_nobody(key: str) -> None:
    """What is no id goes into no prefix and no statement."""
    nobody = Capabilities(None, {}, None)  # type: ignore[arg-type]
    assert isinstance(await upload_analysis(attempt(nobody), UploadAnalysisParams(key=key)), Failed)


async def test_the_listing_of_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, to its end or to the bound; without the right to see versions, what is there now; without any, an error."""
    with EvidenceServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        server.store(BUCKET, *(f"cases/{CASE}/raw/ev_{n}_기록 1+1.pdf" for n in range(10)))
        async with open_aws(REGION) as aws:
            objects = S3Objects(aws, await aws.client("s3"))
            since = SystemClock().now() - timedelta(days=36500)

            async def listed(most: int = 99) -> tuple[int, bool, bool]:
                found = await objects.versions(BUCKET, f"cases/{CASE}/raw/", since, most, 9.0)
                assert all(one.key.endswith("_기록 1+1.pdf") for one in found.versions)
                return len(found.versions), found.whole, found.overwritten

            assert await listed() == (10, True, True)
            assert await listed(most=4) == (6, False, True)
            denied = refuse(403, "AccessDenied")
            server.faults.always("ListObjectVersions", denied)
            assert await listed() == (10, True, False)
            server.faults.always("ListObjectVersions", denied)
            server.faults.always("ListObjectsV2", denied)
            with pytest.raises(AccessDenied):
                await listed()
