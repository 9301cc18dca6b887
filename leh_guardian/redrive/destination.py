"""Owns where dead letters go back to; the one rule: a queue that is not surely the right one is named by a person."""

from __future__ import annotations

from leh_guardian.errors import Refused
from leh_guardian.ports import QueueInfo, Queues


async def destination_of(queues: Queues, source: QueueInfo, named: str | None) -> QueueInfo:
    """Return the queue that letters of `source` go back to: the `named` one, or the one whose redrive policy points at it.

    Raises:
        Refused: there is none, or several, or it does not fit.
    """
    destination = await queues.info(named or await _only_source(queues, source))
    if destination.arn == source.arn:
        raise Refused(f"{source.name} cannot be redriven into itself")
    if destination.fifo != source.fifo:
        raise Refused(f"{source.name} and {destination.name} are not of the same type (one is FIFO)")
    return destination


async def _only_source(queues: Queues, queue: QueueInfo) -> str:
    sources = sorted(await queues.dead_letter_sources(queue))
    if not sources:
        raise Refused(f"no queue's redrive policy points at {queue.name}: it is no DLQ, or name a `destination`")
    if len(sources) > 1:
        raise Refused(f"{queue.name} is the DLQ of {', '.join(sources)}: name one as `destination`")
    return sources[0]
