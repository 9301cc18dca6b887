"""Owns the sending of the weekly report; the one rule: it goes out when all is well, too - silence would prove nothing.

It waits for the checks of its week, and what has not come by then is UNKNOWN in it. Its instant is remembered before the first
message, so that whoever sends the rest after a crash sends the same report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from leh_guardian.checks.catalogue import CHECKS
from leh_guardian.checks.weekly import lines, page
from leh_guardian.checks.weekly.document import document
from leh_guardian.checks.weekly.report import WEEKS, Report, compose, missing, reach
from leh_guardian.context import ActionContext
from leh_guardian.errors import NotFound, Permanent, Refused, Transient
from leh_guardian.fields import ChannelName, Duration
from leh_guardian.model.check import SentReport
from leh_guardian.model.identity import key
from leh_guardian.model.outcome import Done, Failed, Outcome, Wait
from leh_guardian.model.text import told
from leh_guardian.ports import Channel, Notice
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.telemetry.failpoints import failpoint

_SHORTEST, _LONGEST = timedelta(seconds=15), timedelta(minutes=5)
"""Between two looks for results that have not come: each is a line in the journal."""
_Check = Annotated[str, Field(pattern=r"^check_[a-z0-9_]{1,60}$")]
_Mail = Annotated[str, Field(pattern=r"^[!-~]{1,64}@[A-Za-z0-9.-]{1,255}$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("write an IANA time zone, like Asia/Seoul") from None
    return name


class WeeklyReportParams(Params):
    """Of which checks, and to whom."""

    checks: Annotated[tuple[_Check, ...], Field(strict=False)] = ()
    """The checks that it is about; all that there are if left out."""
    channels: Annotated[tuple[ChannelName, ...], Field(strict=False)] = ()
    """Channels of `notify.channels` in guardian.yaml, or `console`; where guardian's own messages go if left out."""
    mail_to: Annotated[tuple[_Mail, ...], Field(strict=False)] = ()
    """Whom those of the channels write to that send mails."""
    fresh: Duration = timedelta(hours=12)
    """How old a check's result may be; an older one is waited for anew."""
    patience: Duration = timedelta(hours=1)
    """How long checks are waited for; what has not come then is UNKNOWN."""
    weeks: int = Field(WEEKS, ge=2, le=52)
    """Weeks that the trend goes back."""
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Seoul"
    """Whose weeks and clocks are meant."""


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=False,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer between sending and writing it down sends the report"
        " to that one place again, with the same id; a place that has it written down gets it no second time."
    ),
    timeout="3m",
)
async def weekly_report(ctx: ActionContext, params: WeeklyReportParams) -> Outcome:
    """Report what all periodic checks came to, what has changed since last week, and what a sample proves; sent when all is well, too.

    It waits for the results of its week. Mails carry it as a page, webhooks as JSON in `facts`, everything else as lines.
    """
    history = ctx.can.check_history
    if history is None:
        raise Refused("nothing here keeps what checks come to")
    places = list(_places(ctx, params))
    names = params.checks or tuple(CHECKS)
    began = datetime.fromisoformat(str(ctx.incident["began_at"]))
    remembered = ctx.recall("at")
    now = datetime.fromisoformat(remembered) if remembered else ctx.clock.now()
    kept = await history.weekly(reach(now, params.weeks), now, params.timezone)
    until = began + params.patience
    if remembered is None and now < until and (late := missing(kept, names, now, began - params.fresh)):
        pause = min(_LONGEST, max(_SHORTEST, (now - began) / 4))
        return Wait(min(now + pause, until), f"waits for {', '.join(late)}")
    zone = ZoneInfo(params.timezone)
    report = compose(kept, names, now, zone, weeks=params.weeks, fresh=began - params.fresh)
    if ctx.dry_run:
        to = ", ".join(place.name for place in places)
        return Done(f"would report {report.overall} by {to}", _facts(report))
    if remembered is None:
        await ctx.checkpoint("at", now.isoformat())
    sending = _Sending(ctx, report, ctx.recall("taken", []))
    for place in places:
        await sending.send(place)
    if sending.taken:
        await history.sent(SentReport(ctx.action_id, now, report.week, report.overall))
    if sending.later is not None:
        raise sending.later
    facts = _facts(report) | {"sent": list(sending.taken)}
    if sending.refused:
        return Failed(f"the weekly report did not go out everywhere: {'; '.join(sending.refused)}", facts)
    return Done(f"reported {report.overall} by {', '.join(sending.taken)}", facts)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a report goes."""

    name: str
    channel: Channel
    to: str = ""

    @property
    def label(self) -> str:
        return f"{self.name} {self.to}".strip()


def _places(ctx: ActionContext, params: WeeklyReportParams) -> Iterator[_Place]:
    """Yield where the report goes.

    Raises:
        NotFound: there is no such channel.
        Refused: a channel of mails, and nobody to write to.
    """
    for name in params.channels or (ctx.can.own_channel,):
        channel = ctx.can.channels.get(name)
        if channel is None:
            known = ", ".join(sorted(ctx.can.channels))
            raise NotFound(f"no channel named {name} (there are: {known}): add it to notify.channels in guardian.yaml")
        if channel.address != "email":
            yield _Place(name, channel)
            continue
        if not params.mail_to:
            raise Refused(f"{name} sends mails: name in `mail_to` whom it writes to")
        for to in params.mail_to:
            yield _Place(name, channel, to)


@dataclass(slots=True)
class _Sending:
    """The sending of one report to its places, each once."""

    ctx: ActionContext
    report: Report
    taken: list[str]
    """The places that have it."""
    refused: list[str] = field(default_factory=list)
    later: Transient | None = None

    async def send(self, place: _Place) -> None:
        """Send it to a place that has not got it; one that fails keeps no other from getting it."""
        if place.label in self.taken:
            return
        again = self.ctx.recall("sending") == place.label
        await self.ctx.checkpoint("sending", place.label)
        failpoint("weekly_report.sending")
        try:
            await place.channel.send(self._notice(place, again=again))
            failpoint("weekly_report.sent")
        except Permanent as error:
            self.refused.append(f"{place.label}: {told(error, 300)}")
        except Transient as error:
            self.later = error
        else:
            self.taken = [*self.taken, place.label]
            await self.ctx.checkpoint("taken", self.taken)

    def _notice(self, place: _Place, *, again: bool) -> Notice:
        locale = self.ctx.can.locale(place.name)
        return Notice(
            id=str(key(f"{self.ctx.action_id}/{place.label}")),
            title=lines.title(self.report, locale),
            lines=lines.lines(self.report, locale),
            incident=str(self.ctx.incident_id),
            rule=self.ctx.rule_id,
            severity=str(self.ctx.incident["severity"]),
            facts=document(self.report),
            to=place.to,
            again=again,
            locale=locale,
            page=page.written(self.report, locale),
        )


def _facts(report: Report) -> dict[str, Any]:
    return {
        "status": report.overall.value,
        "week": report.week,
        "checks": {row.check: row.status.value for row in report.rows},
        "changed": {row.check: row.change.value for row in report.rows if row.change.news},
    }
