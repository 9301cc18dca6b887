"""A replica, or several, with a rule of one step: what most tests of the engine need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.pool import Pool
from tests.support import on_call
from tests.support.clock import FakeClock
from tests.support.house import House, World, rule_set

RULE = """
version: 1
rules:
  - id: r
    mode: {mode}
    pattern: {{detail: {{alarmName: [{{prefix: leh-}}], state: {{value: [ALARM]}}}}}}
    dedup: detail.alarmName
    {serialize}
    guards: {{cooldown: 1s}}
    actions:
      - uses: {uses}
        with: {{what: "${{event.detail.alarmName}}"}}
        retry: {{attempts: 3, backoff: 1s}}
"""


@pytest.fixture
def house(pool: Pool, tmp_path: Path) -> Callable[..., House]:
    """Make houses over one database and one world."""
    world, clock = World(), FakeClock()

    def make(uses: str = "fix", *, rule_mode: str = "act", serialize: str = "", **options: Any) -> House:
        text = RULE.format(mode=rule_mode, uses=uses, serialize=serialize)
        return House(pool, rule_set(tmp_path / "rules", text, world), world, clock, **options)

    return make


@pytest.fixture
def english_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tech lead reads English; everybody else is of the installation's language."""
    written = on_call.ON_CALL.replace("{name: 최서연,", "{name: Seoyeon Choi, locale: en,")
    monkeypatch.setattr(on_call, "ON_CALL", written)


@pytest.fixture
async def dead(postgres: EmbeddedPostgres) -> Pool:
    """A pool to a store that is away."""
    pool = await Pool.open(postgres.dsn("guardian"), size=1)
    await pool.close()
    return pool
