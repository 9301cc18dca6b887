"""Owns the look at the ways to people; the one rule: each is made as the daemon makes it, and no look sends anything to anybody."""

from __future__ import annotations

import aiohttp

from leh_guardian.adapters.aws import open_aws
from leh_guardian.app.people import open_channel
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.clock import SystemClock
from leh_guardian.errors import GuardianError, SettingsError, Transient
from leh_guardian.language import Text
from leh_guardian.ports import Pingable
from leh_guardian.settings import Settings
from leh_guardian.settings.people import WebhookSettings

SECRET = Text(
    ko="설정이 가리키는 비밀 파일의 경로, 권한, 길이(16바이트 이상)를 확인하세요.",
    en="Look at path, permissions and length (16 bytes or more) of the secret file that the setting names.",
)
PROVIDER = Text(
    ko="docs/channels.md의 준비 사항과 권한을 확인하세요.",
    en="Look at what docs/channels.md says of preparations and permissions.",
)


async def look_at_channel(settings: Settings, name: str) -> list[Finding]:
    """Make one channel, and ask its provider whether it would take a message."""
    item, wanted = f"channel {name}", settings.notify.channels[name]
    timeout = aiohttp.ClientTimeout(total=10)
    async with open_aws(settings.region) as aws, aiohttp.ClientSession(timeout=timeout) as session:
        try:
            channel = await open_channel(name, wanted, aws, SystemClock(), session)
            if isinstance(channel, Pingable):
                await channel.ping()
                return [Finding(item, "OK", f"{wanted.provider} would take messages")]
        except SettingsError as error:
            return [Finding(item, "FAIL", str(error), SECRET)]
        except GuardianError as error:
            # Without it the daemon starts all the same; what will not pass by itself is found in the night otherwise.
            return [Finding(item, "WARN" if isinstance(error, Transient) else "FAIL", str(error), PROVIDER)]
    what = "its secret is readable" if isinstance(wanted, WebhookSettings) else "its key is readable"
    return [Finding(item, "OK", what)]
