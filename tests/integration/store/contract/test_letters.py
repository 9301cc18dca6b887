"""What is remembered of dead letters: which went back, which are kept, and what was decided about those."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from leh_guardian.ports import RETENTION, LetterHistory, MovedLetter, SentLetter
from leh_guardian.store import letters
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, letter

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
INCIDENT = UUID(int=4)
PRINT, OTHER = UUID(int=11), UUID(int=12)
DLQ = "arn:aws:sqs:ap-northeast-2:123456789012:dlq"


async def history(store: Store, action: UUID, message_id: str, fingerprint: UUID = PRINT, queue: str = DLQ) -> Any:
    """What is known of one letter."""
    found = await store.do(lambda tx: letters.history(tx, queue, action, {message_id: fingerprint}))
    assert list(found) == [message_id]
    return found[message_id]


async def send(store: Store, action: UUID, message_id: str, fingerprint: UUID = PRINT) -> None:
    """Send a letter back."""
    given = {message_id: SentLetter(fingerprint)}
    await store.do(lambda tx: letters.sent(tx, DLQ, action, INCIDENT, given, NOW, NOW + timedelta(hours=1)))


async def test_a_letter_nobody_has_seen(store: Store) -> None:
    """Of it nothing is known; of no letters neither."""
    assert await history(store, ONE, "m1") == LetterHistory()
    assert await store.do(lambda tx: letters.history(tx, DLQ, ONE, {})) == {}


async def test_the_way_of_a_letter_that_dies_again(store: Store) -> None:
    """The same message was sent; the same letter as another message has returned; to another redrive it is one time more."""
    await send(store, ONE, "m1")
    await send(store, ONE, "m1")
    assert await history(store, ONE, "m1") == LetterHistory(sent=True, own_at=NOW)
    assert await history(store, ONE, "m2") == LetterHistory(own_at=NOW)
    assert await history(store, TWO, "m2") == LetterHistory(redrives=1)
    await send(store, TWO, "m2")
    assert await history(store, THREE, "m3") == LetterHistory(redrives=2)
    assert await history(store, THREE, "m3", OTHER) == LetterHistory()
    assert await history(store, THREE, "m3", queue="another") == LetterHistory()


async def test_a_message_belongs_to_whoever_sent_it_first(store: Store) -> None:
    """A second redrive that finds it deletes it, and does not make it its own."""
    await send(store, ONE, "m1")
    await send(store, TWO, "m1")
    assert await history(store, TWO, "m9") == LetterHistory(redrives=1)


async def test_what_went_is_told_by_incident_and_by_action(store: Store) -> None:
    """The newest first, with whose they are; without those that are in quarantine by now, until they are released."""
    hour = timedelta(hours=1)

    async def send_at(action: UUID, incident: UUID, number: int, **more: Any) -> None:
        given = {f"m-{number}": SentLetter(UUID(int=100 + number), **more)}
        at = NOW + number * hour
        await store.do(lambda tx: letters.sent(tx, DLQ, action, incident, given, at, at + hour))

    async def moved(**asked: Any) -> list[MovedLetter]:
        return await store.do(lambda tx: letters.moved(tx, DLQ, INCIDENT, **asked))

    await send_at(ONE, INCIDENT, 1, evidence=("ev_1", 'ev_"2"'), cases=("case_1",))
    await send_at(TWO, INCIDENT, 2)
    await send_at(ONE, UUID(int=5), 3)
    first = MovedLetter("m-1", UUID(int=101), NOW + hour, NOW + 2 * hour, ["ev_1", 'ev_"2"'], ["case_1"])
    second = MovedLetter("m-2", UUID(int=102), NOW + 2 * hour, NOW + 3 * hour, [], [])
    assert await moved() == [second, first]
    assert await moved(most=1) == [second]
    assert await moved(action=ONE) == [first]
    await store.do(lambda tx: letters.keep(tx, DLQ, INCIDENT, [letter(1)], NOW))
    assert await moved() == [second]
    await store.do(lambda tx: letters.settle(tx, letters.kept_id(DLQ, "m-1"), "released", "kim", NOW))
    assert await moved() == [second, first]


async def test_a_letter_is_kept_once_and_whole(store: Store) -> None:
    """Kept twice is kept once; what sending it later needs is there, binary attributes and NULs in errors included."""
    attributes = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff", "BinaryListValues": []}}
    one = letter(error="Key\x00Error", reason="\ud83d")
    message = one.message.__class__("m-1", "r", b"\x00\xff", 2, attributes, "group", "trace", NOW.timestamp())
    one = letter(message=message, error="Key\x00Error", reason="\ud83d")
    for _ in range(2):
        await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [one, letter(2)], NOW))
    assert (await history(store, ONE, "m-1")).kept
    rows = await store.do(letters.kept)
    assert sorted((row["message_id"], row["bytes"], row["error"]) for row in rows) == [
        ("m-1", 2, "Key\\x00Error"),
        ("m-2", len(letter(2).message.body), "KeyError"),
    ]
    taken = await store.do(lambda tx: letters.take(tx, letters.kept_id(DLQ, "m-1")))
    assert taken["attributes"] == {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    assert (taken["body"], taken["message_group"], taken["trace"], taken["sent_at"]) == (
        b"\x00\xff",
        "group",
        "trace",
        NOW,
    )


async def test_letters_are_listed_by_queue_and_by_incident(store: Store) -> None:
    """Oldest first, and no more than asked for."""
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [letter(1)], NOW + timedelta(minutes=1)))
    await store.do(lambda tx: letters.keep(tx, DLQ, None, [letter(2)], NOW))
    await store.do(lambda tx: letters.keep(tx, f"{DLQ}2", ONE, [letter(3)], NOW + timedelta(minutes=2)))

    async def listed(**asked: Any) -> list[str]:
        return [row["message_id"] for row in await store.do(lambda tx: letters.kept(tx, **asked))]

    assert await listed() == ["m-2", "m-1", "m-3"]
    assert await listed(most=1) == ["m-2"]
    assert await listed(queue="dlq") == ["m-2", "m-1"]
    assert await listed(incident=ONE) == ["m-1", "m-3"]
    assert await listed(queue="dlq2", incident=ONE) == ["m-3"]


async def test_a_letter_is_released_once(store: Store) -> None:
    """Whoever has it in hand keeps the others waiting; once settled it is nobody's any more."""
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [letter()], NOW))
    letter_id = letters.kept_id(DLQ, "m-1")
    await store.do(lambda tx: letters.settle(tx, letter_id, "released", "kim", NOW))
    assert await store.do(lambda tx: letters.take(tx, letter_id)) is None
    assert await store.do(letters.kept) == []
    assert not (await history(store, ONE, "m-1")).kept
    assert await store.do(lambda tx: letters.take(tx, UUID(int=9))) is None


async def test_letters_that_only_rest_are_released_by_whoever_sends_them(store: Store) -> None:
    """Those alone that are kept for their age, the oldest first, in the order in which they were kept; each of them whole."""
    for number, minutes in ((3, 2), (1, 1), (2, 1)):
        message = replace(
            letter(number).message, sent_at=(NOW + timedelta(minutes=minutes)).timestamp(), source_arn=DLQ
        )
        kept = letter(number, message=message, reason=f"{RETENTION}: soon")
        await store.do(lambda tx, k=kept: letters.keep(tx, DLQ, ONE, [k], NOW))
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [letter(4)], NOW))
    await store.do(lambda tx: letters.keep(tx, f"{DLQ}2", ONE, [letter(5, reason=RETENTION)], NOW))

    async def resting(**asked: Any) -> list[Any]:
        return await store.do(lambda tx: letters.resting(tx, DLQ, **asked))

    assert [each.message.id for each in await resting()] == ["m-1", "m-2", "m-3"]
    assert [each.message.id for each in await resting(without=["m-1"], most=1)] == ["m-2"]
    [first] = await resting(most=1)
    assert first == letter(
        1, message=replace(first.message), reason=f"{RETENTION}: soon", evidence=["ev_1"], cases=["case_1"]
    )
    assert (first.message.body, first.message.source_arn) == (letter(1).message.body, DLQ)
    assert await store.do(lambda tx: letters.count_resting(tx, DLQ)) == 3
    for _ in range(2):
        await store.do(lambda tx: letters.release(tx, DLQ, ["m-1", "m-3", "m-9"], "action 1", NOW))
    assert [each.message.id for each in await resting()] == ["m-2"]
    assert await store.do(lambda tx: letters.count_resting(tx, DLQ)) == 1
    assert await store.do(lambda tx: letters.take(tx, letters.kept_id(DLQ, "m-1"))) is None
    assert (await history(store, ONE, "m-2")).kept


async def test_old_memories_go_and_kept_letters_stay(store: Store) -> None:
    """A portion at a time, the oldest first."""
    for number in range(3):
        at = NOW + timedelta(days=number)
        given = {f"m{number}": SentLetter(PRINT)}
        await store.do(lambda tx, g=given, at=at: letters.sent(tx, DLQ, ONE, INCIDENT, g, at, at))
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [letter()], NOW))
    assert await store.do(lambda tx: letters.forget(tx, NOW + timedelta(days=2), 1)) == 1
    assert await store.do(lambda tx: letters.forget(tx, NOW + timedelta(days=2), 9)) == 1
    assert await history(store, TWO, "m9") == LetterHistory(redrives=1)
    assert len(await store.do(letters.kept)) == 1
