"""Evidence that waits for the fix of a code bug: who may tell of the deployment, and when it counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.functions import LambdaFunctions
from leh_guardian.context import ActionContext
from leh_guardian.errors import Unavailable
from leh_guardian.handlers.note_deployment import NoteDeploymentParams, note_deployment
from leh_guardian.handlers.reprocess_evidence import ReprocessEvidenceParams, reprocess_evidence
from leh_guardian.model.deployment import Deployment
from leh_guardian.model.outcome import Done, Escalate, Failed, Outcome, Wait
from leh_guardian.ports import QueueInfo
from leh_guardian.store.pool import Pool
from tests.support.attempt import again
from tests.support.faults import refuse
from tests.support.reprocessing import Leh, leh
from tests.support.sqs_server import SqsServer
from tests.support.worker_outside import FUNCTION, WorkerOutside

WORKER = "leh-ai-worker"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerOutside]:
    """Lambda, with the worker and an alias of it, both deployed long ago."""
    with WorkerOutside() as opened:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", opened.url)
        opened.deploy(WORKER)
        opened.deploy(WORKER, alias="live", version="7")
        yield opened


@pytest.fixture
async def service(pool: Pool, aws: Aws, outside: WorkerOutside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Leh]:
    """The service, two letters of a code bug in its DLQ."""
    with SqsServer() as sqs:
        sqs.tune(longest_wait=0.01)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", sqs.url)
        async with leh(pool, aws, sqs) as made:
            made.can = replace(made.can, functions=LambdaFunctions(aws, await aws.client("lambda")))
            made.bury("ev_a", "ev_b")
            yield made


def params(service: Leh, function: str = WORKER) -> ReprocessEvidenceParams:
    """Everything in the DLQ, after a deployment."""
    return ReprocessEvidenceParams.model_validate({"source": service.dlq, "after_deployment_of": function})


async def begin(service: Leh, function: str = WORKER) -> ActionContext:
    """Run until it waits: the letters are in quarantine, nothing is asked for."""
    ctx = service.attempt()
    outcome = await reprocess_evidence(ctx, params(service, function))
    assert isinstance(outcome, Wait)
    assert "waits for a deployment" in outcome.reason
    assert service.left(service.dlq) == 0
    assert not service.effects
    service.travel(60)
    return again(ctx)


async def told(service: Leh, *, by_person: bool = True, alias: str | None = None, what: str = "told") -> None:
    """Tell of a deployment."""
    assert service.can.deployments is not None
    await service.can.deployments.note(Deployment(WORKER, service.clock.now(), what, "kim", alias, by_person=by_person))


async def go_on(service: Leh, ctx: ActionContext, function: str = WORKER) -> Outcome:
    """One more look."""
    return await reprocess_evidence(ctx, params(service, function))


async def test_another_code_than_at_the_beginning_is_a_deployment(service: Leh, outside: WorkerOutside) -> None:
    """It is seen without any event; what was collected is asked for and finishes."""
    ctx = await begin(service)
    assert isinstance(await go_on(service, ctx), Wait)
    outside.deploy(WORKER, CodeSha256="sha of the fix")
    outcome = await service.to_the_end(again(ctx), params(service))
    assert isinstance(outcome, Done)
    assert "another than at the beginning" in outcome.facts["deployment"]
    assert service.effects == {"ev_a": 1, "ev_b": 1}


async def test_a_deployment_that_is_not_in_effect_yet_is_waited_for(service: Leh, outside: WorkerOutside) -> None:
    """Lambda takes a while: until then the old code would run."""
    ctx = await begin(service)
    outside.deploy(WORKER, CodeSha256="sha of the fix", LastUpdateStatus="InProgress", LastUpdateStatusReason="busy")
    waiting = await go_on(service, ctx)
    assert isinstance(waiting, Wait)
    assert "not in effect yet: its update is InProgress" in waiting.reason
    assert not service.effects
    outside.deploy(WORKER, CodeSha256="sha of the fix")
    assert isinstance(await service.to_the_end(again(ctx), params(service)), Done)


async def test_an_operators_word_is_enough(service: Leh) -> None:
    """He may have put right something else than the code: the canary is the proof."""
    ctx = await begin(service)
    await told(service)
    outcome = await service.to_the_end(ctx, params(service))
    assert isinstance(outcome, Done)
    assert "kim said so" in outcome.facts["deployment"]


async def test_a_word_about_what_is_not_in_effect_waits(service: Leh, outside: WorkerOutside) -> None:
    """He was quicker than Lambda."""
    ctx = await begin(service)
    await told(service)
    outside.deploy(WORKER, LastUpdateStatus="InProgress")
    assert isinstance(await go_on(service, ctx), Wait)
    assert not service.effects


async def test_what_was_deployed_before_the_incident_is_no_fix(service: Leh) -> None:
    """Yesterday's deployment is what broke it."""
    await told(service)
    service.travel(60)
    ctx = await begin(service)
    assert isinstance(await go_on(service, ctx), Wait)


async def test_an_alias_is_moved_by_its_own_event_alone(service: Leh, outside: WorkerOutside) -> None:
    """Where an alias is invoked, new code behind `$LATEST` changes nothing; the alias's own move does."""
    function = f"{WORKER}:live"
    ctx = await begin(service, function)
    outside.deploy(WORKER, CodeSha256="sha of the fix")
    await told(service, by_person=False, what="UpdateFunctionCode20150331v2")
    assert isinstance(await go_on(service, ctx, function), Wait)
    service.travel(60)
    outside.deploy(WORKER, alias="live", version="8", CodeSha256="sha of the fix")
    outcome = await service.to_the_end(again(ctx), params(service, function))
    assert isinstance(outcome, Done)
    assert "version 8" in outcome.facts["deployment"]


async def test_where_lambda_cannot_be_asked_events_are_believed(service: Leh, outside: WorkerOutside) -> None:
    """No permission is no reason to wait for ever: the wait says so, and an event ends it."""
    outside.faults.always(FUNCTION, refuse(403, "AccessDeniedException"))
    ctx = service.attempt()
    waiting = await reprocess_evidence(ctx, params(service))
    assert isinstance(waiting, Wait)
    assert "Lambda cannot be asked" in waiting.reason
    service.travel(60)
    event = NoteDeploymentParams(
        function=f"arn:aws:lambda:ap-northeast-2:123456789012:function:{WORKER}",
        at=service.clock.now().isoformat(),
        source="event-1",
        what="UpdateFunctionCode20150331v2",
    )
    for _ in range(2):
        assert isinstance(await note_deployment(service.attempt(), event), Done)
    assert service.can.deployments is not None
    [only] = await service.can.deployments.since(WORKER, service.clock.now() - timedelta(minutes=1))
    assert (only.source, only.alias) == ("event-1", None)
    outcome = await service.to_the_end(again(ctx), params(service))
    assert isinstance(outcome, Done)
    assert "UpdateFunctionCode" in outcome.facts["deployment"]


async def test_what_dies_while_it_waits_is_collected_too(service: Leh, outside: WorkerOutside) -> None:
    """The bug is still there. It is looked for now and then, and at the end; beyond the limit letters stay where they are."""
    ctx = replace(await begin(service), limits={"evidence": 4})
    service.bury("ev_c")
    service.travel(600)
    assert isinstance(await go_on(service, ctx), Wait)
    assert service.left(service.dlq) == 0
    service.bury("ev_d", "ev_e")
    service.travel(60)
    assert isinstance(await go_on(service, again(ctx)), Wait)
    assert service.left(service.dlq) == 2
    outside.deploy(WORKER, CodeSha256="sha of the fix")
    outcome = await service.to_the_end(again(ctx), params(service))
    assert isinstance(outcome, Done)
    assert sum(service.effects.values()) == 4
    assert service.left(service.dlq) == 1


async def test_troubles_hours_apart_are_no_long_trouble(service: Leh, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is away for a moment, twice in a day, is waited for twice; what was well in between counts."""
    ctx = await begin(service)
    for _ in range(2):
        with monkeypatch.context() as away:
            real = service.can.queues.info

            async def gone(queue: str) -> QueueInfo:
                raise Unavailable("SQS is away")

            away.setattr(service.can.queues, "info", gone)
            service.travel(600)
            waiting = await go_on(service, ctx)
            assert isinstance(waiting, Wait)
            assert "SQS is away" in waiting.reason
        assert service.can.queues.info == real
        service.travel(2 * 3600)
        ctx = again(ctx)
        assert isinstance(await go_on(service, ctx), Wait)
        ctx = again(ctx)


async def test_it_does_not_wait_for_ever(service: Leh) -> None:
    """After days people are asked; everything is in quarantine, nothing was asked for."""
    ctx = await begin(service)
    service.travel(3 * 86400)
    outcome = await go_on(service, ctx)
    assert isinstance(outcome, Escalate)
    assert "gave up waiting" in outcome.reason
    assert not service.effects


async def test_a_fix_that_is_none_is_found_out_by_the_canary(service: Leh, outside: WorkerOutside) -> None:
    """One piece fails again; the other is not spent on it."""
    ctx = await begin(service)
    service.worker.script.bug = True
    outside.deploy(WORKER, CodeSha256="sha of no fix")
    outcome = await service.to_the_end(ctx, params(service))
    assert isinstance(outcome, Failed)
    assert sum(service.effects.values()) == 1
    service.worker.script.bug = False


@pytest.mark.parametrize("at", ["yesterday", "2026-11-22T18:00:00", ""])
async def test_an_event_without_an_instant_is_not_noted(service: Leh, at: str) -> None:
    """It fails, with what it said."""
    event = NoteDeploymentParams(function=WORKER, at=at, source="event-2")
    assert isinstance(await note_deployment(service.attempt(), event), Failed)


async def test_a_moved_alias_is_noted_as_one(service: Leh) -> None:
    """The alias of an UpdateAlias, or the one in the name; `$LATEST` is none; the future is not believed."""
    soon = service.clock.now() + timedelta(days=9)
    wanted = [
        ({"function": WORKER, "what": "UpdateAlias20150331", "alias": "live"}, "live"),
        ({"function": f"{WORKER}:live", "what": "UpdateFunctionCode20150331v2"}, "live"),
        ({"function": f"{WORKER}:$LATEST", "what": "PublishVersion20150331", "alias": "x"}, None),
    ]
    assert service.can.deployments is not None
    for number, (given, alias) in enumerate(wanted):
        event = NoteDeploymentParams.model_validate(given | {"at": soon.isoformat(), "source": f"event-{number}"})
        assert isinstance(await note_deployment(service.attempt(dry_run=True), event), Done)
        assert isinstance(await note_deployment(service.attempt(), event), Done)
        noted = await service.can.deployments.since(WORKER, service.clock.now() - timedelta(seconds=1))
        assert {one.source: one.alias for one in noted}[f"event-{number}"] == alias
        assert max(one.at for one in noted) <= service.clock.now()
