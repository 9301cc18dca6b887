"""Canaries in LEH's table, in a log group and in S3: the daemon and the command find all of them, and none of them comes out again."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest

from leh_guardian.clock import SystemClock
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from tests.support.builders import alarm_event
from tests.support.installation import alert_queue, client, install
from tests.support.leh_product import make_product
from tests.support.process import Daemon, clean_environment, shipped, wait_for

RRN, FRN, PASSWORD = "900101-1234568", "８５１２３１－５６５４３２１", "canary-hunter2-Canary"
AWS_KEY, JWT = "AKIACANARYCANARYCANA", f"eyJ{'hbGciOiJIUzI1NiJ9'}.eyJ{'zdWIiOiJjYW5hcnkifQ'}.{'c4n4ry' * 7}"
PHONE, BODY = "010-2345-6789", "MIICanaryCanaryCanaryCanaryCanaryCanaryCanary123"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----"
HIDDEN = (RRN, "1234568", "9001011", FRN, "５６５４３２１", "5654321", PASSWORD, AWS_KEY, JWT, PHONE, BODY)
RULES = """
version: 1
rules:
  - id: audited
    mode: act
    pattern: {detail: {alarmName: [{prefix: look-}]}}
    dedup: detail.alarmName
    actions: [{uses: check_audit_log}]
"""
ABORTS = """
import ctypes, os, resource, sys
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
from leh_guardian.cli.main import main
try:
    main(["checks", "run", "audit_log", "--json"])
finally:
    print("dumpable", ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE), flush=True)
    os.abort()
"""


@dataclass
class Planted:
    """Settings of an installation whose audit logs hold canaries."""

    settings: dict[str, str]


@pytest.fixture
def planted(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, tmp_path: Path) -> Planted:
    """Canaries as fields, texts, keys, numbers of JSON, in JSON that is broken, in bytes and in names."""
    settings, name = install(postgres, aws_server, tmp_path), f"audit-{uuid.uuid4().hex[:8]}"
    (Path(settings["LEH_RULES__DIR"]) / "audited.yaml").write_text(RULES, encoding="utf-8")
    database = name.replace("-", "_")
    postgres.create_database(database)
    schema = anyio.run(_table, postgres.dsn(database))
    at = SystemClock().now() - timedelta(hours=1)
    with client("logs", settings) as logs, client("s3", settings) as s3:
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName=f"s-{RRN}")
        said = [f'{{"password": "{PASSWORD}", "cut', f"Authorization: Bearer {JWT}", f"key:\n{PEM}", f"주민번호 {FRN}"]
        events = [{"timestamp": int(at.timestamp() * 1000), "message": one} for one in said]
        logs.put_log_events(logGroupName=name, logStreamName=f"s-{RRN}", logEvents=events)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        packed = gzip.compress(f'{{"a": {{"{AWS_KEY}": {{"phone": "{PHONE}"}}}}}}\n{PEM}\n'.encode())
        s3.put_object(Bucket=name, Key=f"a/주민번호_{RRN}.json.gz", Body=packed)
        s3.put_object(Bucket=name, Key="a/broken", Body=f'{{"rrn": "{RRN}"'.encode() + b"\xff\x00")
        s3.put_object(Bucket=name, Key="a/cut.gz", Body=gzip.compress(f"password={PASSWORD}\n".encode() * 99)[:-9])
    return Planted(
        settings
        | {
            "LEH_LOG__LEVEL": "debug",
            "LEH_PRODUCT_DATABASE_URL": postgres.dsn(database),
            "LEH_PRODUCT_DATABASE__AUDIT": f"{schema}.audit_logs",
            "LEH_CHECKS__AUDIT_LOG_GROUPS": name,
            "LEH_CHECKS__AUDIT_PREFIXES": f"s3://{name}/a/",
        }
    )


async def _table(dsn: str) -> str:
    product = await make_product(dsn, closed=False)
    await product.do("alter table audit_logs add column details jsonb, add column raw bytea")
    await product.do("alter table audit_logs alter column action type text, alter column object_id type text")
    sql = "insert into audit_logs (user_id, action, object_id, timestamp, details, raw) values ('user_1', $1, $2, now(), $3, $4)"
    details = json.dumps({"login": {"password": PASSWORD}, "body": json.dumps({"rrn": RRN}), f"k{AWS_KEY}": PHONE})
    await product.do(sql, f"login {RRN}", f"주민번호 {FRN}", details, f"password={PASSWORD}".encode())
    return product.schema


async def _all_of(dsn: str) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        rows = [
            row["row"]
            for each in tables
            for row in await connection.fetch(f"select t::text as row from {each['name']} t")
        ]
    finally:
        await connection.close()
    return "\n".join(rows)


def leaks(text: str) -> list[str]:
    """Canaries that are in a text, however it is escaped."""
    spelt = text + text.encode("utf-8", "backslashreplace").decode("unicode_escape", "replace")
    return [canary for canary in HIDDEN if canary in spelt]


def test_the_daemon_finds_all_and_tells_none(planted: Planted, tmp_path: Path) -> None:
    """Log at its most talkative, standard streams, console, status pages and every table of guardian's database."""
    settings = planted.settings
    with alert_queue(settings) as send, Daemon(tmp_path / "log", shipped, **settings) as daemon:
        send(alarm_event("look-1"))
        wait_for(lambda: "check_audit_log: FAIL" in daemon.text())
        said = daemon.text() + daemon.get("/status")[1] + daemon.get("/metrics")[1]
        stored = anyio.run(_all_of, settings["LEH_DATABASE_URL"])
    assert leaks(said) == []
    assert leaks(stored) == []
    assert all(place in stored for place in ("$.details.login.password", "s3://audit-", '"fingerprint"'))


def test_the_command_finds_all_tells_none_and_leaves_no_image(planted: Planted, tmp_path: Path) -> None:
    """Each kind in each source, by place; and a process that dies then leaves no core file, though the limit would allow one."""
    folder = tmp_path / "cores"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ABORTS],
        cwd=folder,
        env=clean_environment(**planted.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert leaks(done.stdout + done.stderr) == []
    printed, last = done.stdout.splitlines()
    result: dict[str, Any] = json.loads(printed)
    found = {(one["source"], one["type"]) for one in result["evidence"]["findings"]}
    assert {
        *(("database", kind) for kind in ("kr_rrn", "kr_frn", "password", "phone")),
        *(("logs", kind) for kind in ("password", "jwt", "private_key", "kr_frn")),
        *(("objects", kind) for kind in ("kr_rrn", "phone", "private_key", "password", "aws_access_key")),
    } <= found
    assert result["status"] == "FAIL"
    # The archive that was cut off was looked at as far as it goes, and says so.
    assert any("gzip" in reason for reason in result["reasons"])
    assert last == "dumpable 0 (0, 0)"
    assert done.returncode < 0
    assert list(folder.iterdir()) == []
