"""`leh-guardian checks run`: one line each, JSON, exit codes; without a database, and with AWS away."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from leh_guardian.checks.catalogue import CHECKS
from leh_guardian.cli.checks import checks
from leh_guardian.errors import SettingsError
from tests.support.audit_outside import GROUP, AuditOutside
from tests.support.s3_outside import Entry, S3Outside

RULE = """<Rule><ID>tmp</ID><Status>Enabled</Status><Filter/><Expiration><Days>7</Days></Expiration>
<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"""


def run(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(checks, ["run", *arguments])


def install(monkeypatch: pytest.MonkeyPatch, server: S3Outside) -> None:
    """Say where AWS is, and nothing of a database."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


def test_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """OK and WARN are exit 0, FAIL and UNKNOWN 1; the name goes with or without its prefix, and nothing asks for a database."""
    with S3Outside() as server:
        install(monkeypatch, server)
        server.rules = RULE
        server.put(Entry("tmp/a", datetime(2035, 1, 1, tzinfo=UTC)))
        done = run("s3_tmp", "check_s3_tmp")
        assert (done.exit_code, done.stdout.splitlines()[0][:23]) == (0, "OK       check_s3_tmp: ")
        assert len(done.stdout.splitlines()) == 1
        monkeypatch.setenv("LEH_LOCALE", "en")
        server.put(Entry("tmp/a", datetime(2020, 1, 1, tzinfo=UTC)))
        done = run("s3_tmp")
        assert done.exit_code == 1
        assert done.stdout.startswith("FAIL     check_s3_tmp: tmp/ holds 1 object older")
        done = run("s3_tmp", "rds_backup", "--json")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(row["check"], row["status"]) for row in rows] == [
            ("check_s3_tmp", "FAIL"),
            ("check_rds_backup", "UNKNOWN"),
        ]
        assert {"measured", "threshold", "evidence", "reasons", "what_to_do"} <= rows[0].keys()


def test_a_name_that_there_is_not() -> None:
    """Bad usage, with what was probably meant."""
    done = run("s3_tpm")
    assert done.exit_code == 2
    assert "check_s3_tmp" in done.output


def test_nothing_configured_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that looks at nothing has proved nothing."""
    with S3Outside() as server:
        install(monkeypatch, server)
        done = run("rds_backup", "certificates")
    assert done.exit_code == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "UNKNOWN  check_rds_backup",
        "UNKNOWN  check_certificates",
    ]


@pytest.mark.parametrize(
    "hosts", ["a..test", "a.test:0", "a.test:70000", "http://a.test", "-a.test", "a" * 64 + ".test", "a.test/x"]
)
def test_hosts_that_are_none(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    """They are refused with the settings, before anything is connected to."""
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    monkeypatch.setenv("LEH_CHECKS__HOSTS", f"good.test, {hosts}")
    done = run("certificates")
    assert isinstance(done.exception, SettingsError)


def test_every_check_is_a_handler() -> None:
    """What can be run by hand can be a step of a rule, under the same name."""
    from leh_guardian.app import handlers

    assert set(CHECKS) == {name for name in handlers().names() if name.startswith("check_")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("s3_tmp", "--seed", "0123456789abcdef"), "belong to audit_log"),
        (("--until", "2026-11-27"), "belong to audit_log"),
        (("audit_log", "--seed", "0123; drop"), "hexadecimal"),
        (("audit_log", "--until", "yesterday"), "--until"),
    ],
)
def test_a_sample_that_cannot_be_drawn_again(arguments: tuple[str, ...], said: str) -> None:
    """Bad usage, before anything is asked."""
    done = run(*arguments)
    assert (done.exit_code, said in done.output) == (2, True)


def test_a_sample_that_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed and instant are those that were asked for, and stand in the result."""
    with AuditOutside() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LEH_CHECKS__AUDIT_LOG_GROUPS", GROUP)
        server.lines = [(datetime(2026, 11, 20, tzinfo=UTC), "view"), (datetime(2026, 11, 23, tzinfo=UTC), "view")]
        done = run("audit_log", "--seed", "0123456789abcdef", "--until", "2026-11-22T09:00:00+09:00", "--json")
    assert done.exit_code == 0
    row = json.loads(done.stdout)
    assert (row["status"], row["measured"]["lines"]) == ("OK", 1)
    assert (row["evidence"]["seed"], row["evidence"]["until"]) == ("0123456789abcdef", "2026-11-22T00:00:00+00:00")
