"""The daemon and its own probe of the service: a failure calls people and is in `/status`, as it is wired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.faults import refuse
from tests.support.installation import alert_queue, install
from tests.support.process import Daemon, shipped, wait_for
from tests.support.service_outside import ServiceOutside

SETTINGS = """
probes:
  - {name: front-page, failures: 1, url: "%s/search", secrets: {password: {env: PROBE_PASSWORD}}}
"""


def test_a_probe_that_fails(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> None:
    """People are told what was expected and seen; what is compared with AWS waits for its first look meanwhile."""
    settings, file = install(postgres, aws_server, tmp_path), tmp_path / "guardian.yaml"
    with ServiceOutside() as service:
        service.faults.always("GET /search", refuse(503))
        file.write_text(SETTINGS % service.url, encoding="utf-8")
        settings |= {"LEH_CONFIG": str(file), "PROBE_PASSWORD": "geheim-geheim"}
        with alert_queue(settings), Daemon(tmp_path / "log", shipped, **settings) as daemon:
            wait_for(lambda: "front-page: '요청' 단계가 1회 연속 실패" in daemon.text())
            assert "실제: HTTP 503" in daemon.text()
            # A snapshot is taken every few seconds.
            status = wait_for(lambda: _down(found := json.loads(daemon.get("/status")[1])) and found)
            assert {"reconcile", "probes", "probe_front-page"} <= status["loops"].keys()
            assert 'guardian_probe_looks_total{outcome="failed",probe="front-page"} 1.0' in daemon.get("/metrics")[1]
            assert "geheim" not in daemon.text()


def _down(status: dict[str, Any]) -> bool:
    return status["probes"].get("front-page", {}).get("down") is True
