"""Owns a fast SQS of canned answers, run in a process of its own; the one rule: it must never be the bottleneck.

Receives are pre-rendered and deletes are counted, not parsed. A poll that finds nothing is held, as SQS holds it. Until
POST /go the queue is empty, so that start-up can be told from the work; then it gives out N messages, each once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import uuid
from typing import Any

import uvloop

from tests.benchmarks.messages import KINDS, body

_EMPTY = b"{}"
_DELETED = [
    json.dumps({"Successful": [{"Id": str(n)} for n in range(size)], "Failed": []}).encode() for size in range(11)
]
_ATTRIBUTES = json.dumps(
    {
        "Attributes": {
            "QueueArn": "arn:aws:sqs:ap-northeast-2:123456789012:alerts",
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            "VisibilityTimeout": "60",
        }
    }
).encode()
_HOLD = 20.0
"""Seconds that a poll waits for messages."""


class State:
    """What is left to give out, who waits for it, and what was seen."""

    def __init__(self, kind: str, count: int) -> None:
        self._answers = [_receive_answer(kind, start, min(count, start + 10)) for start in range(0, count, 10)]
        self._answers.reverse()
        self._held: list[Connection] = []
        self._go = False
        self._polled: float | None = None
        self._first: float | None = None
        self._last: float | None = None
        self._deleted = 0

    def poll(self, poller: Connection) -> None:
        """Answer a ReceiveMessage now, or hold it."""
        self._polled = self._polled or time.monotonic()
        if self._go and self._answers:
            poller.send(self._answers.pop())
            return
        self._held.append(poller)
        asyncio.get_running_loop().call_later(_HOLD, self._let_go, poller)

    def _let_go(self, poller: Connection) -> None:
        if poller in self._held:
            self._held.remove(poller)
            poller.send(_EMPTY)

    def go(self) -> None:
        """Give out messages from now on."""
        self._go = True
        self._first = time.monotonic()
        held, self._held = self._held, []
        for poller in held:
            if poller.open:
                self.poll(poller)

    def delete(self, count: int) -> bytes:
        """Count what is deleted; returns the confirmation."""
        self._deleted += count
        self._last = time.monotonic()
        return _DELETED[count]

    def stats(self) -> bytes:
        """What was seen, as JSON; times are those of the machine's monotonic clock, the same in every process."""
        seen = {"polled": self._polled, "first": self._first, "last": self._last, "deleted": self._deleted}
        return json.dumps(seen).encode()


def _receive_answer(kind: str, start: int, end: int) -> bytes:
    messages = [
        {
            "MessageId": str(uuid.uuid4()),
            "ReceiptHandle": "AQEB" + uuid.uuid4().hex * 12,
            "MD5OfBody": "0" * 32,
            "Body": body(kind, number),
            "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        }
        for number in range(start, end)
    ]
    return json.dumps({"Messages": messages}).encode()


class Connection(asyncio.Protocol):
    """One kept-open HTTP/1.1 connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""

    @property
    def open(self) -> bool:
        """Whether somebody still listens."""
        return not self._transport.is_closing()

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            request, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head, request)

    def _answer(self, head: bytes, request: bytes) -> None:
        if b"amazonsqs.receivemessage" in head:
            self._state.poll(self)
        elif b"amazonsqs.deletemessagebatch" in head:
            self.send(self._state.delete(request.count(b'"ReceiptHandle"')))
        elif b"amazonsqs.getqueueurl" in head:
            host, port = self._transport.get_extra_info("sockname")[:2]
            self.send(json.dumps({"QueueUrl": f"http://{host}:{port}/123456789012/alerts"}).encode())
        elif b"amazonsqs.getqueueattributes" in head:
            self.send(_ATTRIBUTES)
        else:
            if head.startswith(b"post /go"):
                self._state.go()
            self.send(self._state.stats())

    def send(self, answer: bytes) -> None:
        """Answer the request that is waiting."""
        if self.open:
            length = str(len(answer)).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: "
                + length
                + b"\r\n\r\n"
                + answer
            )


async def _serve(kind: str, count: int) -> None:
    state = State(kind, count)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(state), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(_serve(given.kind, given.count))


if __name__ == "__main__":
    main()
