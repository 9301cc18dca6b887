"""Owns the look at the heartbeat; the one rule: it sends none, since one heartbeat of a doctor would keep an alarm quiet.

Whether a role may send is asked with requests that hold nothing to send: AWS refuses who may not before it refuses what is empty.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import anyio

from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.cli.examination.services import NETWORK
from leh_guardian.errors import AccessDenied, GuardianError, NoCredentials, Refused
from leh_guardian.language import Text
from leh_guardian.settings import Settings

ADDRESS = Text(
    ko="heartbeat.url의 주소와, 이 서버에서 나가는 방화벽을 확인하세요.",
    en="Look at the address in heartbeat.url and at the firewall on the way out of this server.",
)
NOBODY = Text(
    ko="heartbeat.url 또는 heartbeat.namespace를 설정하고 외부 경보를 만드세요 (docs/deploy.md).",
    en="Set heartbeat.url or heartbeat.namespace, and make an alarm outside (docs/deploy.md).",
)
_CONNECT = 5.0


def look_at_nobody() -> list[Finding]:
    """Say that nobody outside would hear of guardian's end."""
    return [Finding("heartbeat", "WARN", "nobody outside is told when guardian itself dies", NOBODY)]


_WITHOUT = Text(ko="heartbeat 설정을 빼세요", en="take the heartbeat settings out")


async def look_at_address(url: str) -> list[Finding]:
    """Connect to the server of the address, with TLS where it asks for it, and say nothing to it."""
    place = urlsplit(url)
    try:
        host, tls = place.hostname or "", place.scheme == "https"
        port = place.port or (443 if tls else 80)
        with anyio.fail_after(_CONNECT):
            stream = await (anyio.connect_tcp(host, port, tls=True) if tls else anyio.connect_tcp(host, port))
            await stream.aclose()
    except (OSError, TimeoutError, ValueError) as error:
        # The type alone: the address is a secret.
        return [Finding("heartbeat url", "FAIL", f"cannot be reached: {type(error).__name__}", ADDRESS)]
    return [Finding("heartbeat url", "OK", "its server can be reached; whether it knows the address was not asked")]


async def look_at_sending(
    settings: Settings,
    item: str = "heartbeat canary",
    without: Text = _WITHOUT,
) -> list[Finding]:
    """Ask whether this role may send events of guardian's own to the alert queue."""
    name = settings.queue.alerts
    doing = f"send to alert queue {name}"
    fix = Text(
        ko=f"이 역할에 경보 큐의 sqs:SendMessage 권한을 주거나 {without.ko}.",
        en=f"Grant this role sqs:SendMessage on the alert queue, or {without.en}.",
    )
    async with open_aws(settings.region) as aws:
        client = await aws.client("sqs", read_timeout=5)

        async def send_nothing() -> None:
            url = name
            if "://" not in url:
                found = await _once(aws, f"find queue {name}", lambda: client.get_queue_url(QueueName=name))
                url = found["QueueUrl"]
            await _once(aws, doing, lambda: client.send_message_batch(QueueUrl=url, Entries=[]))

        return [await _ask(item, doing, send_nothing, fix)]


async def look_at_cloudwatch(settings: Settings) -> list[Finding]:
    """Ask whether this role may put the metric."""
    space = settings.heartbeat.namespace
    doing = f"put metrics into {space}"
    fix = Text(
        ko="이 역할에 cloudwatch:PutMetricData 권한(조건 cloudwatch:namespace)을 주세요.",
        en="Grant this role cloudwatch:PutMetricData (condition cloudwatch:namespace).",
    )
    async with open_aws(settings.region) as aws:
        client = await aws.client("cloudwatch", read_timeout=5)

        async def put_nothing() -> None:
            await _once(aws, doing, lambda: client.put_metric_data(Namespace=space, MetricData=[]))

        return [await _ask("heartbeat cloudwatch", doing, put_nothing, fix)]


async def _once(aws: Aws, doing: str, request: Callable[[], Awaitable[Any]]) -> Any:
    return await aws.call(doing, request, tries=1, deadline=_CONNECT)


async def _ask(item: str, doing: str, request: Callable[[], Awaitable[None]], fix: str | Text) -> Finding:
    try:
        await request()
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
        return Finding(item, "FAIL", str(error), fix)
    except Refused:
        # What was to be refused: the request holds nothing.
        pass
    except GuardianError as error:
        return Finding(item, "FAIL", str(error), NETWORK)
    return Finding(item, "OK", f"nothing forbids to {doing}")
