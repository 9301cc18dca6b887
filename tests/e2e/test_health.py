"""Liveness and readiness of the daemon as a process, while what it needs is frozen, or refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.freeze import frozen
from tests.support.installation import alert_queue, install
from tests.support.process import Daemon, run_cli, wait_for
from tests.support.systemd import Systemd


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that this test may freeze."""
    server = EmbeddedPostgres.start(tmp_path / "own", durable=False)
    try:
        yield server
    finally:
        server.stop(remove=True)


def test_a_frozen_postgresql_is_not_ready_and_alive(
    own: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """A PostgreSQL that accepts and never answers fails readiness by name and nothing else; it is all well when it goes on.

    Each probe is answered meanwhile, hundreds of them: one that asked the database would hang, or find no free connection.
    """
    settings = install(own, aws_server, tmp_path)
    with alert_queue(settings) as send, Systemd(tmp_path) as systemd:
        settings |= {**systemd.environment, "GUARDIAN_TEST_HURRY": "1"}
        with Daemon(tmp_path / "log", **settings) as daemon:
            wait_for(lambda: daemon.get("/readyz")[0] == 200)
            with frozen(own.pid):
                send(alarm_event("a-1"))
                wait_for(lambda: daemon.get("/readyz")[0] == 503, 40)
                assert list(json.loads(daemon.get("/readyz")[1])["failing"]) == ["postgresql"]
                for path in ("/livez", "/readyz", "/status", "/metrics") * 50:
                    assert daemon.get(path)[0] == (503 if path == "/readyz" else 200)
                systemd.until("STATUS=not ready: postgresql")
                systemd.until("WATCHDOG=1", times=2)
            wait_for(lambda: daemon.get("/readyz")[0] == 200, 60)
            wait_for(lambda: "a-1" in run_cli("incidents", "list", "--json", **settings).stdout)
            assert daemon.code is None
            assert not daemon.records("loops are stuck")
            assert "Traceback" not in daemon.text()


def test_a_queue_that_may_be_seen_and_not_received_from_is_not_ready(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """A role that lacks sqs:ReceiveMessage alone is no readiness: the look at the queue's depth proves nothing about taking in."""
    settings = {**install(postgres, aws_server, tmp_path), "GUARDIAN_TEST_REFUSE": "receive_message"}
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        reason = wait_for(lambda: "AccessDenied" in (text := daemon.get("/readyz")[1]) and text)
        assert "alert_queue" in reason
        assert daemon.get("/livez")[0] == 200
