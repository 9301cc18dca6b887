"""Owns what goes out in one call; the one rule: no two letters of a FIFO group together, so that each call is taken as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from leh_guardian.model.identity import message_key
from leh_guardian.ports import OutgoingMessage, ReceivedMessage

_PAYLOAD = 200 * 1024
"""Bytes in one call: so far below SQS's limit that the adapter need not split it."""


def rounds(batch: Sequence[ReceivedMessage]) -> list[list[ReceivedMessage]]:
    """Split a batch into what one call can send: within its size, and no two messages of one FIFO group.

    Order within a group then survives a partial failure, and each call is taken or refused as a whole.
    """
    made: list[list[ReceivedMessage]] = []
    weights: list[int] = []
    first: dict[str | None, int] = {}
    for message in batch:
        weight = len(message.body) + sum(len(name) + len(str(value)) for name, value in message.attributes.items())
        turn = first.get(message.group, 0)
        while turn < len(made) and weights[turn] + weight > _PAYLOAD:
            turn += 1
        if message.group is not None:
            first[message.group] = turn + 1
        if turn == len(made):
            made.append([])
            weights.append(0)
        made[turn].append(message)
        weights[turn] += weight
    return made


def outgoing(action: UUID, message: ReceivedMessage, *, fifo: bool) -> OutgoingMessage:
    """Return what is sent of a letter: everything of it that a consumer can see.

    A FIFO message is sent under the deduplication id uuid5(redrive, message id): the original id, repeated within five
    minutes, would be swallowed and the delete would then lose the message.
    """
    return OutgoingMessage(
        id=message.id,
        body=message.body,
        attributes=message.attributes,
        group=message.group,
        deduplication_id=str(message_key(action, message.id)) if fifo else None,
        trace=message.trace,
    )
