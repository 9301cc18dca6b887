"""Owns the judgement of the uploads behind a case's or an account's spending; the one rule: what was not seen clears nobody.

Runbook C2. S3 tells what was stored, LEH's audit log by whom, CloudTrail and S3's access logs from where and with what, WAF what was
refused before. A source that cannot be read is missing, and said. Only uploads that were seen whole can be legitimate: a verdict of
that kind lets the work go on by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

import anyio.to_thread
from pydantic import Field

from leh_guardian.context import ActionContext
from leh_guardian.errors import HandlerError, Refused
from leh_guardian.evidence.names import is_id, named_by_key
from leh_guardian.evidence.sightings import blocked, matched
from leh_guardian.evidence.uploads import Requests, records
from leh_guardian.fields import Duration
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.activity import Activity
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import shown
from leh_guardian.ports import ObjectVersion
from leh_guardian.registry import Effect, Params, handler
from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.trails.look import ACCESS_LOGS, CLOUDTRAIL, NAMES, WAF, Trails, Wanted, idle, look, screen
from leh_guardian.uploads import Judgement, Verdict, judge
from leh_guardian.uploads import wording as say

_MOST_VERSIONS: Final = 200_000
_MOST_LINES: Final = 50_000
_MOST_SHOWN: Final = 20
_LISTING: Final = 60.0
"""Seconds for listing S3."""
_MOST_RULES: Final = 5
_S3, _LOG = "s3", "audit_log"


class UploadAnalysisParams(Params):
    """Whose uploads, and how far back."""

    scope: Literal["case", "user"] = "case"
    """Whether they are a case's or an account's."""
    key: str = Field(min_length=1, max_length=200)
    """The id of the case or the account."""
    window: Duration = Field(timedelta(hours=24), ge=timedelta(hours=1), le=timedelta(days=7))
    """The length of the burst, up to the newest record; the signals' weights are tuned on a day."""
    history: Duration = Field(timedelta(days=14), ge=timedelta(days=1), le=timedelta(days=60))
    """How far back it is compared with what was before."""


@dataclass
class _Seen:
    """What the sources gave."""

    versions: Sequence[ObjectVersion] = ()
    activity: Activity = field(default_factory=lambda: Activity(()))
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, HandlerError] = field(default_factory=dict)
    trails: Trails = field(default_factory=Trails)
    requests: Requests = field(default_factory=Requests)

    @property
    def whole(self) -> bool:
        """Whether all that was stored is known."""
        return bool(self.sources.get(_S3, {}).get("whole"))


@handler(
    effect=Effect.READS,
    changes=False,
    permissions=("s3:ListBucketVersions", "s3:ListBucket", "s3:GetObject", "logs:FilterLogEvents"),
    timeout="5m",
)
async def upload_analysis(ctx: ActionContext, params: UploadAnalysisParams) -> Outcome:
    """Judge the uploads of a case or an account: attack, suspicious or legitimate, with each signal's number and what is not known."""
    if not is_id(params.key):
        return Failed(f"{shown(params.key, 100)!r} is no id of a {params.scope}")
    seen = await _case(ctx, params) if params.scope == "case" else await _account(ctx, params)
    if not seen.sources:
        raise next(
            iter(seen.failed.values()),
            Refused("nobody said where uploads are: set LEH_EVIDENCE__BUCKET and LEH_PRODUCT_DATABASE_URL"),
        )
    now, only = ctx.clock.now(), params.key if params.scope == "user" else None
    await _requested(ctx, params, seen)
    found = records(seen.versions, seen.activity, only, seen.requests)
    signals = ctx.can.upload_signals.table() if ctx.can.upload_signals else built_in_upload_signals()
    # Seconds of CPU for a large burst, in which alerts must be taken in.
    judgement = await anyio.to_thread.run_sync(
        partial(judge, found, signals, now, params.window), abandon_on_cancel=True
    )
    verdict, facts, brief = _facts(params, seen, judgement)
    of = say.of_case(params.key) if params.scope == "case" else say.of_account(params.key)
    return Done(ctx.said(say.judged(of, verdict)), facts | ctx.briefly(brief))


async def _case(ctx: ActionContext, params: UploadAnalysisParams) -> _Seen:
    seen = _Seen()
    await _stored(ctx, params, seen, [params.key])
    evidence = {named[1] for each in seen.versions if (named := named_by_key(each.key))}
    since = ctx.clock.now() - params.history - params.window
    if activities := ctx.can.activities:
        await _told(seen, lambda: activities.around({params.key, *evidence}, since, _MOST_LINES))
    return seen


async def _account(ctx: ActionContext, params: UploadAnalysisParams) -> _Seen:
    seen = _Seen()
    since = ctx.clock.now() - params.history - params.window
    if activities := ctx.can.activities:
        await _told(seen, lambda: activities.of(params.key, since, _MOST_LINES))
    if cases := [case for case in seen.activity.cases if is_id(case)]:
        await _stored(ctx, params, seen, cases)
    return seen


async def _stored(ctx: ActionContext, params: UploadAnalysisParams, seen: _Seen, cases: Collection[str]) -> None:
    objects, bucket = ctx.can.objects, ctx.can.evidence_bucket
    if objects is None or bucket is None:
        return
    since, found, looked_at = ctx.clock.now() - params.history - params.window, list[ObjectVersion](), 0
    whole = overwritten = True
    ends = anyio.current_time() + _LISTING
    try:
        for case in cases:
            left, seconds = _MOST_VERSIONS - looked_at, ends - anyio.current_time()
            if left <= 0 or seconds <= 0:
                whole = False
                break
            listed = await objects.versions(bucket, f"cases/{case}/raw/", since, left, seconds)
            found += listed.versions
            looked_at += listed.looked_at
            whole, overwritten = whole and listed.whole, overwritten and listed.overwritten
    except HandlerError as error:
        seen.failed[_S3] = error
        return
    seen.versions = found
    seen.sources[_S3] = {"versions": len(found), "whole": whole, "overwritten": overwritten}


async def _told(seen: _Seen, ask: Callable[[], Any]) -> None:
    try:
        seen.activity = await ask()
    except HandlerError as error:
        seen.failed[_LOG] = error
        return
    told = seen.activity
    seen.sources[_LOG] = {"lines": len(told.lines), "whole": told.whole, "accounts": len(told.created)}


async def _requested(ctx: ActionContext, params: UploadAnalysisParams, seen: _Seen) -> None:
    """Look up who stored what from where, as far as logs of requests are named."""
    now, bucket, sources = ctx.clock.now(), ctx.can.evidence_bucket, ctx.can.trails
    cases = {named[0] for each in seen.versions if (named := named_by_key(each.key))}
    cases |= {params.key} if params.scope == "case" else set()
    if bucket is None or sources is None or _S3 not in seen.sources:
        seen.trails = Trails(idle=idle(sources, "what was stored is unknown"))
        return
    wanted = Wanted(bucket, sorted(cases), now - params.history - params.window, params.window, now)
    seen.trails = trails = await look(sources, wanted)
    newest = max((told.newest for told in trails.stored.values() if told.newest is not None), default=None)
    overwritten = bool(seen.sources[_S3]["overwritten"])

    def pair() -> Requests:
        begins = now - params.window
        return Requests(matched(seen.versions, trails.sightings, begins, newest, overwritten=overwritten))

    first = await anyio.to_thread.run_sync(pair, abandon_on_cancel=True)
    await screen(trails, sources, wanted, first.ips)
    screened = trails.screened.found if trails.screened else []
    asns = {one.ip: one.asn for one in screened if one.asn}
    seen.requests = Requests(first.matched, asns, blocked(screened, cases, first.ips))
    for name, told in trails.told().items():
        if told.read:
            seen.sources[name] = told.facts()
    for name in {CLOUDTRAIL, ACCESS_LOGS} & seen.sources.keys():
        seen.sources[name]["uploads"] = first.matched.facts()
    if WAF in seen.sources:
        actions = Counter(one.action for one in screened)
        rules = Counter(shown(one.rule, 60) for one in screened if one.rule and one.action != "ALLOW")
        seen.sources[WAF] |= {
            "actions": dict(sorted(actions.items())),
            "refused": len(seen.requests.blocked),
            "rules": dict(rules.most_common(_MOST_RULES)),
        }


def _facts(params: UploadAnalysisParams, seen: _Seen, judgement: Judgement) -> tuple[Verdict, dict[str, Any], Text]:
    told = judgement.to_json()
    made = [each for one in judgement.judged for each in one.subject.uploads if each.action == "upload"]
    # What was refused was tried, and is judged; it is no work that anything was spent on.
    uploads = sum(not each.failed for each in made)
    held = _held(judgement.verdict, seen, uploads)
    verdict = Verdict.SUSPICIOUS if held else judgement.verdict
    worst = told["subjects"][0] if told["subjects"] else {}
    missing = [*sorted({_S3, _LOG} - set(seen.sources)), *(name for name in NAMES if name not in seen.sources)]
    failed = {name: str(error) for name, error in seen.failed.items()}
    facts = {
        params.scope: params.key,
        "verdict": verdict.value,
        "held": held.en,
        "score": round(judgement.score, 3),
        "user": worst.get("user_id"),
        "uploads": uploads,
        "subjects": told["subjects"][:_MOST_SHOWN],
        "subjects_total": told["subjects_total"],
        "signals": told["signals"],
        "counter_evidence": told["counter_evidence"],
        "families": told["families"],
        "measured": told["baseline"],
        "networks": told["networks"],
        "examples": told["examples"],
        "unmeasured": told["missing"],
        "window": told["window"],
        "coverage": told["coverage"],
        "rules": told["rules"],
        "sources": seen.sources,
        "missing": missing,
        "unread": {name: shown(why, 300) for name, why in (failed | seen.trails.unread()).items()},
    }
    return verdict, facts, _brief(verdict, judgement, uploads, worst.get("user_id"), seen, held)


def _held(verdict: Verdict, seen: _Seen, uploads: int) -> Text:
    """Return why what speaks against nobody may not go on by itself all the same; nothing where it may."""
    if verdict is not Verdict.LEGITIMATE:
        return NOTHING
    if _S3 not in seen.sources:
        return say.UNKNOWN_STORED
    if not seen.whole:
        return say.NOT_WHOLE
    return NOTHING if uploads else say.UNEXPLAINED


def _brief(verdict: Verdict, judgement: Judgement, uploads: int, user: str | None, seen: _Seen, held: Text) -> Text:
    worst = judgement.worst
    against = [one for one in worst.weighed.fired if one.signal.weight > 0] if worst else []
    strongest = sorted(against, key=lambda one: -one.signal.weight)[:3]
    signals = [f"{one.signal.id} {one.value:.4g}" for one in strongest]
    # Of logs that nobody named nothing is said in a message: they are under `missing`.
    gone = [name for name in (_S3, _LOG) if name not in seen.sources]
    gone += [name for name, told in seen.trails.told().items() if not told.read]
    known = seen.requests.matched
    untold = known.untold if seen.trails.stored and not known.enough else 0
    whose = shown(user, 40) if user else ""
    return say.briefly(uploads, verdict, judgement.score, whose, signals, gone, held, untold)
