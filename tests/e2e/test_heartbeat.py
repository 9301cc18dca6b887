"""Heartbeats and cries for help of the daemon as a process, received by real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.installation import alert_queue, client, install
from tests.support.posts import Receiver
from tests.support.process import Daemon, run_cli, shipped, wait_for

SECRET = "/ping/0c4f2a7e-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where heartbeats and notices go."""
    with Receiver() as one:
        yield one


@pytest.fixture
def settings(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path, receiver: Receiver) -> dict[str, str]:
    """An installation that beats every second."""
    return {
        **install(postgres, aws_server, tmp_path),
        "LEH_HEARTBEAT__URL": receiver.url + SECRET,
        "LEH_HEARTBEAT__EVERY": "2s",
        "GUARDIAN_TEST_HURRY": "1",
    }


def heartbeat(daemon: Daemon) -> dict[str, object]:
    """What /status says of it."""
    found: dict[str, object] = json.loads(daemon.get("/status")[1])["heartbeat"]
    return found


def test_beats_while_the_whole_path_works(settings: dict[str, str], receiver: Receiver, tmp_path: Path) -> None:
    """With every mode off, both places get heartbeats, people see no canary anywhere, and the address is told nowhere."""
    settings |= {"LEH_HEARTBEAT__NAMESPACE": "LEH/Guardian", "LEH_MODE": "off"}
    del settings["GUARDIAN_TEST_HURRY"]
    with alert_queue(settings), Daemon(tmp_path / "log", shipped, **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        assert run_cli("mode", "set", "off", "--reason", "x", **settings).returncode == 0
        wait_for(lambda: len(receiver.paths) >= 2)
        assert set(receiver.paths) == {SECRET}
        with client("cloudwatch", settings) as cloudwatch:
            wait_for(lambda: cloudwatch.list_metrics(Namespace="LEH/Guardian")["Metrics"])
        told = wait_for(lambda: (report := heartbeat(daemon))["held_back"] is None and report)
        assert told["failing"] == {}
        assert run_cli("incidents", "list", "--all", "--json", **settings).stdout == ""
        metrics = daemon.get("/metrics")[1]
        assert 'guardian_heartbeats_total{outcome="sent",place="url"}' in metrics
        assert "guardian_canary_age_seconds NaN" not in metrics
        assert "secret" not in daemon.get("/status")[1] + metrics + daemon.text()


def test_falls_silent_where_the_path_hangs(settings: dict[str, str], receiver: Receiver, tmp_path: Path) -> None:
    """One loop of the path hangs, and no further heartbeat goes out, while all the rest goes on."""
    trigger = tmp_path / "now"
    settings |= {"GUARDIAN_TEST_HANG": "awaits:executor", "GUARDIAN_TEST_TRIGGER": str(trigger)}
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: receiver.paths)
        trigger.touch()
        wait_for(lambda: heartbeat(daemon)["held_back"])
        # It looks ten times a second: what was due then has gone out or stays.
        silent = len(receiver.paths)
        wait_for(lambda: float(str(heartbeat(daemon)["heartbeat_age_seconds"])) > 5)
        assert len(receiver.paths) == silent
        assert daemon.records("heartbeat held back")


def test_falls_silent_where_nobody_can_be_reached(settings: dict[str, str], receiver: Receiver, tmp_path: Path) -> None:
    """The only way to people takes no message: nobody inside can tell, so the silence does, until one message gets through."""
    with Receiver() as people:
        people.status = 500
        (tmp_path / "secret").write_text("a-secret-of-some-length", encoding="utf-8")
        channels = {"ops": {"url": people.url, "secret_file": str(tmp_path / "secret")}}
        config = {"notify": {"channel": "ops", "channels": channels}}
        (tmp_path / "guardian.yaml").write_text(json.dumps(config), encoding="utf-8")
        settings |= {"LEH_CONFIG": str(tmp_path / "guardian.yaml")}
        with alert_queue(settings) as send, Daemon(tmp_path / "log", **settings) as daemon:
            wait_for(lambda: receiver.paths)
            for number in range(3):
                send(alarm_event(f"a-{number}"))
            # On a busy machine a canary may be late meanwhile: that is another reason.
            wait_for(lambda: heartbeat(daemon)["held_back"] == "every way to people is broken: ops")
            people.status = 200
            wait_for(lambda: heartbeat(daemon)["held_back"] is None, 120)
            silent = len(receiver.paths)
            wait_for(lambda: len(receiver.paths) > silent)


def test_a_place_that_refuses_is_told_once(settings: dict[str, str], receiver: Receiver, tmp_path: Path) -> None:
    """Heartbeats that are not taken are logged once, counted, shown, and end nothing."""
    receiver.status = 404
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: len(receiver.paths) >= 4)
        assert heartbeat(daemon)["failing"] == {"url": "heartbeat.url answered 404"}
        assert len(daemon.records("heartbeat not sent: will try again")) == 1
        assert daemon.get("/readyz")[0] == daemon.get("/livez")[0] == 200
        receiver.status = 200
        wait_for(lambda: daemon.records("heartbeats are taken again"))


def _about(receiver: Receiver, outage: str) -> list[dict[str, Any]]:
    """Return the notices about an outage."""
    return [notice for notice in receiver.notices() if outage in notice["title"]]


def test_people_are_told_directly_that_the_database_is_away(
    aws_server: EmbeddedAws, receiver: Receiver, tmp_path: Path
) -> None:
    """With PostgreSQL dead, the webhook is told once what cannot work, and once that it works again."""
    own = EmbeddedPostgres.start(tmp_path / "own", durable=False)
    try:
        (tmp_path / "secret").write_text("a-secret-of-some-length", encoding="utf-8")
        config = {
            "notify": {
                "channel": "ops",
                "channels": {"ops": {"url": receiver.url, "secret_file": str(tmp_path / "secret")}},
            }
        }
        (tmp_path / "guardian.yaml").write_text(json.dumps(config), encoding="utf-8")
        settings = install(own, aws_server, tmp_path)
        settings |= {
            "LEH_CONFIG": str(tmp_path / "guardian.yaml"),
            "GUARDIAN_TEST_PATIENCE": "1",
            "GUARDIAN_TEST_HURRY": "1",
        }
        with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
            wait_for(lambda: daemon.get("/readyz")[0] == 200)
            own.kill()
            # A busy machine may be too slow for another watch's patience of a second.
            (notice,) = wait_for(lambda: _about(receiver, "postgresql"), 60)
            assert notice["title"] == "[SEV1] guardian 자체 장애: postgresql"
            assert notice["rule"] == "guardian.distress"
            cases = json.loads(daemon.get("/status")[1])["distress"]
            assert {case["outage"]: case["told"] for case in cases}["postgresql"] == 1
            assert 'guardian_distress{outage="postgresql"} 1.0' in daemon.get("/metrics")[1]
            own.restart()
            told = wait_for(lambda: _about(receiver, "postgresql")[1:], 60)
            assert [notice["title"] for notice in told] == ["[복구] guardian: postgresql"]
            wait_for(lambda: json.loads(daemon.get("/status")[1])["distress"] == [])
    finally:
        own.stop(remove=True)


def test_people_are_told_directly_that_the_queue_is_not_there(
    settings: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    """An alert queue that does not exist is told, and that no canary comes through it is no news beside that."""
    settings |= {"GUARDIAN_TEST_PATIENCE": "1", "LEH_HEARTBEAT__EVERY": "10s"}
    with Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: "[SEV1] guardian 자체 장애: alert_queue" in daemon.text())
        with alert_queue(settings):
            wait_for(lambda: "[복구] guardian: alert_queue" in daemon.text(), 60)
            wait_for(lambda: receiver.paths, 60)
        assert "자체 장애: canary" not in daemon.text()


def test_people_are_told_directly_that_no_canary_comes_through(settings: dict[str, str], tmp_path: Path) -> None:
    """A role that may not send canaries is found out: the alerts' path is not proved, and people hear of it."""
    settings |= {"GUARDIAN_TEST_REFUSE": "send_message"}
    with alert_queue(settings), Daemon(tmp_path / "log", **settings) as daemon:
        wait_for(lambda: "[SEV1] guardian 자체 장애: canary" in daemon.text())
        assert any("sqs:SendMessage" in record["reason"] for record in daemon.records("degraded: will try again"))
        assert daemon.get("/readyz")[0] == 200
