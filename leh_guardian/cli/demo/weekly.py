"""Owns the act of the weekly checks; the one rule: what is looked at is real - a bucket, a database's snapshots, a certificate.

The tick comes by itself, while the other acts play. What fails has an incident, which the on-call closes by hand once the
certificate is in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from leh_guardian.adapters.aws import open_aws
from leh_guardian.checks.weekly import markdown
from leh_guardian.cli.checks import report_at
from leh_guardian.cli.demo.acts import Stage
from leh_guardian.cli.language import locale
from leh_guardian.cli.output import out
from leh_guardian.clock import SystemClock
from leh_guardian.engine import verbs
from leh_guardian.local.aws import REGION
from leh_guardian.local.guardian import GuardianProcess
from leh_guardian.local.short_rules import SHORT
from leh_guardian.local.tls import LocalHost
from leh_guardian.store.transaction import transaction

DAYS_LEFT: Final = 9
"""Of the certificate: fewer than are allowed."""
_BUCKET: Final = "leh-temporary"
_DATABASE: Final = "leh-prod"
_REPORT: Final = "weekly-report"
_FAILS: Final = "weekly-certificates"
_WHO: Final = "oncall"
_KINDS: Final = ("OK", "WARN", "UNKNOWN", "FAIL")


def settings(host: LocalHost) -> Mapping[str, str]:
    """Return what the daemon is told to look at."""
    return {
        "LEH_CHECKS__TMP_BUCKET": _BUCKET,
        "LEH_CHECKS__INSTANCES": _DATABASE,
        "LEH_CHECKS__HOSTS": host.host,
        "LEH_CHECKS__CA_FILE": str(host.roots),
    }


async def set_out(stage: Stage) -> None:
    """Make a bucket that is in order, and a database that is backed up and not encrypted."""
    s3 = stage.service.s3
    await s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {
        "ID": "tmp",
        "Status": "Enabled",
        "Filter": {"Prefix": "tmp/"},
        "Expiration": {"Days": 7},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    }
    await s3.put_bucket_lifecycle_configuration(Bucket=_BUCKET, LifecycleConfiguration={"Rules": [rule]})
    await s3.put_object(Bucket=_BUCKET, Key="tmp/upload-1", Body=b"half a file")
    async with open_aws(REGION) as aws:
        rds: Any = await aws.client("rds")
        await rds.create_db_instance(
            DBInstanceIdentifier=_DATABASE,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            BackupRetentionPeriod=7,
            StorageEncrypted=False,
            MasterUsername="leh",
            MasterUserPassword="of-the-demo",
        )


async def reported(stage: Stage) -> None:
    """The checks have run, and the report has gone out: it is printed here as `leh-guardian checks report` prints it."""
    stage.screen.title("The weekly checks: one of each kind, and a report of all")
    await stage.until(lambda: _is(stage, _REPORT, "resolved"))
    async with transaction(stage.pool) as tx:
        made = await report_at(tx, names=SHORT[_REPORT]["actions", "weekly_report", "with", "checks"])
    out()
    out(markdown.written(made, locale()))
    await stage.until(lambda: _is(stage, _FAILS, "triggered", "acknowledged"))
    incident: Any = await stage.newest(_FAILS)
    async with transaction(stage.pool) as tx:
        await verbs.resolve(tx, UUID(incident["id"]), SystemClock().now(), _WHO, "인증서를 갱신했습니다")
    stage.screen.say("the on-call renews the certificate and closes its incident")


def is_reported(guardian: GuardianProcess) -> bool:
    """Tell whether the console got the report once, with one check of each kind."""
    text = guardian.log.read_text(encoding="utf-8", errors="replace")
    said = text.partition("📣 [주간 점검 보고서]")[2].partition("\n\n")[0]
    kinds = re.findall(r"^   \S+ (OK|WARN|FAIL|UNKNOWN) ", said, re.MULTILINE)
    return text.count("📣 [주간 점검 보고서]") == 1 and sorted(kinds) == sorted(_KINDS)


async def _is(stage: Stage, rule: str, *states: str) -> bool:
    incident = await stage.newest(rule)
    return incident is not None and incident["status"] in states
