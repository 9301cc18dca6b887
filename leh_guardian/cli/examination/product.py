"""Owns the look at LEH's own PostgreSQL and at where evidence is; the one rule: what a restore would refuse is told before there is one."""

from __future__ import annotations

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.app.outside import evidence_tables, leh_cases
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.errors import GuardianError
from leh_guardian.settings import Settings

FIX = "LEH_PRODUCT_DATABASE_URL과 product_database 설정, docs/restore.md의 GRANT 문을 확인하세요."
_SERVICE_USER = "LEH_PRODUCT_DATABASE__SERVICE_USER에 감사 로그에 남길 서비스 사용자의 id를 설정하세요."
_EVIDENCE = "LEH_EVIDENCE__BUCKET, LEH_EVIDENCE__TABLE, evidence.case_index와 IAM 정책(s3:ListBucket, dynamodb:Query)을 확인하세요."
_NOBODY = "guardian-doctor"
"""A case that there is not: what is asked for it needs every right, and finds nothing."""


async def look_at_product(settings: Settings) -> list[Finding]:
    """Read the tables, try every right, look for the service user; and list a case that there is not."""
    cases = leh_cases(settings)
    if cases is None:
        return []
    item = "product database"
    found = [Finding(item, "OK", "; ".join(await cases.examine()))]
    if settings.product_database.service_user is None:
        found = [Finding(item, "WARN", found[0].detail, _SERVICE_USER)]
    return [*found, await _evidence(settings)]


async def _evidence(settings: Settings) -> Finding:
    item, table = "case evidence", settings.evidence.table
    if table is None:
        return Finding(item, "WARN", "nobody said where evidence is: a restored case cannot be made whole", _EVIDENCE)
    try:
        async with open_aws(settings.region) as aws:
            tables = await evidence_tables(settings, aws)
            await tables.of_case(table, _NOBODY, ("evidence_id", "status"), 1)
            objects = S3Objects(aws, await aws.client("s3"))
            await objects.keys(settings.evidence.bucket, f"cases/{_NOBODY}/raw/", 1)
    except GuardianError as error:
        return Finding(item, "WARN", str(error), _EVIDENCE)
    return Finding(item, "OK", f"{table} and s3://{settings.evidence.bucket} can be asked by case")
