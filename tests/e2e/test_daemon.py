"""The daemon as a process: start, status, reload, degraded states, stop, and what it says when it cannot start."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.installation import RULE, TOKEN, alert_queue, install
from tests.support.process import PROGRAM, Daemon, fresh, run_cli, shipped, wait_for


@pytest.fixture
def settings(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    """Settings of an installation of its own: a database, a queue, a rules folder."""
    return install(postgres, aws_server, tmp_path)


@pytest.fixture
def queue(settings: dict[str, str]) -> Iterator[Callable[[object], None]]:
    """Make the alert queue; returns a function that sends to it."""
    with alert_queue(settings) as send:
        yield send


@pytest.fixture
def daemon(settings: dict[str, str], tmp_path: Path) -> Iterator[Daemon]:
    """A running daemon."""
    with Daemon(tmp_path / "log", shipped, **settings) as running:
        yield running


def incidents(settings: dict[str, str]) -> list[dict[str, Any]]:
    """What `incidents list --json` prints."""
    listed = run_cli("incidents", "list", "--all", "--json", **settings)
    if "no leh_guardian schema" in listed.stderr:
        return []  # the daemon has not come that far yet
    assert listed.returncode == 0, listed.stderr
    return [json.loads(line) for line in listed.stdout.splitlines()]


def test_status_endpoints(queue: Callable[[object], None], daemon: Daemon) -> None:
    """Live and ready are 200, /status has every promised key, /metrics is Prometheus's text."""
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    assert daemon.get("/livez")[0] == daemon.get("/healthz")[0] == 200
    status = json.loads(daemon.get("/status")[1])
    assert {"version", "rules", "queue", "incidents", "actions", "timers", "clients", "modes", "providers"} <= set(
        status
    )
    assert {"audit", "journal"} <= set(status)
    assert {"revision", "loaded_at", "ok", "rules"} <= set(status["rules"])
    assert status["clients"] == {"postgresql": True, "alert_queue": True}
    assert "guardian_loop_progress_age_seconds" in daemon.get("/metrics")[1]


def test_a_status_page_that_is_away_fails_no_readiness(
    settings: dict[str, str], queue: Callable[[object], None], tmp_path: Path
) -> None:
    """It is asked, and shown as a client that does not answer; the daemon is ready all the same."""
    away = {"LEH_PROVIDER__STATUS_URL": "http://127.0.0.1:1"}
    with Daemon(tmp_path / "log", shipped, **settings, **away) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        status = json.loads(daemon.get("/status")[1])
    assert status["clients"]["status_page_openai"] is False
    assert (status["failing"], status["providers"]) == ({}, {})


def test_an_alert_from_the_queue_to_the_incident(
    settings: dict[str, str], queue: Callable[[object], None], daemon: Daemon
) -> None:
    """An event sent to the queue is an incident; people are told on the console, in Korean; it can be acknowledged and resolved."""
    queue(alarm_event("a-1"))
    (incident,) = wait_for(lambda: incidents(settings))
    assert (incident["rule"], incident["dedup_key"], incident["status"]) == ("people", "a-1", "triggered")
    wait_for(lambda: "사람이 대응해야 합니다" in daemon.text())
    assert run_cli("incidents", "ack", incident["id"][:8], **settings).returncode == 0
    shown = run_cli("incidents", "show", incident["id"], **settings)
    assert "확인됨" in shown.stdout
    assert run_cli("incidents", "resolve", incident["id"], "--reason", "고침", **settings).returncode == 0
    assert run_cli("incidents", "resolve", incident["id"], **settings).returncode == 1
    assert incidents(settings)[0]["status"] == "resolved"


def test_changes_over_http_need_the_token(
    settings: dict[str, str], queue: Callable[[object], None], daemon: Daemon
) -> None:
    """Without the bearer token nothing changes; with it an incident can be acknowledged."""
    queue(alarm_event("a-1"))
    (incident,) = wait_for(lambda: incidents(settings))
    path = f"/api/incidents/{incident['id']}/ack"
    assert daemon.post(path, b"")[0] == 401
    assert daemon.post(path, b"", Authorization="Bearer wrong")[0] == 401
    status, answer = daemon.post(path, b'{"by": "kim"}', Authorization=f"Bearer {TOKEN}")
    assert (status, json.loads(answer)["done"]) == (200, True)
    assert daemon.post(path.replace("ack", "dance"), b"", Authorization=f"Bearer {TOKEN}")[0] == 404
    assert incidents(settings)[0]["status"] == "acknowledged"


def test_rules_reload_by_content_and_by_signal(
    settings: dict[str, str], queue: Callable[[object], None], daemon: Daemon
) -> None:
    """A changed folder is in use within moments; a broken file keeps the last good rules, opens an incident, and heals."""
    rules = Path(settings["LEH_RULES__DIR"]) / "people.yaml"
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    rules.write_text(RULE.format(prefix="b-"), encoding="utf-8")
    wait_for(lambda: daemon.records("rules loaded"))
    queue(alarm_event("b-1"))
    wait_for(lambda: [i for i in incidents(settings) if i["dedup_key"] == "b-1"])
    rules.write_text("version: 1\nrules: [{id: people, patern: {}}]\n", encoding="utf-8")
    daemon.process.send_signal(signal.SIGHUP)
    (refused,) = wait_for(lambda: [i for i in incidents(settings) if i["rule"] == "guardian.rules"])
    status = json.loads(daemon.get("/status")[1])
    assert status["rules"]["ok"] is False
    assert "did you mean `pattern`" in status["rules"]["refused"]
    queue(alarm_event("b-2"))
    wait_for(lambda: [i for i in incidents(settings) if i["dedup_key"] == "b-2"])
    rules.write_text(RULE.format(prefix="c-"), encoding="utf-8")
    wait_for(lambda: [i for i in incidents(settings) if i["id"] == refused["id"] and i["status"] == "resolved"])


def test_clean_stop(settings: dict[str, str], queue: Callable[[object], None], daemon: Daemon) -> None:
    """SIGTERM drains and ends with 0; what was received is committed, nothing stays in flight."""
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    for number in range(20):
        queue(alarm_event(f"a-{number}"))
    assert daemon.stop() == 0
    assert daemon.records("stopped")
    assert "Traceback" not in daemon.text()


def test_missing_queue_is_a_degraded_state(settings: dict[str, str], daemon: Daemon) -> None:
    """Without its queue the daemon stays up, says what is wrong once, is live but not ready - and recovers by itself."""
    wait_for(lambda: "does not exist" in daemon.get("/readyz")[1])
    assert daemon.get("/livez")[0] == 200
    status, text = daemon.get("/readyz")
    assert status == 503
    assert "LEH_QUEUE__ALERTS" in text
    assert daemon.code is None
    assert "Traceback" not in daemon.text()


def test_postgresql_restart_is_survived(
    settings: dict[str, str], queue: Callable[[object], None], tmp_path: Path
) -> None:
    """The database goes away and comes back: the daemon goes on, and what was sent meanwhile is taken in."""
    own = EmbeddedPostgres.start(tmp_path / "own")
    try:
        own.create_database("own")
        # What is received while the database is away comes back when its visibility timeout ends.
        settings = {**settings, "LEH_DATABASE_URL": own.dsn("own"), "LEH_QUEUE__VISIBILITY": "5"}
        with Daemon(tmp_path / "log", shipped, **settings) as daemon:
            wait_for(lambda: daemon.get("/readyz")[0] == 200)
            own.kill()
            queue(alarm_event("a-1"))
            wait_for(lambda: daemon.get("/readyz")[0] == 503)
            assert daemon.get("/livez")[0] == 200
            own.restart()
            wait_for(lambda: incidents(settings), 90)
            assert daemon.code is None
            assert "Traceback" not in daemon.text()
    finally:
        own.stop(remove=True)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"LEH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, 75, ["no PostgreSQL at 127.0.0.1:1/x"]),
        ({"LEH_DATABASE_URL": "mysql://x"}, 78, ["LEH_DATABASE_URL"]),
        ({"LEH_QUEUE__ALERTS": ""}, 78, ["LEH_QUEUE__ALERTS"]),
        ({"LEH_RULES__DIR": "nowhere"}, 78, ["nowhere"]),
        ({"LEH_RULES__MODES__NO_RULE": "act"}, 78, ["no rule named no-rule"]),
        ({"LEH_QUEUE__WAIT": "70"}, 78, ["LEH_QUEUE__WAIT"]),
        ({"LEH_QEUE__WAIT": "7"}, 78, ["did you mean `queue`"]),
        ({"LEH_CONFIG": "nowhere.yaml"}, 78, ["LEH_CONFIG", "nowhere.yaml"]),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, 78, ["AWS_REGION"]),
        ({"LEH_HTTP__BIND": "203.0.113.1"}, 78, ["LEH_HTTP__BIND"]),
    ],
)
def test_what_cannot_start_says_why(
    settings: dict[str, str], change: dict[str, str], code: int, words: list[str]
) -> None:
    """Each bad setting is one clear message and the documented exit code, never a traceback."""
    ended = run_cli("run", **{**settings, **change})
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    for word in words:
        assert word in ended.stderr


def test_broken_rules_name_every_mistake(settings: dict[str, str]) -> None:
    """At start broken rules are refused with exit 78 and all their mistakes, each with its place."""
    rules = Path(settings["LEH_RULES__DIR"])
    (rules / "bad.yaml").write_text(
        "version: 1\nrules:\n  - id: x\n    pattern: {a: [1]}\n    actions: [{uses: dlq_redriv}]\n    sevrity: sev1\n"
    )
    ended = run_cli("run", **settings)
    assert ended.returncode == 78
    assert "bad.yaml:5" in ended.stderr
    assert "did you mean `dlq_redrive`" in ended.stderr
    assert "bad.yaml:6" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_refused_permission_on_the_database(settings: dict[str, str], postgres: EmbeddedPostgres) -> None:
    """A role that may not create the schema is told which statement helps."""
    name = settings["LEH_DATABASE_URL"].rpartition("/")[2]
    import anyio
    import asyncpg

    async def make_role() -> None:
        connection = await asyncpg.connect(settings["LEH_DATABASE_URL"])
        await connection.execute(f"create role weak_{name} login password 'weak'")
        await connection.close()

    anyio.run(make_role)
    dsn = f"postgresql://weak_{name}:weak@127.0.0.1:{postgres.port}/{name}"
    ended = run_cli("run", **{**settings, "LEH_DATABASE_URL": dsn})
    assert ended.returncode == 78
    assert "grant create on database" in ended.stderr
    wrong = run_cli("run", **{**settings, "LEH_DATABASE_URL": dsn.replace(":weak@", ":wrong@")})
    assert wrong.returncode == 78
    assert "wrong@" not in wrong.stderr
    assert "Traceback" not in wrong.stderr + ended.stderr


def test_a_right_lost_while_running_is_a_degraded_state(
    settings: dict[str, str], queue: Callable[[object], None], postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    """A right that is taken away while the daemon runs does not end it: it says which grants help, and goes on with them."""
    import anyio
    import asyncpg

    owner = settings["LEH_DATABASE_URL"]
    name = owner.rpartition("/")[2]

    async def do(*statements: str) -> None:
        connection = await asyncpg.connect(owner)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    anyio.run(do, f"create role {name} login password 'pw'", f"grant create on database {name} to {name}")
    settings = {**settings, "LEH_DATABASE_URL": f"postgresql://{name}:pw@127.0.0.1:{postgres.port}/{name}"}
    with Daemon(tmp_path / "log", shipped, **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        anyio.run(do, f"revoke update on leh_guardian.actions from {name}")
        degraded = wait_for(lambda: daemon.records("degraded: will try again"))
        assert f'on all tables in schema leh_guardian to "{name}";' in degraded[-1]["reason"]
        anyio.run(do, f"grant update on leh_guardian.actions to {name}")
        wait_for(lambda: daemon.records("works again"))
        assert daemon.code is None


def test_doctor_names_each_fix(settings: dict[str, str], queue: Callable[[object], None]) -> None:
    """The doctor passes a working installation, and names what fails in a broken one."""
    good = run_cli("doctor", "--json", **settings)
    statuses = {line["item"]: line["status"] for line in map(json.loads, good.stdout.splitlines())}
    assert good.returncode == 0, good.stdout
    assert "FAIL" not in statuses.values()
    bad = run_cli(
        "doctor", **{**settings, "LEH_QUEUE__ALERTS": "nowhere", "LEH_DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    )
    assert bad.returncode == 1
    assert "FAIL  postgresql" in bad.stdout
    assert "FAIL  queue nowhere" in bad.stdout
    assert "조치" in bad.stdout
    assert "Traceback" not in bad.stderr


def test_doctor_without_credentials(settings: dict[str, str], tmp_path: Path) -> None:
    """Where nobody said who we are, the fix is to say it, not to allow something in IAM."""
    nobody = {name: value for name, value in settings.items() if not name.startswith("AWS_ACCESS")}
    nobody |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    nobody.pop("AWS_SECRET_ACCESS_KEY", None)
    found = run_cli("doctor", **nobody)
    assert found.returncode == 1
    assert "no AWS credentials" in found.stdout
    assert "AWS_ACCESS_KEY_ID" in found.stdout
    assert "IAM" not in found.stdout
    assert "sqs:ReceiveMessage" not in found.stdout


def test_kill_switch_by_command(settings: dict[str, str], queue: Callable[[object], None], daemon: Daemon) -> None:
    """`mode set` and `mode show` move and show the switch; a handler's name is checked."""
    wait_for(lambda: daemon.get("/readyz")[0] == 200)
    assert run_cli("mode", "set", "off", "--handler", "dlq_redriv", "--reason", "x", **settings).returncode == 2
    assert run_cli("mode", "set", "off", "--handler", "dlq_redrive", "--reason", "점검", **settings).returncode == 0
    shown = run_cli("mode", "show", "--json", **settings)
    assert json.loads(shown.stdout)["mode"] == "off"
    wait_for(lambda: json.loads(daemon.get("/status")[1])["modes"].get("dlq_redrive") == "off")


@pytest.mark.parametrize(
    "command",
    [[*PROGRAM, "run"], [sys.executable, "-m", "tests.support.daemon"]],
    ids=["shipped", "launcher"],
)
def test_an_alert_comes_through_however_it_is_started(
    settings: dict[str, str], queue: Callable[[object], None], tmp_path: Path, command: list[str]
) -> None:
    """As a process of its own it is ready, takes an alert in, tells people and ends with 0; the test launcher is the same program."""
    with Daemon(tmp_path / "log", fresh(*command), **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        queue(alarm_event("a-1"))
        wait_for(lambda: "사람이 대응해야 합니다" in daemon.text())
        assert daemon.stop() == 0
        assert daemon.records("stopped")
        assert "Traceback" not in daemon.text()
