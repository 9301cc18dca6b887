"""Owns the look at LEH's admin API; the one rule: the adapter's own ping is asked, and nothing that is protected."""

from __future__ import annotations

from contextlib import AsyncExitStack

from leh_guardian.adapters.aws import open_aws
from leh_guardian.app.outside import open_admin_api
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.language import Text
from leh_guardian.settings import Settings

API = Text(
    ko="LEH_ADMIN_API__URL, 토큰(admin_api.token_file 또는 admin_api.token_secret), 방화벽을 확인하세요.",
    en="Look at LEH_ADMIN_API__URL, the token (admin_api.token_file or admin_api.token_secret) and the firewall.",
)
_KEYS = Text(
    ko="API가 Idempotency-Key를 지원하면 LEH_ADMIN_API__IDEMPOTENT=true로 설정하세요. 아니면 응답을 못 받은 요청은 사람이 확인합니다.",
    en="If the API knows Idempotency-Key, set LEH_ADMIN_API__IDEMPOTENT=true. Else a person looks after requests without an answer.",
)


async def look_at_api(settings: Settings) -> list[Finding]:
    """Ask its address, and read the token; whether the API takes that token is not asked."""
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(open_aws(settings.region))
        api = await open_admin_api(settings, aws, stack)
        if api is None:
            return []
        await api.ping()
        wanted = settings.admin_api
        if wanted.token_file is None and wanted.token_secret is None:
            return [Finding("admin api", "WARN", "answers; it is asked without a token", API)]
        if not wanted.idempotent:
            return [Finding("admin api", "OK", "answers; a request whose answer is lost is not sent again", _KEYS)]
        return [Finding("admin api", "OK", "answers, and is said to honour idempotency keys")]
