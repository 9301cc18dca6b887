"""Owns telling people; the one rule: it never fails quietly - a message that cannot go out is retried for hours, then shown."""

from __future__ import annotations

from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import NotFound
from leh_guardian.fields import CaseId, ChannelName
from leh_guardian.model.outcome import Done, Outcome
from leh_guardian.ports import Notice
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.telemetry.redaction import redact

_LONGEST = 8000
_DEFAULT = "default"


class NotifyParams(Params):
    """What to tell, and where."""

    channel: ChannelName = "console"
    """A channel of `notify.channels` in guardian.yaml, `console`, or `default` for that of guardian's own (`notify.channel`)."""
    text: str = Field(min_length=1, max_length=_LONGEST)
    """The message. The first line is its title."""
    restore: CaseId | None = None
    """A case whose restore its readers may ask for by a button, on channels that have buttons: `${event.detail.case_id}`."""


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=False,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer between sending and writing it down sends the message"
        " again with the same id."
    ),
    timeout="30s",
)
async def notify(ctx: ActionContext, params: NotifyParams) -> Outcome:
    """Tell people through a channel: the console, or a signed webhook of the settings.

    Secrets and people's numbers are taken out of the text, phone numbers excepted: they are whom to call.
    """
    name = ctx.can.own_channel if params.channel == _DEFAULT else params.channel
    channel = ctx.can.channels.get(name)
    if channel is None:
        known = ", ".join(sorted(ctx.can.channels))
        raise NotFound(f"no channel named {name} (there are: {known}): add it to notify.channels in guardian.yaml")
    # Whom to call is what a message may be for; nobody's number and no secret is, wherever in the text they come from.
    text = redact(params.text, 2 * _LONGEST, phones=False)
    title, *lines = text.splitlines() or [text]
    if ctx.dry_run:
        return Done(f"would tell {name}: {title}")
    locale, button = ctx.can.locale(name), None
    if params.restore is not None and ctx.can.offers is not None:
        button = ctx.can.offers.restore(params.restore, ctx.clock.now(), locale)
    sent = await channel.send(
        Notice(
            id=str(ctx.action_id),
            title=title,
            lines=lines,
            incident=str(ctx.incident_id),
            rule=ctx.rule_id,
            severity=str(ctx.incident["severity"]),
            buttons=(button,) if button else (),
            locale=locale,
        )
    )
    return Done(f"told {name}", {"channel": name, "reference": sent.reference})
