"""Owns Slack; the one rule: an incident is one message in a place, changed in place, with what happened since in its thread.

The first notice of an incident is posted; where it stands comes back in `Sent.thread`. A later one changes that message, so
that its status and its buttons are those of now, and says what is new in the thread: also beneath it, in the place itself
(`reply_broadcast`), where the thread alone would wake nobody. A message that is gone is posted anew.

Slack has no idempotency key. Each message carries the notice's id in its metadata, and one that may have gone out before is
looked for among the last messages; where that cannot be told, it is posted again.
"""

from __future__ import annotations

from typing import Any

import aiohttp

from leh_guardian.adapters.channels.slack_blocks import blocks, fallback
from leh_guardian.adapters.channels.slack_errors import Gone
from leh_guardian.adapters.channels.slack_web import BASE_URL, SlackWeb
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused
from leh_guardian.ports import Notice, NoticeKind, Sent

EVENT_TYPE = "leh_guardian_notice"
"""The type of our messages' metadata."""
_LOOKED_THROUGH = 50
_WAKING = {NoticeKind.PAGE, NoticeKind.REMINDER, NoticeKind.APPROVAL}
_SCOPES = {"chat:write"}
_DIRECT = {"im:write"}
_LITERAL: dict[str, Any] = {"parse": "none", "link_names": False}
"""Said in each call: what Slack makes of a text by default differs between posting and changing it."""


class SlackChannel:
    """Posts to a channel, or, without one, to people directly."""

    confirms: bool = False
    strict: bool = False

    def __init__(
        self,
        session: aiohttp.ClientSession,
        token: str,
        *,
        channel: str = "",
        broadcast: bool = False,
        base_url: str = BASE_URL,
    ) -> None:
        self._web = SlackWeb(session, token, base_url)
        self._channel = channel
        self._broadcast = broadcast
        self.address: str = "" if channel else "slack"

    async def send(self, notice: Notice) -> Sent:
        """Post `notice`, or change and answer the message of its thread.

        Raises:
            Throttled, Unavailable: try again.
            AccessDenied, NotFound, Refused: Slack does not take it.
        """
        place, ts = notice.thread.get("channel"), notice.thread.get("ts")
        if place and ts:
            try:
                return await self._follow(notice, place, ts)
            except Gone:
                pass
        return await self._begin(notice, self._channel or await self._direct(notice.to))

    async def ping(self) -> None:
        """Raise when the token, its scopes or the channel are not what is needed."""
        await self._web.call("ask Slack who we are", "auth.test")
        needed = _SCOPES if self._channel else _SCOPES | _DIRECT
        if self._web.scopes and (missing := needed - self._web.scopes):
            raise AccessDenied(f"Slack's token lacks {', '.join(sorted(missing))}: add them and install the app anew")
        if not self._channel:
            return
        found = await self._web.read("look at the channel", "conversations.info", channel=self._channel)
        place = found.get("channel") or {}
        if place.get("is_archived"):
            raise NotFound(f"Slack's channel {self._channel} is archived: unarchive it, or name another one")
        if not place.get("is_member"):
            raise AccessDenied(f"the app is not in Slack's channel {self._channel}: /invite it there")

    async def _begin(self, notice: Notice, channel: str) -> Sent:
        ts = await self._sent_before(notice, channel) if notice.again else None
        if ts is None:
            posted = await self._post(notice, channel, buttons=True)
            channel, ts = str(posted.get("channel") or channel), str(posted.get("ts", ""))
        return _sent(notice, channel, ts, ts)

    async def _follow(self, notice: Notice, channel: str, ts: str) -> Sent:
        await self._web.call(
            "change the message",
            "chat.update",
            channel=channel,
            ts=ts,
            text=fallback(notice),
            blocks=blocks(notice, buttons=True),
            **_LITERAL,
        )
        reply = await self._sent_before(notice, channel, ts) if notice.again else None
        if reply is None:
            posted = await self._post(
                notice, channel, buttons=False, thread_ts=ts, reply_broadcast=self._loudly(notice)
            )
            reply = str(posted.get("ts", ""))
        return _sent(notice, channel, ts, reply)

    def _loudly(self, notice: Notice) -> bool:
        """Whether the place itself shows it: a thread in a direct message wakes nobody, and a channel may ask for it at each level."""
        if not self._channel:
            return notice.kind in _WAKING
        return self._broadcast and notice.kind is NoticeKind.PAGE and notice.level > _level(notice.thread.get("level"))

    async def _post(self, notice: Notice, channel: str, *, buttons: bool, **where: Any) -> dict[str, Any]:
        return await self._web.call(
            "post the message",
            "chat.postMessage",
            channel=channel,
            text=fallback(notice),
            blocks=blocks(notice, buttons=buttons),
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": notice.id}},
            unfurl_links=False,
            unfurl_media=False,
            **_LITERAL,
            **where,
        )

    async def _direct(self, person: str) -> str:
        if not person:
            raise Refused("nobody is named: the person has no Slack user id")
        opened = await self._web.call("open the conversation", "conversations.open", users=person)
        return str((opened.get("channel") or {}).get("id") or person)

    async def _sent_before(self, notice: Notice, channel: str, thread: str = "") -> str | None:
        """Return the message that `notice` has become already, None where there is none or it cannot be told."""
        method, where = ("conversations.replies", {"ts": thread}) if thread else ("conversations.history", {})
        try:
            found = await self._web.read(
                "look for the message",
                method,
                channel=channel,
                limit=_LOOKED_THROUGH,
                include_all_metadata=True,
                **where,
            )
        except HandlerError:
            return None
        for message in found.get("messages") or ():
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == notice.id:
                return str(message.get("ts"))
        return None


def _sent(notice: Notice, channel: str, ts: str, reference: str) -> Sent:
    level = max(notice.level, _level(notice.thread.get("level")))
    return Sent(f"{channel}/{reference}", {"channel": channel, "ts": ts, "level": str(level)})


def _level(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
