"""Owns PagerDuty's Events API v2; the one rule: an incident has one dedup key for life, so that its end always finds its beginning.

From PagerDuty's developer-docs, `events-API-v2`: 202 means queued; 400 is never sent again; 429, 5xx and lost answers are;
`summary` holds 1,024 characters, `dedup_key` 255, a body 512 KB. The same key on an open alert is a line in its log, so a
repeated notice does no harm. Nothing of an event but its title goes there.
"""

from __future__ import annotations

import re
from typing import Final

import aiohttp

from leh_guardian.adapters.channels.http import exchange, refuse
from leh_guardian.adapters.channels.texts import OPEN_PAGE
from leh_guardian.errors import SettingsError, Unavailable
from leh_guardian.model.text import dump_json, shown
from leh_guardian.ports import Notice, Sent

HOSTS: Final = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
"""{service region: where its events go}."""
_WHO = "PagerDuty"
_ACCEPTED = 202
_SEVERITIES = {"sev1": "critical", "sev2": "error", "sev3": "warning", "sev4": "info"}
_ACTIONS = {"acknowledged": "acknowledge", "snoozed": "acknowledge", "resolved": "resolve"}
"""{status: what is done to the alert}; everything else opens it, or is a line in the log of an open one."""
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")


def dedup_key(notice: Notice) -> str:
    """Return the key of the notice's incident; a notice without one has a key of its own."""
    return f"leh/{notice.number or notice.incident or notice.id}"[:255]


class PagerDutyChannel:
    """Opens, acknowledges and resolves PagerDuty's alerts."""

    address: str = ""
    confirms: bool = False
    strict: bool = True

    def __init__(self, session: aiohttp.ClientSession, routing_key: str, *, url: str = HOSTS["us"]) -> None:
        if not _ROUTING_KEY.fullmatch(routing_key):
            raise SettingsError(
                "a PagerDuty routing key has 32 letters and digits: the integration key of Events API v2"
            )
        self._session = session
        self._routing_key = routing_key
        self._url = f"{url}/v2/enqueue"

    async def send(self, notice: Notice) -> Sent:
        """Say what became of the notice's incident; its reference is the dedup key.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, Refused: PagerDuty does not want it.
        """
        key = dedup_key(notice)
        body = dump_json(self._event(notice, key)).encode()
        headers = {"Content-Type": "application/json"}
        answer = await exchange(self._session, "POST", self._url, who=_WHO, body=body, headers=headers)
        refuse(answer, _WHO, denied="is routing_key_file right, and its service not disabled?")
        if answer.status != _ACCEPTED:
            raise Unavailable(f"{_WHO} answered {answer.status}, not 202: something between us and it has answered")
        return Sent(key)

    def _event(self, notice: Notice, key: str) -> dict[str, object]:
        event: dict[str, object] = {
            "routing_key": self._routing_key,
            "event_action": _ACTIONS.get(notice.status, "trigger"),
            "dedup_key": key,
        }
        if event["event_action"] != "trigger":
            return event
        event["payload"] = {
            "summary": shown(notice.title, 1024),
            "source": "leh_guardian",
            "severity": _SEVERITIES.get(notice.severity, "warning"),
            "class": shown(notice.rule, 255),
            "custom_details": {"number": notice.number, "level": notice.level, "status": notice.status},
        }
        event["client"] = "leh_guardian"
        if notice.link:
            event["client_url"] = notice.link
            event["links"] = [{"href": notice.link, "text": OPEN_PAGE.of(notice.locale)}]
        return event
