"""`leh-guardian case restore`: a dry run that shows everything, and a restore that the daemon carries out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from click.testing import CliRunner, Result

from leh_guardian.adapters.aws import Aws
from leh_guardian.app import handlers
from leh_guardian.cli import following
from leh_guardian.cli.case import case
from leh_guardian.cli.examination.product import look_at_product
from leh_guardian.local import search
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.rules.loader import load_rules
from leh_guardian.settings import load_settings
from leh_guardian.store.pool import Pool
from tests.support.case_outside import CaseOutside, case_outside
from tests.support.hostile_ids import NO_IDS
from tests.support.house import House, rule_set
from tests.support.leh_product import SHAPES, Product, make_product

SHAPE = SHAPES["native enum of an ORM"]


@pytest.fixture
async def product(postgres: EmbeddedPostgres) -> Product:
    """LEH's database, its case closed an hour ago."""
    return await make_product(postgres.dsn("guardian"), SHAPE)


@pytest.fixture
async def leh(pool: Pool, aws: Aws, product: Product, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CaseOutside]:
    """A case with an emptied index and a cleared record, and a shell whose settings name all of it."""
    async with case_outside(pool, aws, "evidence_id") as made, search.serving(made.indexes) as url:
        await made.files("ev_1", "ev_2")
        await made.records("ev_1")
        settings = {
            "LEH_DATABASE_URL": product.dsn,
            "LEH_QUEUE__ALERTS": "alerts",
            "LEH_EVIDENCE__TABLE": made.worker.table,
            "LEH_EVIDENCE__BUCKET": made.bucket,
            "LEH_OPENSEARCH__URL": url,
            "LEH_PRODUCT_DATABASE_URL": product.dsn,
            "LEH_PRODUCT_DATABASE__CASES": product.names.cases,
            "LEH_PRODUCT_DATABASE__AUDIT": product.names.audit,
            "LEH_PRODUCT_DATABASE__USERS": product.names.users,
            "LEH_PRODUCT_DATABASE__SERVICE_USER": SHAPE.service,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(following, "PAUSE", 0.05)
        made.can = replace(made.can, cases=product.cases())
        yield made


async def run(*words: str) -> Result:
    """Type a command while a loop runs here."""
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(case, ["restore", *words]), abandon_on_cancel=True)


def answer(told: Result) -> Any:
    """Return the document among the lines of the log, which share the stream here."""
    text = told.stdout
    return json.JSONDecoder().raw_decode(text[re.search(r'^{"case"|^{\n', text, re.MULTILINE).start() :])[0]  # type: ignore[union-attr]


async def test_a_dry_run_shows_all_and_changes_nothing(leh: CaseOutside, product: Product) -> None:
    """Who closed it and when, what is missing where and what would be done; exit 1 for what would be refused."""
    shown = await run(leh.case, "--reason", "r", "--dry-run", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert (found["status"], found["closed_by"], found["index"]) == ("closed", SHAPE.user_id, "missing")
    assert found["missing"] == {"records": 1, "finished": 0, "documents": 1, "objects": 0}
    assert found["would"] == ["case_restore: closed → active", "reindex-case", "reprocess-evidence x 1"]
    assert "실행할 일" in (await run(leh.case, "--reason", "r", "--dry-run")).stdout
    assert await product.status() == SHAPE.closed
    assert leh.effects == {}
    await product.do("update audit_logs set timestamp = timestamp - interval '90 days'")
    old = await run(leh.case, "--reason", "r", "--dry-run", "--json")
    assert old.exit_code == 1
    assert "90일" in json.loads(old.stdout)["refused"]


async def test_a_dry_run_promises_nothing_that_would_be_refused(leh: CaseOutside, product: Product) -> None:
    """What a hold keeps closed is not made whole either; a case that is neither closed nor active is opened by nobody."""
    await product.do("update audit_logs set timestamp = timestamp - interval '90 days'")
    held = await run(leh.case, "--reason", "r", "--dry-run", "--json")
    assert (held.exit_code, json.loads(held.stdout)["would"]) == (1, [])
    await product.do("alter type casestatus add value 'ARCHIVED'")
    await product.do("update cases set status = 'ARCHIVED'")
    neither = await run(leh.case, "--reason", "r", "--dry-run", "--json")
    assert neither.exit_code == 1, neither.stdout
    assert "ARCHIVED" in json.loads(neither.stdout)["refused"]
    assert json.loads(neither.stdout)["would"] == []
    assert "상태가 closed가 아니라 ARCHIVED" in (await run(leh.case, "--reason", "r", "--dry-run")).stdout
    await product.do("update cases set status = 'ACTIVE'")
    lacking = await run(leh.case, "--reason", "r", "--dry-run", "--json")
    assert lacking.exit_code == 0
    assert json.loads(lacking.stdout)["would"] == ["reindex-case", "reprocess-evidence x 1"]


@pytest.fixture
def daemon(leh: CaseOutside, pool: Pool) -> House:
    """A replica with the shipped rules and the real handlers."""
    registry = handlers()
    rules = load_rules(Path("rules"), registry)
    return House(pool, rules, None, leh.clock, registry=registry, capabilities=leh.can)


async def test_a_restore_is_carried_out_once(leh: CaseOutside, product: Product, daemon: House) -> None:
    """Planned by the command and run by the daemon: status, index and record are back; the second time there is nothing to do."""
    for expected in (["succeeded", "succeeded"], ["skipped", "skipped"]):
        told: list[Result] = []

        async def type_it(told: list[Result] = told) -> None:
            told.append(await run(leh.case, "--reason", "변호사 요청", "--json"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(type_it)
            while not told:
                await daemon.work()
                leh.clock.advance(seconds=30)
                await anyio.sleep(0.02)
        assert told[0].exit_code == 0, told[0].output
        actions = answer(told[0])["actions"]
        assert [each["status"] for each in actions] == expected, actions
    assert await product.status() == SHAPE.active
    assert len(await product.log()) == 1
    assert leh.effects == {leh.case: 1, "ev_2": 1}


def asked_for(leh: CaseOutside) -> dict[str, Any]:
    """The event by which the backend asks."""
    detail = {"case_id": leh.case, "user_id": SHAPE.user_id}
    event = {"id": "e-1", "source": "leh.backend", "detail-type": "CaseRestoreRequested", "detail": detail}
    place = {"region": "ap-northeast-2", "account": "123456789012", "resources": []}
    return event | place | {"time": leh.clock.now().isoformat()}


async def test_an_event_is_proposed_with_what_it_is_about(leh: CaseOutside, product: Product, daemon: House) -> None:
    """The shipped rule looks, asks once with all of it shown, opens, mends and verifies; without a word nothing is changed."""
    await daemon.take(asked_for(leh))
    await daemon.work()
    [proposed] = await daemon.actions("proposed")
    assert proposed["handler"] == "case_restore"
    assert await product.status() == SHAPE.closed
    assert leh.effects == {}
    [message] = daemon.world.told
    for shown in (
        f"사건 {leh.case}: closed",
        f"종료: {SHAPE.user_id}",
        "1시간",
        "기록 없음 1건",
        "재처리 1건 약 $0.05",
    ):
        assert shown in message, message
    assert f'case_restore {{"case":"{leh.case}"' in message
    assert f'→ reconcile_case {{"case":"{leh.case}","at_most":1}}' in message
    await daemon.answer(proposed["id"], approve=True)
    for _ in range(20):
        await daemon.work()
        leh.clock.advance(seconds=60)
    [incident] = await daemon.incidents()
    assert incident["status"] == "resolved"
    assert (await daemon.journal()).count("action.proposed") == 1
    assert await product.status() == SHAPE.active
    assert leh.effects == {leh.case: 1, "ev_2": 1}


async def test_more_than_was_shown_is_not_done(leh: CaseOutside, product: Product, daemon: House) -> None:
    """Where more is missing than the approval showed, nothing is processed anew: a person is told how much, and how to do it."""
    await daemon.take(asked_for(leh))
    await daemon.work()
    [proposed] = await daemon.actions("proposed")
    await leh.files("ev_3")
    leh.clock.advance(seconds=60)
    await daemon.answer(proposed["id"], approve=True)
    for _ in range(5):
        await daemon.work()
        leh.clock.advance(seconds=60)
    [repair] = [each for each in await daemon.actions() if each["handler"] == "reconcile_case"]
    assert repair["status"] == "failed"
    assert "2건으로" in repair["outcome"]["summary"]
    assert f"leh-guardian case restore {leh.case}" in daemon.world.told[-1]
    assert leh.effects == {}


SCHEDULED = """
version: 1
rules:
  - id: nightly-case
    mode: act
    schedule: {{cron: "0 3 * * *", timezone: Asia/Seoul, catch_up: 1d}}
    guards: {{limits: {{evidence: 100}}}}
    actions: [{{uses: reconcile_case, with: {{case: {case}}}}}]
"""


async def test_a_case_is_reconciled_on_its_own_on_a_schedule(
    leh: CaseOutside, product: Product, pool: Pool, tmp_path: Path
) -> None:
    """Without anybody's asking and without a restore: each night what is missing is made; a night with nothing to do does nothing."""
    await product.do(f"update cases set status = '{SHAPE.active}'")
    registry = handlers()
    rules = rule_set(tmp_path / "rules", SCHEDULED.format(case=leh.case), registry=registry)
    daemon = House(pool, rules, None, leh.clock, registry=registry, capabilities=leh.can)
    await daemon.scheduler.run_once()
    for status in ("succeeded", "skipped"):
        leh.clock.advance(hours=24)
        await daemon.scheduler.run_once()
        for _ in range(6):
            await daemon.work()
            leh.clock.advance(seconds=60)
        repair = (await daemon.actions())[-1]
        assert (repair["handler"], repair["status"]) == ("reconcile_case", status), repair
        assert leh.effects == {leh.case: 1, "ev_2": 1}


async def test_hostile_events_ask_nobody(leh: CaseOutside, daemon: House) -> None:
    """What is no id is refused when it is planned, before any attempt, and people are told."""
    hostile = [*NO_IDS.values(), None, {"a": 1}]
    event = {"source": "leh.backend", "detail-type": "CaseRestoreRequested", "time": leh.clock.now().isoformat()}
    event |= {"region": "ap-northeast-2", "account": "123456789012", "resources": []}
    for number, case_id in enumerate(hostile):
        await daemon.take({**event, "id": f"e-{number}", "detail": {"case_id": case_id}})
        await daemon.work()
    planned = [
        each for each in await daemon.actions() if each["handler"] in {"case_state", "case_restore", "reconcile_case"}
    ]
    assert {(each["handler"], each["status"], each["attempt"]) for each in planned} == {("case_state", "failed", 0)}
    assert daemon.world.told
    assert leh.effects == {}


@pytest.mark.parametrize(
    "words",
    [*((each, "--reason", "r") for each in NO_IDS.values()), ("case_1",), ("case_1", "--reason", " ")],
    ids=[*NO_IDS, "no reason", "an empty reason"],
)
async def test_bad_usage(words: tuple[str, ...]) -> None:
    """What is no id, and what has no reason, is asked of nobody."""
    assert (await run(*words)).exit_code == 2


async def test_the_doctor_looks(leh: CaseOutside, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how the tables are read, and warns of a user that there is not, and of a bucket that cannot be listed."""
    found = {each.item: each for each in await look_at_product(load_settings(os.environ))}
    assert found["product database"].status == found["case evidence"].status == "OK"
    assert "'ACTIVE' means active" in found["product database"].detail
    monkeypatch.setenv("LEH_EVIDENCE__BUCKET", "nowhere")
    monkeypatch.delenv("LEH_PRODUCT_DATABASE__SERVICE_USER")
    monkeypatch.setenv("LEH_PRODUCT_DATABASE__AUDIT", f"{product.schema}.audit_logs")
    with pytest.raises(Exception, match="service_user"):
        await look_at_product(load_settings(os.environ))
    monkeypatch.setenv("LEH_PRODUCT_DATABASE__SERVICE_USER", SHAPE.service)
    found = {each.item: each for each in await look_at_product(load_settings(os.environ))}
    assert found["case evidence"].status == "WARN"
