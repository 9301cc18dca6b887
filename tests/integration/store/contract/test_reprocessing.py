"""What is remembered of evidence that is processed anew, and of deployments: who may ask, and what a zombie may not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from leh_guardian.model.deployment import Deployment
from leh_guardian.model.reprocessing import BAD, OPEN, Piece, PieceState
from leh_guardian.store import deployments, letters, reprocessing
from leh_guardian.store.transaction import Transaction, transaction
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, letter

ONE, TWO = UUID(int=1), UUID(int=2)
DLQ = "arn:aws:sqs:ap-northeast-2:123456789012:dlq"
HOUR = timedelta(hours=1)


async def begin(
    tx: Transaction, action: UUID, evidence: str = "ev_1", *, minutes: int = 0, canary: bool = False
) -> bool:
    """Say that a piece is about to be asked for, some minutes from now; another's work is believed for a quarter of an hour."""
    now = NOW + timedelta(minutes=minutes)
    since = now - timedelta(minutes=15)
    return await reprocessing.begin(
        tx, action, evidence, before="failed \x00", canary=canary, now=now, busy_since=since
    )


async def move(
    store: Store, leaving: Collection[PieceState], to: PieceState, reason: str = "", action: UUID = ONE
) -> bool:
    """Take a piece from one state to another."""
    moved: bool = await store.do(
        lambda tx: reprocessing.move(tx, action, "ev_1", leaving, to, reason, NOW + timedelta(minutes=1))
    )
    return moved


async def plan(store: Store, action: UUID = ONE, **pieces: str | None) -> None:
    """Plan pieces."""
    await store.do(lambda tx: reprocessing.plan(tx, action, pieces, NOW))


async def pieces(store: Store, action: UUID = ONE) -> list[Piece]:
    """What is written down."""
    found: list[Piece] = await store.do(lambda tx: reprocessing.pieces(tx, action))
    return found


async def test_a_piece_is_planned_once(store: Store) -> None:
    """Planned again it stays as it is, however far it has come; each action has its own."""
    await plan(store, ev_2="case_1", ev_1=None)
    assert await store.do(lambda tx: begin(tx, ONE))
    await plan(store, ev_1="another")
    assert [(piece.evidence, piece.case, piece.state) for piece in await pieces(store)] == [
        ("ev_1", None, PieceState.ASKING),
        ("ev_2", "case_1", PieceState.PLANNED),
    ]
    assert await pieces(store, TWO) == []


async def test_one_attempt_alone_may_ask(store: Store) -> None:
    """Whoever comes second finds it gone; what nobody planned cannot be begun."""
    await plan(store, ev_1=None)
    assert await store.do(lambda tx: begin(tx, ONE, canary=True))
    assert not await store.do(lambda tx: begin(tx, ONE))
    assert not await store.do(lambda tx: begin(tx, ONE, "ev_9"))
    [piece] = await pieces(store)
    assert (piece.canary, piece.tried, piece.asked_at, piece.before) == (True, True, NOW, "failed \\x00")


async def test_what_another_action_has_asked_for_is_at_work(store: Store) -> None:
    """Until it is seen to end, or for as long as it may take."""
    await plan(store, ev_1=None)
    await plan(store, TWO, ev_1=None)
    assert await store.do(lambda tx: begin(tx, TWO))
    assert not await store.do(lambda tx: begin(tx, ONE, minutes=14))
    assert await store.do(lambda tx: begin(tx, ONE, minutes=16))
    await plan(store, UUID(int=3), ev_1=None)
    for action in (ONE, TWO):
        assert await move(store, OPEN, PieceState.FINISHED, action=action)
    assert await store.do(lambda tx: begin(tx, UUID(int=3), minutes=17))


async def test_two_that_want_one_piece_at_the_same_instant_take_turns(store: Store) -> None:
    """The second waits for the first's decision, and sees it."""
    await plan(store, ev_1=None)
    await plan(store, TWO, ev_1=None)
    answers: list[Any] = []

    async def second(tx: Transaction) -> None:
        answers.append(await begin(tx, TWO))

    async with store.waiter() as waiter, transaction(store.pool) as tx:
        assert await begin(tx, ONE)
        await waiter.begin(second)
        assert not answers
    assert answers == [False]


@pytest.mark.parametrize("state", sorted({PieceState.FINISHED} | BAD))
async def test_a_step_names_the_state_that_it_leaves(store: Store, state: PieceState) -> None:
    """A zombie that remembers another state changes nothing; reasons may hold anything."""
    await plan(store, ev_1=None)
    assert not await move(store, OPEN, state)
    assert await store.do(lambda tx: begin(tx, ONE))
    assert await move(store, OPEN, state, "bad\x00\ud83d")
    assert not await move(store, OPEN, PieceState.ASKED)
    [piece] = await pieces(store)
    assert (piece.state, piece.reason) == (state, "bad\\x00\\ud83d")


async def test_what_was_not_taken_is_as_if_never_asked_for(store: Store) -> None:
    """Back at planned it is nobody's canary, and may be begun again."""
    await plan(store, ev_1=None)
    assert await store.do(lambda tx: begin(tx, ONE, canary=True))
    assert await move(store, {PieceState.ASKING}, PieceState.PLANNED)
    [piece] = await pieces(store)
    assert (piece.tried, piece.canary, piece.asked_at) == (False, False, None)
    assert await store.do(lambda tx: begin(tx, ONE))


async def test_its_time_begins_when_it_is_taken(store: Store) -> None:
    """Not when it was first asked for: guardian may have been away in between."""
    await plan(store, ev_1=None)
    await store.do(lambda tx: begin(tx, ONE, minutes=-60))
    assert await move(store, {PieceState.ASKING}, PieceState.ASKED)
    [piece] = await pieces(store)
    assert piece.asked_at == NOW + timedelta(minutes=1)


async def test_letters_all_of_whose_evidence_is_finished(store: Store) -> None:
    """Of this incident, by this action; a letter that names nothing, or something unfinished, is not among them."""
    named = {1: ("ev_1",), 2: ("ev_1", "ev_2"), 3: ()}
    kept = [letter(number, evidence=evidence) for number, evidence in named.items()]
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, kept, NOW))
    await store.do(lambda tx: letters.keep(tx, f"{DLQ}2", TWO, [letter(4)], NOW))
    await plan(store, ev_1=None, ev_2=None)
    assert await store.do(lambda tx: reprocessing.finished_letters(tx, ONE, ONE)) == []
    await store.do(lambda tx: begin(tx, ONE))
    await move(store, OPEN, PieceState.FINISHED)
    found = await store.do(lambda tx: reprocessing.finished_letters(tx, ONE, ONE))
    assert [(row["id"], row["queue"]) for row in found] == [(letters.kept_id(DLQ, "m-1"), DLQ)]
    assert await store.do(lambda tx: reprocessing.finished_letters(tx, TWO, ONE)) == []


async def test_old_pieces_go(store: Store) -> None:
    """A portion at a time, by when they last changed."""
    await plan(store, ev_1=None, ev_2=None, ev_3=None)
    await store.do(lambda tx: begin(tx, ONE, minutes=60))
    assert await store.do(lambda tx: reprocessing.forget(tx, NOW + HOUR, 1)) == 1
    assert await store.do(lambda tx: reprocessing.forget(tx, NOW + HOUR, 9)) == 1
    assert [piece.evidence for piece in await pieces(store)] == ["ev_1"]


async def test_deployments_are_noted_once_and_found_by_time(store: Store) -> None:
    """Those after an instant, oldest first; of one function; the future is not believed."""

    async def note(number: int, hours: int, function: str = "worker") -> bool:
        deployment = Deployment(function, NOW + hours * HOUR, "told", "kim\x00", None, by_person=True)
        new: bool = await store.do(lambda tx: deployments.note(tx, UUID(int=number), deployment, NOW))
        return new

    assert [await note(1, -1), await note(2, -3), await note(3, 5), await note(4, -2, "other")] == [True] * 4
    assert not await note(1, -1)
    found = await store.do(lambda tx: deployments.since(tx, "worker", NOW - 2 * HOUR))
    assert [(one.at, one.source) for one in found] == [(NOW - HOUR, "kim\\x00"), (NOW, "kim\\x00")]
    newest = await store.do(lambda tx: deployments.newest(tx, None, 3))
    assert [one.at for one in newest] == [NOW, NOW - HOUR, NOW - 2 * HOUR]
    assert len(await store.do(lambda tx: deployments.newest(tx, "worker", 9))) == 3
    assert await store.do(lambda tx: deployments.forget(tx, NOW + HOUR, 3)) == 3
    assert await store.do(lambda tx: deployments.forget(tx, NOW + HOUR, 3)) == 1
