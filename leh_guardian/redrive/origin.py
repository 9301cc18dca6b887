"""Owns where parked work goes back to; the one rule: only to the queue or the function that the rule names, whatever an item says.

Workers write the table, and an item's `origin` is text: it is compared with what the rule names, and never followed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from leh_guardian.errors import Refused
from leh_guardian.model.identity import key
from leh_guardian.ports import Functions, OutgoingMessage, QueueInfo, Queues
from leh_guardian.ports.parked import ParkedWork
from leh_guardian.redrive.goal import same_function

_ID = "0"


@dataclass(frozen=True, slots=True)
class Origins:
    """What work may go back to."""

    queues: Queues
    functions: Functions | None
    queue: QueueInfo | None
    function: str | None

    async def send(self, work: ParkedWork) -> None:
        """Send a piece of work back, as it came.

        Raises:
            Refused: it may not go there, or is not taken; it stays where it is.
        """
        kind, _, there = work.origin.partition(":")
        if kind == "sqs" and self.queue is not None and _same_queue(there, self.queue):
            await self._to_queue(work, self.queue)
        elif kind == "lambda" and self.function is not None and same_function(self.function, there):
            if self.functions is None:
                raise Refused("nothing here knows Lambda")
            await self.functions.invoke(self.function, work.body.encode("utf-8", "surrogatepass"))
        else:
            raise Refused("of another origin than the rule names")

    async def _to_queue(self, work: ParkedWork, queue: QueueInfo) -> None:
        if queue.fifo and work.group is None:
            raise Refused(f"{queue.name} is a FIFO queue, and it has no group")
        message = OutgoingMessage(
            id=_ID,
            body=work.body.encode("utf-8", "surrogatepass"),
            attributes=_attributes(work.attributes),
            group=work.group,
            # The same for the same copy, whoever sends it and however often.
            deduplication_id=str(key(f"{work.mark.case}/{work.mark.item}/{work.mark.copy}")) if queue.fifo else None,
        )
        refused = await self.queues.send(queue, [message])
        if refused:
            raise Refused(f"{queue.name} does not take it: {refused[_ID]}")


def _same_queue(url: str, queue: QueueInfo) -> bool:
    """Tell whether a URL is that of a queue, by account and name: hosts differ between SDKs, regions and endpoints."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    return path.strip("/").split("/")[-2:] == queue.arn.split(":")[-2:]


def _attributes(text: str) -> Mapping[str, Any]:
    """Read a message's attributes as the gate writes them: {name: {DataType, StringValue, or BinaryValue in base64}}."""
    try:
        told = orjson.loads(text) if text else {}
        return {name: _attribute(value) for name, value in told.items()}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, binascii.Error) as error:
        raise Refused("its attributes cannot be read") from error


def _attribute(value: Mapping[str, str]) -> dict[str, Any]:
    if "BinaryValue" in value:
        return {"DataType": value["DataType"], "BinaryValue": base64.b64decode(value["BinaryValue"], validate=True)}
    return {"DataType": value["DataType"], "StringValue": value["StringValue"]}
