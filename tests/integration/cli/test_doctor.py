"""The doctor: what `run` would refuse is never OK, and nothing outside keeps it waiting."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from leh_guardian.cli import doctor
from leh_guardian.cli.examination import finding, services
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.errors import SettingsError
from leh_guardian.language import Text
from leh_guardian.local import status_page
from leh_guardian.local.admin_api import Desk, LocalAdminApi
from leh_guardian.local.admin_api import serving as admin_serving
from leh_guardian.local.aws import EmbeddedAws
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.local.status_page import LocalStatusPage, Scene, Trouble, serving
from leh_guardian.settings import load_settings
from leh_guardian.store.migrate import migrate
from leh_guardian.store.pool import Pool
from tests.support.faults import refuse
from tests.support.installation import client
from tests.support.leh_product import make_product
from tests.support.posts import Receiver
from tests.support.worker_outside import HEALTH, WorkerOutside

ROOT = Path(__file__).parents[3]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is given its time, where a test does not ask for less."""
    monkeypatch.setattr(finding, "DEADLINE", 60.0)


@pytest.fixture
def environment(postgres: EmbeddedPostgres, aws_server: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of an installation whose queue is missing."""
    for name, value in aws_server.environment().items():
        monkeypatch.setenv(name, value)
    return {
        "AWS_REGION": "ap-northeast-2",
        "LEH_DATABASE_URL": postgres.dsn("guardian"),
        "LEH_QUEUE__ALERTS": "nowhere",
        "LEH_RULES__DIR": str(ROOT / "rules"),
        "LEH_HTTP__PORT": "0",
        "LEH_EVIDENCE__TABLE": "evidence",
    }


async def examine(environment: dict[str, str]) -> dict[str, Finding]:
    """What the doctor finds, by item; what to do about it in Korean."""
    found = await doctor.examine(load_settings(environment))
    return {one.item: replace(one, fix=Text.same(one.fix).ko) for one in found}


async def test_what_hangs_is_a_finding(
    environment: dict[str, str], silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL, AWS and OpenSearch that accept and never answer are findings, all in the time of two."""
    monkeypatch.setattr(finding, "DEADLINE", 1.5)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent}")
    environment |= {
        "LEH_DATABASE_URL": f"postgresql://u:geheim@127.0.0.1:{silent}/x",
        "LEH_OPENSEARCH__URL": f"http://u:geheim@127.0.0.1:{silent}",
        "LEH_ADMIN_API__URL": f"http://127.0.0.1:{silent}",
    }
    found = await examine(environment)
    assert {item: one.status for item, one in found.items() if one.status != "OK"} == {
        "postgresql": "FAIL",
        "queue nowhere": "FAIL",
        "evidence table": "WARN",
        "admin api": "WARN",
        "opensearch": "WARN",
        "reconcile alarms": "WARN",
        "reconcile rds": "WARN",
        "heartbeat": "WARN",
    }
    assert all("no answer within" in found[item].detail for item in ("postgresql", "queue nowhere", "opensearch"))
    assert "geheim" not in str(found)


async def test_a_busy_machine_is_not_taken_for_a_slow_server(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looks that keep the process busy for longer than PostgreSQL may take do not make PostgreSQL a finding."""
    monkeypatch.setattr(finding, "DEADLINE", 3.0)

    async def busy(*_: object) -> list[Finding]:
        time.sleep(3.5)  # noqa: ASYNC251 - it keeps the loop from everything else
        return []

    monkeypatch.setattr(services, "look_at_queue", busy)
    found = await examine(environment)
    assert (found["postgresql"].status, found["clock"].status) == ("OK", "OK")


async def test_what_is_not_postgresql(environment: dict[str, str]) -> None:
    """A server that ends the connection is named as none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=hang_up)
        thread.start()
        port = listener.getsockname()[1]
        found = await examine({**environment, "LEH_DATABASE_URL": f"postgresql://u@127.0.0.1:{port}/x"})
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert found["postgresql"].status == "FAIL"
    assert f"no PostgreSQL at 127.0.0.1:{port}/x: " in found["postgresql"].detail


async def test_what_run_refuses_is_not_ok(environment: dict[str, str], tmp_path: Path) -> None:
    """A mode for no rule, secrets that are short or no files, and a taken address fail as they would end the start."""
    short = tmp_path / "short"
    short.write_bytes(b"fifteen bytes!!\n")
    environment["LEH_RULES__MODES__NO_RULE"] = "act"
    for name, path in {
        "SHORT": short,
        "FOLDER": tmp_path,
        "MISSING": tmp_path / "missing",
        "ENDLESS": Path("/dev/zero"),
    }.items():
        environment[f"LEH_NOTIFY__CHANNELS__{name}__URL"] = "https://hooks.example.com"
        environment[f"LEH_NOTIFY__CHANNELS__{name}__SECRET_FILE"] = str(path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = await examine({**environment, "LEH_HTTP__PORT": str(other.getsockname()[1])})
    for item in (
        "rules",
        "http",
        "queue nowhere",
        "channel short",
        "channel folder",
        "channel missing",
        "channel endless",
    ):
        assert found[item].status == "FAIL", found[item]
        assert found[item].fix
    assert "no rule named no-rule" in found["rules"].detail
    assert "fewer than 16 bytes" in found["channel short"].detail


@pytest.mark.parametrize(
    ("scene", "component", "status", "word"),
    [
        (Scene(), "Login", "OK", "says operational"),
        (Scene({"09-login": "major_outage"}), "Login", "OK", "says major_outage"),
        (Scene(), "Realtime", "WARN", "none of the configured components"),
        (Scene(trouble=Trouble.HTML), "Login", "WARN", "unknown"),
    ],
)
async def test_a_status_page_is_looked_at(
    environment: dict[str, str], tmp_path: Path, scene: Scene, component: str, status: str, word: str
) -> None:
    """Bad news of a provider is no fault of the installation; a page that cannot be told, or another's names, is."""
    async with serving(LocalStatusPage(scene)) as page:
        config = tmp_path / "guardian.yaml"
        config.write_text(f"provider: {{others: {{azure: {{status_url: '{page.url}', components: [{component}]}}}}}}\n")
        found = await examine({**environment, "LEH_CONFIG": str(config)})
    assert found["provider azure"].status == status
    assert word in found["provider azure"].detail
    assert bool(found["provider azure"].fix) is (status == "WARN")


async def test_a_component_that_vanished_is_told(environment: dict[str, str]) -> None:
    """The default names of OpenAI's components are all on the page in miniature but one that was taken away."""
    async with serving(LocalStatusPage()) as page:
        found = await examine({**environment, "LEH_PROVIDER__STATUS_URL": page.url})
        assert found["provider openai"].status == "OK"
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(status_page, "COMPONENTS", {"09-login": "Login"})
            found = await examine({**environment, "LEH_PROVIDER__STATUS_URL": page.url})
    assert found["provider openai"].status == "WARN"
    assert "Chat Completions" in found["provider openai"].detail


@pytest.mark.parametrize(
    "url", ["status.openai.com", "ftp://status.openai.com", "https://user:geheim@status.openai.com", "https://h/?q=1"]
)
def test_an_address_that_is_no_pages_is_refused(environment: dict[str, str], url: str) -> None:
    """By the name of its setting, and without the address, which may hold a password."""
    with pytest.raises(SettingsError, match="LEH_PROVIDER__STATUS_URL") as raised:
        load_settings({**environment, "LEH_PROVIDER__STATUS_URL": url})
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "item"),
    [
        ({"LEH_HTTP__BIND": "a..b"}, "http"),
        ({"LEH_OPENSEARCH__URL": "::::"}, "opensearch"),
        ({"LEH_EVIDENCE__TABLE": "nowhere"}, "evidence table"),
        ({"LEH_WORKER__LOG_GROUP": "/aws/lambda/nowhere"}, "worker log"),
        ({"LEH_QUEUE__ALERTS": "arn:aws:sqs"}, "queue arn:aws:sqs"),
        ({"LEH_DATABASE_URL": "http://u:geheim@h/x"}, "postgresql"),
    ],
)
async def test_garbage_is_a_finding(environment: dict[str, str], change: dict[str, str], item: str) -> None:
    """An address that is none is a finding with its fix, not an exception."""
    found = await examine({**environment, **change})
    assert found[item].status in {"WARN", "FAIL"}
    assert found[item].fix
    assert "geheim" not in str(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "garbage"),
        ("AWS_ENDPOINT_URL", "http://[::1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999"),
        ("AWS_PROFILE", "nobody"),
        ("AWS_CONFIG_FILE", "/dev/zero/x"),
        ("AWS_RETRY_MODE", "garbage"),
    ],
)
async def test_broken_aws_settings(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """AWS settings that are none fail as AWS's, with a fix, or are left alone by the SDK."""
    monkeypatch.setenv(name, value)
    failed = [one for one in (await examine(environment)).values() if one.status == "FAIL"]
    assert [one.fix != "" for one in failed] == [True]


async def test_rights_and_schemas(environment: dict[str, str], postgres: EmbeddedPostgres) -> None:
    """No rights on the schema, and the schema of another build, are findings; a newer one is fine and told."""
    name = f"doctor_{uuid.uuid4().hex[:8]}"
    postgres.create_database(name)
    environment["LEH_DATABASE_URL"] = postgres.dsn(name)
    assert (await examine(environment))["schema"].detail == "not there yet: made at the first start"
    pool = await Pool.open(postgres.dsn(name), size=1)
    await migrate(pool)
    await pool.close()
    connection: Any = await asyncpg.connect(postgres.dsn(name))
    await connection.execute(f"create role {name} login password 'pw'")
    weak = f"postgresql://{name}:pw@127.0.0.1:{postgres.port}/{name}"
    schema = (await examine({**environment, "LEH_DATABASE_URL": weak}))["schema"]
    assert schema.status == "FAIL"
    assert f'grant usage, create on schema leh_guardian to "{name}";' in schema.detail
    await connection.execute("insert into leh_guardian.schema_version values (9000, 'newer', 'x')")
    assert "newer version" in (await examine(environment))["schema"].detail
    await connection.execute("update leh_guardian.schema_version set digest = 'x'")
    assert "another build" in (await examine(environment))["schema"].detail
    await connection.execute(f"drop role {name}")
    await connection.close()


async def test_the_heartbeat_is_looked_at_and_not_sent(environment: dict[str, str]) -> None:
    """Rights and address are tried out, and neither a canary, nor a metric, nor a heartbeat has gone anywhere."""
    name = f"alerts-{uuid.uuid4().hex[:10]}"
    with (
        Receiver() as receiver,
        client("sqs", dict(os.environ)) as sqs,
        client("cloudwatch", dict(os.environ)) as cloudwatch,
    ):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        environment |= {
            "LEH_QUEUE__ALERTS": name,
            "LEH_HEARTBEAT__URL": f"{receiver.url}/ping/secret",
            "LEH_HEARTBEAT__NAMESPACE": f"LEH/{name}",
        }
        found = await examine(environment)
        assert {item: one.status for item, one in found.items() if item.startswith("heartbeat")} == {
            "heartbeat canary": "OK",
            "heartbeat cloudwatch": "OK",
            "heartbeat url": "OK",
        }
        assert receiver.paths == []
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        assert cloudwatch.list_metrics(Namespace=f"LEH/{name}")["Metrics"] == []


async def test_a_heartbeat_that_may_not_be_sent(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A role without the rights, and an address where nobody is, fail, each with its fix; the address is not told."""
    with Receiver() as refusing:
        refusing.status = 403
        for service in ("SQS", "CLOUDWATCH"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", refusing.url)
        environment |= {
            "LEH_QUEUE__ALERTS": f"{refusing.url}/1/alerts",
            "LEH_HEARTBEAT__URL": "http://127.0.0.1:1/ping/secret",
            "LEH_HEARTBEAT__NAMESPACE": "LEH/Guardian",
        }
        found = await examine(environment)
    beating = {item: one for item, one in found.items() if item.startswith("heartbeat")}
    assert {one.status for one in beating.values()} == {"FAIL"}
    assert "sqs:SendMessage" in beating["heartbeat canary"].fix
    assert "cloudwatch:PutMetricData" in beating["heartbeat cloudwatch"].fix
    assert "secret" not in str(found)


async def test_the_workers_log_and_function_are_looked_at(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that can be read is OK; a function that cannot be described is a warning, since guardian can do without it."""
    with WorkerOutside() as outside:
        outside.log("/aws/lambda/leh-ai-worker")
        for service in ("CLOUDWATCH_LOGS", "LAMBDA"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", outside.url)
        environment |= {"LEH_WORKER__LOG_GROUP": "/aws/lambda/leh-ai-worker"}
        found = await examine(environment)
        assert (found["worker log"].status, found["worker function"].status) == ("OK", "WARN")
        assert "lambda:GetFunctionConfiguration" in found["worker function"].fix
        outside.deploy("leh-ai-worker", version="7")
        assert "version 7" in (await examine(environment))["worker function"].detail


async def test_aws_health_is_asked_where_services_are_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An account that has no support plan for it is a warning, with what to do; else it says how the services are."""
    (tmp_path / "guardian.yaml").write_text("provider: {aws_services: [LAMBDA]}", encoding="utf-8")
    environment |= {"LEH_CONFIG": str(tmp_path / "guardian.yaml")}
    with WorkerOutside() as outside:
        monkeypatch.setenv("AWS_ENDPOINT_URL_HEALTH", outside.url)
        found = (await examine(environment))["provider aws"]
        assert (found.status, found.detail) == ("OK", "AWS Health says operational of LAMBDA")
        outside.faults.always(HEALTH, refuse(400, "SubscriptionRequiredException"))
        found = (await examine(environment))["provider aws"]
        assert (found.status, "support plan" in found.detail) == ("WARN", True)
        assert "health:DescribeEvents" in found.fix


async def test_a_last_look_without_a_table_is_a_finding(environment: dict[str, str]) -> None:
    """The shipped rule looks for evidence, and nobody said where that is: a warning, with the variable to set."""
    del environment["LEH_EVIDENCE__TABLE"]
    found = (await examine(environment))["evidence table"]
    assert (found.status, found.detail.partition(":")[0]) == ("WARN", "evidence-stuck")
    assert "LEH_EVIDENCE__TABLE" in found.fix


async def test_the_admin_api(environment: dict[str, str], tmp_path: Path) -> None:
    """Not said where, and a rule asks it: a warning. Else it is asked for its address, and its token is read, not told."""
    lacking = (await examine(environment))["admin api"]
    assert (lacking.status, "evidence-stuck" in lacking.detail) == ("WARN", True)
    async with admin_serving(LocalAdminApi(Desk("t" * 20))) as api:
        environment |= {"LEH_ADMIN_API__URL": api.url}
        assert "without a token" in (await examine(environment))["admin api"].detail
        (tmp_path / "token").write_text("t" * 20, encoding="utf-8")
        environment |= {"LEH_ADMIN_API__TOKEN_FILE": str(tmp_path / "token")}
        careful = (await examine(environment))["admin api"]
        assert (careful.status, "IDEMPOTENT" in careful.fix) == ("OK", True)
        environment |= {"LEH_ADMIN_API__IDEMPOTENT": "true"}
        assert (await examine(environment))["admin api"].fix == ""
        (tmp_path / "token").write_text("a b c d e f g h i j", encoding="utf-8")
        wrong = (await examine(environment))["admin api"]
        assert (wrong.status, "holds no token" in wrong.detail, "a b c" in wrong.detail) == ("WARN", True, False)
        assert not api.desk.keys


async def test_what_the_checks_name_is_looked_at(environment: dict[str, str], postgres: EmbeddedPostgres) -> None:
    """Groups, prefixes and databases that are not there are named, and the column of the audit log that may not be read."""
    name, role = f"audit-{uuid.uuid4().hex[:8]}", f"reads_{uuid.uuid4().hex[:8]}"
    product = await make_product(postgres.dsn("guardian"), closed=False)
    await product.do("alter table audit_logs add column details text")
    await product.do(f"create role {role} login password 'pw'")
    await product.do(f"grant usage on schema {product.schema} to {role}")
    await product.do(f"grant select (id, user_id, action, object_id, timestamp) on audit_logs to {role}")
    with client("logs", dict(os.environ)) as logs, client("s3", dict(os.environ)) as s3:
        logs.create_log_group(logGroupName=f"/leh/{name}")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        s3.put_object(Bucket=name, Key="there/a", Body=b"view")
    login = product.dsn.split("://")[1].split("@", maxsplit=1)[0]
    found = await examine(
        environment
        | {
            "LEH_PRODUCT_DATABASE_URL": product.dsn.replace(login, f"{role}:pw"),
            "LEH_PRODUCT_DATABASE__AUDIT": product.names.audit,
            "LEH_CHECKS__AUDIT_LOG_GROUPS": f"/leh/{name}, /leh/none",
            "LEH_CHECKS__AUDIT_PREFIXES": f"s3://{name}/there/, s3://{name}/empty/, s3://{name}-none/",
            "LEH_CHECKS__TMP_BUCKET": name,
            "LEH_CHECKS__INSTANCES": "leh-none",
        }
    )
    await product.do(f"drop owned by {role}")
    await product.do(f"drop schema {product.schema} cascade")
    assert 'grant select ("details")' in found["audit table"].detail
    items = {item: one.status for item, one in found.items() if item.startswith(("audit", "check"))}
    assert items == {
        "audit table": "WARN",
        f"audit log group /leh/{name}": "OK",
        "audit log group /leh/none": "WARN",
        f"audit prefix s3://{name}/there/": "OK",
        f"audit prefix s3://{name}/empty/": "WARN",
        f"audit prefix s3://{name}-none/": "WARN",
        "check tmp bucket": "OK",
        "check instance leh-none": "WARN",
    }


async def test_logs_of_requests_are_looked_at(environment: dict[str, str]) -> None:
    """Each that is named is read, today's as well as those named by date; one that is not there, or ends elsewhere, is told."""
    name, now = f"aws-waf-logs-{uuid.uuid4().hex[:8]}", SystemClock().now()
    with client("logs", dict(os.environ)) as logs, client("s3", dict(os.environ)) as s3:
        logs.create_log_group(logGroupName=name)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        for key in (f"a/{now:%Y-%m-%d}-00-00-00-A", f"w/{now - timedelta(days=1):%Y/%m/%d}/a.gz", "t/AWSLogs/a.gz"):
            s3.put_object(Bucket=name, Key=key, Body=b"line")
    found = await examine(
        environment
        | {
            "LEH_UPLOADS__CLOUDTRAIL_LOG_GROUP": "/leh/none",
            "LEH_UPLOADS__CLOUDTRAIL_PREFIX": f"s3://{name}/t/",
            "LEH_UPLOADS__ACCESS_LOG_PREFIX": f"s3://{name}/a/",
            "LEH_UPLOADS__WAF_LOG_GROUP": name,
            "LEH_UPLOADS__WAF_PREFIX": f"s3://{name}/w/",
        }
    )
    assert {item: one.status for item, one in found.items() if item.startswith("upload")} == {
        "upload log group /leh/none": "WARN",
        f"upload log group {name}": "OK",
        f"upload logs s3://{name}/t/": "WARN",
        f"upload logs s3://{name}/a/": "OK",
        f"upload logs s3://{name}/w/": "OK",
    }
    assert "where the date in the keys begins" in found[f"upload logs s3://{name}/t/"].detail
