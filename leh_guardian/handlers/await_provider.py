"""Owns the wait for an AI provider that is away; the one rule: what is announced is announced once for all incidents that wait.

Each attempt is one look: the status page, the worker's own errors, the verdict on both. One action looks and announces for all
that wait for the provider (the record in `ctx.can.outages`, written by compare-and-set just before each announcement); the
others watch the record, and take it over when its owner has not looked for minutes. What follows in the rule runs once it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ConfigDict, Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError, NotFound, Refused, StoreUnavailable
from leh_guardian.fields import ChannelName, Duration, ProviderName
from leh_guardian.model.identity import key
from leh_guardian.model.outcome import Done, Escalate, NoOp, Outcome, Wait
from leh_guardian.model.provider.findings import findings
from leh_guardian.model.provider.fusion import WINDOWS, Share, State, Verdict, fuse
from leh_guardian.model.provider.hysteresis import Hysteresis, Look
from leh_guardian.model.provider.internal import INTERNAL, SETTINGS
from leh_guardian.model.provider.memory import Memory
from leh_guardian.model.provider.outage import Audience, Outage, Phase
from leh_guardian.model.provider.snapshot import Page, unknown
from leh_guardian.model.provider.wording import announce
from leh_guardian.model.text import told
from leh_guardian.ports import Notice, Outages
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.telemetry.failpoints import failpoint

_SOON = timedelta(seconds=1)
_STORE_PAUSE = 0.5
"""Seconds before the store is asked again to remember what was sent."""
_PATIENCE = timedelta(minutes=3)
"""At least so long the owner of an outage may be silent before another action takes it over."""
_HOLD = timedelta(minutes=30)
"""At least so long a look holds other rules' redrives: longer than a restart takes."""
_INSIST = timedelta(minutes=30)
"""How long what follows is kept waiting for an end that cannot be announced."""
_NOTICE_AGAIN = timedelta(hours=6)
"""How long a notice of a bad page that the worker does not feel is not repeated."""


class ShareParams(Params):
    """What a diagnosis counted; it may tell more than this."""

    model_config = ConfigDict(extra="ignore")

    attempts: int = Field(ge=0)
    """Jobs that the worker attempted."""
    external: int = Field(0, ge=0)
    """Those that failed as they do when the provider is away."""
    quota: int = Field(0, ge=0)
    """Those that the provider refused for a spent quota."""
    cases: int = Field(0, ge=0)
    """Different cases among the failures."""
    signatures: int = Field(0, ge=0)
    """Different errors among them."""
    since_deployment: bool = False
    """Whether they began with the worker's newest deployment."""


class AnnounceParams(Params):
    """Who is told, by the names of channels."""

    team: ChannelName = "console"
    """The people who run LEH."""
    users: ChannelName | None = None
    """LEH's users: a webhook of the product's own notices."""


class AwaitProviderParams(Params):
    """Whom to wait for, how long, and who is told."""

    provider: ProviderName
    """`openai`, a name of `provider.others` in guardian.yaml, or one of LEH's own systems: `opensearch`, `dynamodb`, `aws`."""
    give_up_after: Duration = Field(timedelta(hours=12), ge=timedelta(minutes=1))
    """When to stop waiting and ask people."""
    poll: Duration = Field(timedelta(minutes=1), ge=timedelta(seconds=1))
    """The pause between two looks."""
    update_every: Duration = Field(timedelta(hours=1), ge=timedelta(minutes=1))
    """The pause between two announcements while it lasts."""
    stable_for: Duration = timedelta(minutes=15)
    """How long it must be seen well before it is over; also how long an undecided state is looked at."""
    announce: AnnounceParams = AnnounceParams()
    """`team` and `users`: names of channels; without `users` LEH's users are told nothing."""
    share: ShareParams | None = None
    """The worker's error shares as an earlier step counted them: `${actions.cause.share}`."""
    verdict: str | None = Field(None, max_length=60)
    """What an earlier step took it for: `${actions.cause.verdict}`."""


class _Overtaken(Exception):
    """Another write of the record was quicker."""


@handler(
    effect=Effect.AT_LEAST_ONCE,
    changes=False,
    residual=(
        "A crash, a standstill beyond the lease, or a lost or late answer between sending an announcement and writing it down"
        " sends that one again with the same id. Where people close the incident while it waits and no other incident waits for"
        " the provider, nobody announces the end; after it has given up, neither."
    ),
    permissions=("dynamodb:DescribeTable", "dynamodb:GetItem", "health:DescribeEvents"),
    timeout="2m",
)
async def await_provider(ctx: ActionContext, params: AwaitProviderParams) -> Outcome:
    """Wait until an AI provider, or a system of LEH's own, is well again: announce its outage once, hold what follows, then go on.

    Decides by the provider's status page and the worker's own errors together; where nothing is the matter it goes on at once.
    """
    if ctx.can.outages is None:
        raise Refused("there is no record of outages to wait by")
    wanted = {Audience.TEAM: params.announce.team, Audience.USERS: params.announce.users}
    channels = {audience: name for audience, name in wanted.items() if name is not None}
    for name in channels.values():
        if ctx.can.channels.get(name) is None:
            raise NotFound(f"no channel named {name}: add it to notify.channels in guardian.yaml")
    waiting = _Waiting(ctx, params, channels, ctx.can.outages)
    try:
        return await waiting.look()
    except _Overtaken:
        return Wait(ctx.clock.now() + _SOON, f"another action writes of {params.provider}'s outage at the same time")
    except StoreUnavailable as error:
        # No failed attempt: an outage of twelve hours may outlast several restarts of PostgreSQL.
        return Wait(ctx.clock.now() + params.poll, f"the record of outages cannot be used: {error}")


class _Waiting:
    """One look."""

    def __init__(
        self, ctx: ActionContext, params: AwaitProviderParams, channels: dict[Audience, str], outages: Outages
    ) -> None:
        self._ctx = ctx
        self._params = params
        self._channels = channels
        self._outages = outages
        self._now = ctx.clock.now()
        self._memory = Memory.of(ctx.recall("wait"), self._now)
        self._most = 3 * params.poll
        """Between two good looks; further apart, nobody looked."""

    async def look(self) -> Outcome:
        record = await self._outages.newest(self._params.provider)
        if record is not None and not self._ctx.dry_run:
            if record.phase is Phase.OVER and str(record.id) == self._memory.outage:
                return await self._finish(record)
            if record.owner != self._ctx.action_id and record.looked_after(self._now, max(_PATIENCE, self._most)):
                return await self._stand_by(record)
        inside = record is not None and record.phase is Phase.OPEN
        page = await self._page()
        said = None if inside or self._internal else self._params.verdict
        verdict = fuse(page, await self._windows(inside=inside), said)
        facts = findings(self._params.provider, verdict, page)
        if self._ctx.dry_run:
            would = "announce it and wait" if verdict.state.outage else "go on or look again"
            return Done(f"{verdict.state}: would {would}; {verdict.reason}", facts)
        if record is not None and inside:
            return await self._inside(record, verdict, facts)
        return await self._outside(record, verdict, facts)

    async def _page(self) -> Page:
        page = self._ctx.can.pages.get(self._params.provider)
        if page is None:
            setting = SETTINGS.get(self._params.provider, "`provider` in guardian.yaml")
            return unknown(f"no status page of {self._params.provider} is configured: {setting}")
        return await page.look()

    async def _windows(self, *, inside: bool) -> Sequence[Share | None]:
        """Return what the worker's errors are now; what an earlier step counted speaks for the beginning alone."""
        if self._internal:
            return []  # shares are about the AI provider
        if self._ctx.can.errors is not None:
            try:
                return [await self._ctx.can.errors.share(window) for window in WINDOWS]
            except HandlerError as error:
                self._ctx.log.warning("the worker's own errors cannot be told", error=str(error))
        if inside or self._params.share is None:
            return []
        return [Share(**self._params.share.model_dump())]

    def _see(self, verdict: Verdict, *, inside: bool) -> None:
        """Let the look count."""
        if inside and self._memory.watch.believed is not Look.BAD:
            # Taken over, perhaps after an outage that this action has seen the end of: a fact until it is seen to be over.
            self._memory.watch = Hysteresis(Look.BAD)
        match verdict.state:
            case State.NORMAL:
                look = Look.GOOD
            case State.UNDECIDED if not (inside and verdict.strong):
                look = Look.UNKNOWN
            case _:
                look = Look.BAD
        strong = verdict.strong and verdict.state.outage
        self._memory.watch = self._memory.watch.seen(
            look, self._now, self._params.stable_for, self._most, strong=strong
        )

    async def _outside(self, record: Outage | None, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        """Decide whether there is an outage, or nothing to wait for."""
        self._see(verdict, inside=False)
        believed = self._memory.watch.believed is Look.BAD
        match verdict.state:
            case State.QUOTA | State.CODE_BUG:
                return Escalate(verdict.instead(), facts)
            case State.NORMAL:
                return NoOp(f"{self._params.provider} is not away: {verdict.reason}", facts)
            case State.TRANSIENT:
                return Done(f"{self._params.provider} is not away as a whole: {verdict.reason}", facts)
            case State.DEGRADED if believed:
                return Done(f"{self._params.provider} is degraded, go on slowly: {verdict.reason}", facts)
            case State.NOTICE if believed:
                return await self._notice(record, verdict, facts)
            case state if state.outage and believed:
                return await self._open(record, verdict, facts)
        return await self._undecided(verdict, facts)

    async def _undecided(self, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        """Look again, for a time."""
        if self._now - self._memory.began < self._params.stable_for:
            return await self._wait(f"not decided yet: {verdict.reason}", facts)
        if verdict.strong:
            return Done(f"its page shows nothing, so a canary decides: {verdict.reason}", facts)
        return Escalate(
            f"nobody can tell whether {self._params.provider} is away ({verdict.reason}). Look at its status page and the worker's"
            " log, then redrive by hand or wait",
            facts,
        )

    async def _notice(self, record: Outage | None, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        """Tell the team of a bad page that the worker does not feel, and go on."""
        reason = f"{self._params.provider}'s page is bad, the worker is not affected: {verdict.reason}"
        recent = record is not None and record.phase is Phase.NOTICED and self._now - record.began_at < _NOTICE_AGAIN
        if not recent:
            if self._is_still_told(record):
                return await self._wait("the end of the outage before this one is being announced", facts)
            record = await self._write(self._new(record, Phase.NOTICED, facts))
        if record is not None and record.owner == self._ctx.action_id:
            _, untold = await self._announce(record)
            if untold and self._now - self._memory.began < self._params.stable_for:
                return await self._wait(f"{reason}; not announced yet: {'; '.join(untold)}", facts)
        return NoOp(reason, facts)

    async def _open(self, record: Outage | None, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        """Begin an outage."""
        if self._is_still_told(record):
            return await self._wait("the end of the outage before this one is being announced", facts)
        opened = await self._write(self._new(record, Phase.OPEN, facts))
        return await self._announce_and_wait(opened, verdict, facts)

    async def _inside(self, record: Outage, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        """Go on with an outage that is one's own, or that nobody looks after."""
        self._see(verdict, inside=True)
        facts["outage_seconds"] = int((self._now - record.began_at).total_seconds())
        seen = replace(
            record, owner=self._ctx.action_id, looked_at=self._now, hold_until=self._hold_until(), facts=facts
        )
        if verdict.state in {State.QUOTA, State.CODE_BUG}:
            await self._write(replace(seen, owner=None))
            return Escalate(f"{verdict.instead()}. {_LEFT}", facts)
        if self._memory.watch.believed is Look.GOOD:
            self._memory.outage = str(record.id)
            over = await self._write(replace(seen, phase=Phase.OVER, ended_at=self._now))
            return await self._finish(over)
        if self._gives_up:
            await self._write(replace(seen, owner=None))
            return self._give_up(record, facts)
        return await self._announce_and_wait(await self._write(seen), verdict, facts)

    async def _announce_and_wait(self, record: Outage, verdict: Verdict, facts: dict[str, Any]) -> Outcome:
        self._memory.outage = str(record.id)
        _, untold = await self._announce(record)
        more = f"; not announced yet: {'; '.join(untold)}" if untold else ""
        return await self._wait(f"{verdict.state} since {record.began_at.isoformat()}: {verdict.reason}{more}", facts)

    async def _stand_by(self, record: Outage) -> Outcome:
        """Wait while another action looks and announces."""
        self._memory.outage = str(record.id)
        facts = dict(record.facts)
        if self._gives_up:
            return self._give_up(record, facts)
        return await self._wait(f"action {record.owner} looks after {record.provider}'s outage", facts)

    async def _finish(self, record: Outage) -> Outcome:
        """Announce the end, if that is ours to do, and go on; the hold has ended whether or not everybody can be told."""
        ended_at = record.ended_at or record.looked_at
        lasted = ended_at - record.began_at
        facts = {**record.facts, "state": "recovered", "pace": "canary", "outage_seconds": int(lasted.total_seconds())}
        untold: list[str] = []
        if record.owner == self._ctx.action_id:
            record, untold = await self._announce(record)
            if untold and self._now - ended_at < _INSIST:
                return await self._wait(f"the end is not announced yet: {'; '.join(untold)}", facts)
        more = f"; the end was not announced: {'; '.join(untold)}" if untold else ""
        return Done(f"{record.provider} is well again after {lasted}{more}", {**facts, "untold": untold})

    def _give_up(self, record: Outage, facts: dict[str, Any]) -> Outcome:
        lasted = self._now - self._memory.began
        return Escalate(
            f"{record.provider} has been away since {record.began_at.isoformat()}; gave up after {lasted}."
            f" Last seen: {facts.get('reason')}. {_LEFT}",
            facts,
        )

    async def _announce(self, record: Outage) -> tuple[Outage, list[str]]:
        """Send what is due; returns the record, and what could not be sent now and why. That is tried again at the next look."""
        untold = []
        due = record.due(self._now, self._params.update_every, list(self._channels))
        if due:
            # Whoever can write is its owner at this instant, and at work: nobody else announces, or begins another outage.
            record = await self._write(replace(record, looked_at=self._now))
        for each in due:
            channel = self._channels[each.audience]
            locale = self._ctx.can.locale(channel)
            title, lines = announce(record, each, self._now, locale)
            # Users get nothing that tells of our insides, in no field.
            team = each.audience is Audience.TEAM
            notice = Notice(
                id=str(each.id(record.id)),
                title=title,
                lines=lines,
                incident=str(self._ctx.incident_id) if team else "",
                rule=self._ctx.rule_id if team else "",
                severity=str(self._ctx.incident["severity"]) if team else "",
                facts={"occasion": each.occasion.value, "number": each.number, "outage": str(record.id)},
                locale=locale,
            )
            try:
                await self._ctx.can.channels[channel].send(notice)
            except HandlerError as error:
                self._ctx.log.warning("an announcement could not be sent", topic=each.topic, error=str(error))
                untold.append(f"{each.topic}: {told(error, 200)}")
                continue
            failpoint("provider.announced")
            record = await self._write_surely(record.with_told(each))
        return record, untold

    async def _write(self, record: Outage) -> Outage:
        """Write the next version of the record."""
        following = replace(record, version=record.version + 1)
        if not await self._outages.follow(following):
            raise _Overtaken
        failpoint("provider.recorded")
        return following

    async def _write_surely(self, record: Outage) -> Outage:
        """Write down what was sent: an absent store is waited for, as long as the lease lets it, lest it is sent again."""
        while True:
            try:
                return await self._write(record)
            except StoreUnavailable:
                await self._ctx.clock.sleep(_STORE_PAUSE)

    async def _wait(self, reason: str, facts: dict[str, Any]) -> Outcome:
        await self._ctx.checkpoint("wait", self._memory.to_json())
        return Wait(self._now + self._params.poll, reason, facts)

    def _new(self, before: Outage | None, phase: Phase, facts: dict[str, Any]) -> Outage:
        return Outage(
            provider=self._params.provider,
            # The same for every attempt of this action, and another for its next outage, if it should see two.
            id=key(f"outage of {self._ctx.action_id}/{before.id if before else ''}/{phase}"),
            phase=phase,
            owner=self._ctx.action_id,
            began_at=self._now,
            looked_at=self._now,
            hold_until=self._hold_until(),
            facts=facts,
            version=before.version if before else 0,
        )

    def _is_still_told(self, record: Outage | None) -> bool:
        """Whether another action is about to announce the end of the outage before."""
        if record is None or record.phase is not Phase.OVER or record.owner == self._ctx.action_id:
            return False
        fresh = self._now - record.looked_at < max(_PATIENCE, self._most)
        return fresh and bool(record.due(self._now, self._params.update_every, list(Audience)))

    def _hold_until(self) -> datetime:
        return self._now + max(_HOLD, 10 * self._params.poll)

    @property
    def _internal(self) -> bool:
        return self._params.provider in INTERNAL

    @property
    def _gives_up(self) -> bool:
        return self._now - self._memory.began >= self._params.give_up_after


_LEFT = "If users were told of its beginning, nobody will tell them of its end: do that, and redrive, once it is over"
