"""What is remembered of dead letters: which went back, which are kept, and what was decided about those."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from leh_guardian.ports import LetterHistory
from leh_guardian.store import letters
from tests.integration.store.contract.conftest import Store
from tests.support.rows import NOW, letter

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)
PRINT, OTHER = UUID(int=11), UUID(int=12)
DLQ = "arn:aws:sqs:ap-northeast-2:123456789012:dlq"


async def history(store: Store, action: UUID, message_id: str, fingerprint: UUID = PRINT, queue: str = DLQ) -> Any:
    """What is known of one letter."""
    found = await store.do(lambda tx: letters.history(tx, queue, action, {message_id: fingerprint}))
    assert list(found) == [message_id]
    return found[message_id]


async def send(store: Store, action: UUID, message_id: str, fingerprint: UUID = PRINT) -> None:
    """Send a letter back."""
    await store.do(lambda tx: letters.sent(tx, DLQ, action, {message_id: fingerprint}, NOW))


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


async def test_old_memories_go_and_kept_letters_stay(store: Store) -> None:
    """A portion at a time, the oldest first."""
    for number in range(3):
        at = NOW + timedelta(days=number)
        await store.do(lambda tx, n=number, at=at: letters.sent(tx, DLQ, ONE, {f"m{n}": PRINT}, at))
    await store.do(lambda tx: letters.keep(tx, DLQ, ONE, [letter()], NOW))
    assert await store.do(lambda tx: letters.forget(tx, NOW + timedelta(days=2), 1)) == 1
    assert await store.do(lambda tx: letters.forget(tx, NOW + timedelta(days=2), 9)) == 1
    assert await history(store, TWO, "m9") == LetterHistory(redrives=1)
    assert len(await store.do(letters.kept)) == 1
