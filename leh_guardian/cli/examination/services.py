"""Owns the looks at AWS and OpenSearch; the one rule: the adapters' own pings are asked, and each refusal names its fix."""

from __future__ import annotations

from typing import Any

import anyio

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.breaker_table import BreakerTable
from leh_guardian.adapters.dynamo import DynamoTables, EvidenceTable
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.adapters.logs import CloudWatchLogs, LogGroup
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.sqs import SqsAlertQueue, SqsQueues
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.errors import AccessDenied, GuardianError, NoCredentials, NotFound
from leh_guardian.language import Text
from leh_guardian.settings import Settings

NETWORK = Text(
    ko="네트워크, AWS_REGION, AWS_ENDPOINT_URL을 확인하세요.",
    en="Look at the network, AWS_REGION and AWS_ENDPOINT_URL.",
)
TABLE = Text(
    ko="LEH_EVIDENCE__TABLE, AWS_REGION, IAM 정책(dynamodb:DescribeTable, dynamodb:GetItem)을 확인하세요.",
    en="Look at LEH_EVIDENCE__TABLE, AWS_REGION and the IAM policy (dynamodb:DescribeTable, dynamodb:GetItem).",
)
SCAN = Text(
    ko="IAM 정책에 dynamodb:Scan을 추가하거나 worker.table을 false로 두세요 (docs/spending.md).",
    en="Add dynamodb:Scan to the IAM policy, or set worker.table to false (docs/spending.md).",
)
BREAKER = Text(
    ko="LEH_BREAKER__TABLE, AWS_REGION, IAM 정책(dynamodb:DescribeTable, GetItem, PutItem, UpdateItem)을 확인하세요 (docs/breaker.md).",
    en="Look at LEH_BREAKER__TABLE, AWS_REGION and the IAM policy (dynamodb:DescribeTable, GetItem, PutItem, UpdateItem); docs/breaker.md.",
)
LOG = Text(
    ko="LEH_WORKER__LOG_GROUP, AWS_REGION, IAM 정책(logs:FilterLogEvents)을 확인하세요.",
    en="Look at LEH_WORKER__LOG_GROUP, AWS_REGION and the IAM policy (logs:FilterLogEvents).",
)
FUNCTION = Text(
    ko="LEH_WORKER__FUNCTION과 IAM 정책(lambda:GetFunctionConfiguration)을 확인하세요 (없어도 동작합니다).",
    en="Look at LEH_WORKER__FUNCTION and the IAM policy (lambda:GetFunctionConfiguration); guardian works without.",
)
SEARCH = Text(
    ko="LEH_OPENSEARCH__URL을 확인하세요 (없어도 동작합니다).",
    en="Look at LEH_OPENSEARCH__URL; guardian works without.",
)


async def look_at_queue(settings: Settings, name: str) -> list[Finding]:
    """Check one alert queue."""
    async with open_aws(settings.region) as aws:
        try:
            client = await aws.client("sqs", read_timeout=5)
        except GuardianError as error:
            return [
                Finding(
                    "aws",
                    "FAIL",
                    str(error),
                    Text(
                        ko="AWS_REGION, AWS_ENDPOINT_URL, AWS_PROFILE을 확인하세요.",
                        en="Look at AWS_REGION, AWS_ENDPOINT_URL and AWS_PROFILE.",
                    ),
                )
            ]
        return [await _queue(settings, aws, client, name)]


async def _queue(settings: Settings, aws: Aws, client: Any, name: str) -> Finding:
    item = f"queue {name}"
    try:
        await SqsAlertQueue(aws, client, name, wait=1, visibility=settings.queue.visibility).ping()
    except NotFound as error:
        return Finding(
            item,
            "FAIL",
            str(error),
            Text(
                ko="LEH_QUEUE__ALERTS, AWS_REGION을 확인하거나 큐를 만드세요.",
                en="Look at LEH_QUEUE__ALERTS and AWS_REGION, or make the queue.",
            ),
        )
    except NoCredentials as error:
        return Finding(
            item,
            "FAIL",
            str(error),
            Text(
                ko="AWS 자격 증명(AWS_ACCESS_KEY_ID 등) 또는 인스턴스 역할을 설정하세요.",
                en="Set AWS credentials (such as AWS_ACCESS_KEY_ID) or an instance role.",
            ),
        )
    except AccessDenied as error:
        return Finding(
            item,
            "FAIL",
            str(error),
            Text(
                ko="이 역할의 IAM 정책, 큐 정책을 확인하세요.",
                en="Look at this role's IAM policy and at the queue's policy.",
            ),
        )
    except GuardianError as error:
        return Finding(item, "FAIL", str(error), NETWORK)
    try:
        info = await SqsQueues(aws, client).info(name)
    except GuardianError as error:
        detail = f"usable, but it cannot be described: {error}"
        return Finding(
            item,
            "WARN",
            detail,
            Text(ko="sqs:GetQueueUrl 권한을 확인하세요.", en="Look at the permission sqs:GetQueueUrl."),
        )
    if info.dead_letter_arn is None:
        fix = Text(
            ko="큐에 RedrivePolicy(DLQ, maxReceiveCount 5)를 설정하세요. 이벤트가 아닌 메시지는 DLQ로만 빠집니다.",
            en="Give the queue a RedrivePolicy (DLQ, maxReceiveCount 5): what is no event leaves by the DLQ alone.",
        )
        return Finding(item, "WARN", "it has no dead-letter queue: what is no event comes back for days", fix)
    return Finding(item, "OK", f"{info.depth.total} messages, visibility {info.visibility_timeout:g} s")


async def look_at_table(settings: Settings, name: str) -> list[Finding]:
    """Check the DynamoDB table of evidence."""
    async with open_aws(settings.region) as aws:
        tables = DynamoTables(aws, await aws.client("dynamodb", read_timeout=5))
        await EvidenceTable(tables, name).ping()
        found = [Finding("evidence table", "OK", f"{name} can be described")]
        if settings.worker.events and settings.worker.table:
            try:
                await tables.scan(name, ("evidence_id",), lambda _: False, 1, 5.0)
            except GuardianError as error:
                found.append(Finding("evidence table estimates", "WARN", str(error), SCAN))
    return found


async def look_at_breaker(settings: Settings, name: str) -> list[Finding]:
    """Check the DynamoDB table of circuits."""
    async with open_aws(settings.region) as aws:
        client = await aws.client("dynamodb", read_timeout=5)
        await BreakerTable(aws, client, DynamoTables(aws, client), name).ping()
        return [Finding("breaker table", "OK", f"{name} can be described")]


async def look_at_log(settings: Settings, group: str) -> list[Finding]:
    """Check the worker's log group, and the function whose deployments are looked at."""
    found = []
    async with open_aws(settings.region) as aws:
        await LogGroup(CloudWatchLogs(aws, await aws.client("logs", read_timeout=5)), group, SystemClock()).ping()
        found.append(Finding("worker log", "OK", f"{group} can be read"))
        if function := settings.worker.function:
            try:
                state = await LambdaFunctions(aws, await aws.client("lambda", read_timeout=5)).state(function)
            except GuardianError as error:
                found.append(Finding("worker function", "WARN", str(error), FUNCTION))
            else:
                changed = f"version {state.version}, changed {state.modified_at:%Y-%m-%d %H:%M} UTC"
                found.append(Finding("worker function", "OK", f"{function}: {changed}"))
    return found


async def look_at_search(url: str) -> list[Finding]:
    """Check OpenSearch."""
    search = OpenSearch(url)
    try:
        await search.ping()
        return [Finding("opensearch", "OK", "answers")]
    finally:
        with anyio.move_on_after(2, shield=True):
            await search.close()
