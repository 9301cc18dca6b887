"""A fast SQS of canned answers, in a process of its own: what a benchmark of the client side needs, and no more.

The one rule: it must never be the bottleneck. Receives are pre-rendered; deletes are counted, not parsed. Until POST /go it
says that the queue is empty, so that start-up costs can be told from the work.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import uuid
from typing import Any

import uvloop

from tests.support.builders import alarm_event

_EMPTY = b"{}"
_DELETED = b'{"Successful":[],"Failed":[]}'
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


class State:
    """What is left to give out, and what was seen."""

    def __init__(self, kind: str, count: int) -> None:
        self.answers = [_receive_answer(kind, start) for start in range(0, count, 10)]
        self.answers.reverse()
        self.go = False
        self.polled: float | None = None
        self.first: float | None = None
        self.last: float | None = None
        self.deleted = 0

    def stats(self) -> bytes:
        """What was seen, as JSON."""
        seen = {"polled": self.polled, "first": self.first, "last": self.last, "deleted": self.deleted}
        return json.dumps(seen).encode()


def _receive_answer(kind: str, start: int) -> bytes:
    name = {"unmatched": lambda _: "unknown", "storm": lambda _: "storm-1", "distinct": lambda n: f"storm-{n}"}[kind]
    messages = [
        {
            "MessageId": str(uuid.uuid4()),
            "ReceiptHandle": "AQEB" + uuid.uuid4().hex * 12,
            "MD5OfBody": "0" * 32,
            "Body": json.dumps(alarm_event(name(number), queue="some-queue-name")),
            "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        }
        for number in range(start, start + 10)
    ]
    return json.dumps({"Messages": messages}).encode()


class Connection(asyncio.Protocol):
    """One kept-open HTTP/1.1 connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""

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
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        state = self._state
        if b"amazonsqs.receivemessage" in head:
            state.polled = state.polled or time.monotonic()
            if state.go and state.answers:
                state.first = state.first or time.monotonic()
                self._send(state.answers.pop())
            else:
                asyncio.get_running_loop().call_later(0.1, self._send, _EMPTY)
        elif b"amazonsqs.deletemessagebatch" in head:
            state.deleted += body.count(b'"ReceiptHandle"')
            state.last = time.monotonic()
            self._send(_DELETED)
        elif b"amazonsqs.getqueueurl" in head:
            host, port = self._transport.get_extra_info("sockname")[:2]
            self._send(json.dumps({"QueueUrl": f"http://{host}:{port}/123456789012/alerts"}).encode())
        elif b"amazonsqs.getqueueattributes" in head:
            self._send(_ATTRIBUTES)
        else:
            state.go = state.go or head.startswith(b"post /go")
            self._send(state.stats())

    def _send(self, body: bytes) -> None:
        if not self._transport.is_closing():
            length = str(len(body)).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: "
                + length
                + b"\r\n\r\n"
                + body
            )


async def _serve(kind: str, count: int) -> None:
    state = State(kind, count)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(state), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=["unmatched", "storm", "distinct"], required=True)
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    uvloop.run(_serve(given.kind, given.count))


if __name__ == "__main__":
    main()
