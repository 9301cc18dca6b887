"""The watchdog: a daemon that hangs, in each of six ways, falls silent towards systemd and says where it hangs."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.installation import alert_queue, install
from tests.support.process import INSTALLED, Daemon, fresh, shipped, wait_for
from tests.support.systemd import Systemd

WAYS = {
    "died": "died:committer",
    "awaits": "awaits:executor",
    "deadlock": "deadlock:timers:auditor",
    "sleeps": "sleeps:poller-0",
    "redos": "redos:committer",
    "stopped": "",
}


@dataclass
class Hanging:
    """A daemon that was well, and was then made to hang."""

    daemon: Daemon
    systemd: Systemd
    trigger: Path
    silent: bool = False
    """Whether systemd, which waits for WATCHDOG=1 as long as it was told to, would abort it."""


@pytest.fixture(scope="module")
def daemons(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Hanging]]:
    """One daemon for each way: all start side by side, prove to be well, are made to hang at once and listened to at once."""
    with ExitStack() as stack:
        made = {}
        for way, order in WAYS.items():
            folder = tmp_path_factory.mktemp(way)
            settings = install(postgres, aws_server, folder)
            stack.enter_context(alert_queue(settings))
            # Both kinds of address, in turn.
            systemd = stack.enter_context(Systemd(folder if len(made) % 2 else None))
            settings |= {**systemd.environment, "GUARDIAN_TEST_TRIGGER": str(folder / "now")}
            settings |= {"GUARDIAN_TEST_HANG": order or "awaits"}
            daemon = stack.enter_context(Daemon(folder / "log", **settings))
            made[way] = Hanging(daemon, systemd, folder / "now")
        for each in made.values():
            each.systemd.until("READY=1", patience=120.0)
            each.systemd.until("WATCHDOG=1", times=2)
            wait_for(lambda each=each: each.daemon.get("/livez")[0] == 200)
        for way, each in made.items():
            each.trigger.touch()
            if way == "stopped":
                each.daemon.process.send_signal(signal.SIGSTOP)
        with ThreadPoolExecutor(len(made)) as listeners:
            heard = listeners.map(lambda each: each.systemd.would_abort(), made.values())
            for each, silent in zip(made.values(), heard, strict=True):
                each.silent = silent
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_a_hang_silences_the_watchdog(daemons: dict[str, Hanging], way: str) -> None:
    """The service manager would abort the process."""
    assert daemons[way].silent


# The one that burns a core goes first.
@pytest.mark.parametrize("way", ["redos", "sleeps"])
def test_the_abort_prints_every_threads_stack(daemons: dict[str, Hanging], way: str) -> None:
    """The SIGABRT that systemd sends leaves in the log where each thread stood, a blocked one too."""
    daemon = daemons[way].daemon
    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.text()
    assert f"in {way}" in daemon.text()


@pytest.mark.parametrize(
    ("way", "loops"), [("died", {"committer"}), ("awaits", {"executor"}), ("deadlock", {"timers", "auditor"})]
)
def test_livez_names_the_loop(daemons: dict[str, Hanging], way: str, loops: set[str]) -> None:
    """While the event loop turns, /livez answers 503 with exactly the loops that hang, and the log has every task's stack."""
    daemon = daemons[way].daemon
    code, _ = wait_for(lambda: set(json.loads((found := daemon.get("/livez"))[1])["stuck"]) == loops and found)
    assert code == 503
    said = wait_for(lambda: [each for each in daemon.records("loops are stuck") if set(each["stuck"]) == loops])
    where = "\n".join(line for name, frames in said[-1]["tasks"].items() for line in [name, *frames])
    assert way == "died" or f" {way}" in where


def test_the_abort_prints_the_stacks_where_none_is_blocked(daemons: dict[str, Hanging]) -> None:
    """A loop that waits for ever is in no thread's stack; the threads are told all the same."""
    daemon = daemons["awaits"].daemon
    assert daemon.stop(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.text()


def test_tells_systemd(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> None:
    """READY=1 when it is up, a status line, WATCHDOG=1 while its loops turn, RELOADING=1 and READY=1 round a SIGHUP, STOPPING=1."""
    settings = install(postgres, aws_server, tmp_path)
    with alert_queue(settings), Systemd(tmp_path, watchdog=1.0) as systemd:
        settings |= systemd.environment
        with Daemon(tmp_path / "log", fresh(*INSTALLED, "run"), **settings) as daemon:
            systemd.until("WATCHDOG=1")
            assert systemd.heard[0] == "READY=1"
            systemd.until("STATUS=ready, 1 rules")
            daemon.process.send_signal(signal.SIGHUP)
            systemd.until("RELOADING=1")
            systemd.until("READY=1")
            (Path(settings["LEH_RULES__DIR"]) / "people.yaml").write_text("version: 1\n", encoding="utf-8")
            daemon.process.send_signal(signal.SIGHUP)
            systemd.until("RELOADING=1")
            systemd.until("READY=1")
            wait_for(lambda: daemon.records("rule files refused: the last good rules stay in use"))
            daemon.process.send_signal(signal.SIGTERM)
            systemd.until("STOPPING=1")
            assert daemon.process.wait(30) == 0


def test_a_reload_that_hangs_hinders_no_stop(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """A rules folder that cannot be read to its end, on a dead mount say, does not keep SIGTERM from being heard."""
    settings = {**install(postgres, aws_server, tmp_path), "LEH_RULES__POLL": "1h"}
    with alert_queue(settings), Systemd(tmp_path) as systemd:
        settings |= {**systemd.environment, "GUARDIAN_TEST_UNREADABLE": str(tmp_path / "now")}
        with Daemon(tmp_path / "log", **settings) as daemon:
            systemd.until("WATCHDOG=1")
            (tmp_path / "now").touch()
            daemon.process.send_signal(signal.SIGHUP)
            systemd.until("RELOADING=1")
            daemon.process.send_signal(signal.SIGTERM)
            systemd.until("STOPPING=1")
            assert daemon.process.wait(30) == 0


def test_sigusr1_tells_what_everything_waits_for(
    postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path
) -> None:
    """SIGUSR1 prints the threads' stacks and logs each task's, by name; the daemon goes on."""
    settings = install(postgres, aws_server, tmp_path)
    with alert_queue(settings), Daemon(tmp_path / "log", shipped, **settings) as daemon:
        wait_for(lambda: daemon.get("/readyz")[0] == 200)
        daemon.process.send_signal(signal.SIGUSR1)
        (said,) = wait_for(lambda: daemon.records("tasks"))
        names = {name.partition(" ")[0] for name in said["tasks"]}
        assert {"executor", "timers", "reloader", "auditor", "upkeep", "watchdog", "committer", "poller-0"} <= names
        assert any("engine/loops.py" in frame for frames in said["tasks"].values() for frame in frames)
        assert "most recent call first" in daemon.text()
        assert daemon.get("/livez")[0] == 200
