"""Owns what Slack says of a pressed button, and the answer to whoever pressed it; the one rule: an answer goes to Slack alone.

The address of the answer stands in what was received, so it is used only if its host is Slack's. Whose press it is and what
it may do is judged by whoever takes it: the token is opaque here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from leh_guardian.adapters.channels.http import exchange, refuse
from leh_guardian.adapters.channels.slack_blocks import ACTION, LINK, escaped
from leh_guardian.language import Text
from leh_guardian.model.text import dump_json, shown

_HOSTS: Final = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_LONGEST_TOKEN = 2000

FAILED: Final = Text(
    ko="처리하지 못했습니다. 잠시 후 다시 눌러 주세요.", en="This could not be done. Press again in a while."
)
"""What somebody is told whose press could not be done."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button of ours was pressed."""

    token: str
    """What the button carried."""
    user: str
    """The Slack user id of whoever pressed it."""
    response_url: str
    """Where they can be answered; empty where Slack has named no place of its own."""


def is_slacks(url: str) -> bool:
    """Return whether `url` is an address of Slack's for answers."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.hostname in _HOSTS and parts.port in {None, 443}
    except ValueError:
        return False


def press_of(payload: object, trusted: Callable[[str], bool] = is_slacks) -> Press | None:
    """Return the press that a `block_actions` payload tells of; None when it is none, or of a button that sends nothing."""
    if not isinstance(payload, Mapping) or payload.get("type") != "block_actions":
        return None
    actions, user, url = payload.get("actions"), payload.get("user"), payload.get("response_url")
    action = actions[0] if isinstance(actions, list) and actions else None
    if not isinstance(action, Mapping) or not isinstance(user, Mapping):
        return None
    name, token = _text(action, "action_id"), _text(action, "value")
    if not name.startswith(ACTION) or name == LINK or not 0 < len(token) <= _LONGEST_TOKEN or not _text(user, "id"):
        return None
    return Press(token, shown(_text(user, "id"), 64), url if isinstance(url, str) and trusted(url) else "")


async def respond(session: aiohttp.ClientSession, press: Press, text: str) -> None:
    """Tell whoever pressed, and nobody else, `text`.

    Raises:
        HandlerError: Slack does not take it.
    """
    if not press.response_url:
        return
    body = dump_json({"response_type": "ephemeral", "replace_original": False, "text": escaped(shown(text, 1000))})
    headers = {"Content-Type": "application/json"}
    answer = await exchange(
        session, "POST", press.response_url, who="Slack's answer address", body=body.encode(), headers=headers
    )
    refuse(answer, "Slack's answer address", denied="it has expired")


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""
