"""Owns the look at providers' status pages; the one rule: the adapter's own look is asked, and bad news of a provider is no fault of ours."""

from __future__ import annotations

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.health import REGION as HEALTH_REGION
from leh_guardian.adapters.health import AwsHealth
from leh_guardian.adapters.status_page import HttpStatusPage, status_session
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.language import Text
from leh_guardian.model.provider.snapshot import PageState
from leh_guardian.settings import OtherProviderSettings, Settings

PAGE = Text(
    ko="provider 설정의 status_url과, 이 서버에서 나가는 방화벽을 확인하세요.",
    en="Look at status_url of the provider's settings and at the firewall on the way out of this server.",
)
HEALTH = Text(
    ko="Business 이상의 지원 플랜과 IAM 정책(health:DescribeEvents)을 확인하거나 provider.aws_services를 비우세요.",
    en="Look at the support plan (Business or more) and the IAM policy (health:DescribeEvents), or empty provider.aws_services.",
)
_NAMES = Text(
    ko="provider 설정의 components를 상태 페이지의 지금 이름으로 고치세요.",
    en="Change components of the provider's settings to the names on its status page now.",
)


async def look_at_health(settings: Settings) -> list[Finding]:
    """Ask AWS Health once; an account that may not ask it is a warning."""
    services = settings.provider.aws_services
    async with open_aws(settings.region) as aws:
        client = await aws.client("health", read_timeout=5, region=HEALTH_REGION)
        page = await AwsHealth(aws, client, settings.region, services, SystemClock()).look()
    if page.state is PageState.UNKNOWN:
        return [Finding("provider aws", "WARN", "; ".join(page.reasons), HEALTH)]
    return [Finding("provider aws", "OK", f"AWS Health says {page.worst} of {', '.join(services)}")]


async def look_at_page(name: str, provider: OtherProviderSettings) -> list[Finding]:
    """Read the page once; a page that cannot be told, or that misses a configured component, is a warning."""
    item = f"provider {name}"
    async with status_session() as session:
        page = await HttpStatusPage(
            session, provider.status_url, provider.components, SystemClock(), host=provider.page
        ).look()
    if page.state is PageState.UNKNOWN:
        return [Finding(item, "WARN", f"its status page is unknown: {'; '.join(page.reasons)}", PAGE)]
    if page.vanished:
        return [Finding(item, "WARN", f"not on its status page: {', '.join(page.vanished)}", _NAMES)]
    return [Finding(item, "OK", f"its status page ({page.source}) says {page.worst}")]
