"""Owns what makes moto's server sound; the one rule: one request at a time touches moto, and a long poll is none.

moto has no locks of its own worth the name, so requests take turns. A long poll would hold everybody up, so its
inner receives are short ones, repeated when something has changed. The overrides below touch moto 5.2's SQS and
EventBridge; `tests/integration/local` fails when a later moto no longer fits them.

A request to this server from within a request (an SNS subscription or API destination whose endpoint asks AWS before
it answers) waits for itself: let such an endpoint answer first.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.utils import unix_time_millis
from moto.events.utils import EventTemplateParser
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sqs.models import Message, Queue, SQSBackend
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

# How late a poll notices what no request announces: a message that becomes visible, a client that has gone.
_LOOK_SECONDS = 0.05
_EVENT_KEYS = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
_NO_CONTENT = (204, 304)


@dataclass(frozen=True)
class _EmptyPoll:
    """A receive that found nothing and was asked to wait."""

    backend: SQSBackend
    queue: str
    seconds: float

    def worth_a_try(self) -> bool:
        """Whether a receive would deliver; true also when the queue is gone, which the receive then says."""
        queue = self.backend.queues.get(self.queue)
        if queue is None:
            return True
        held = queue.pending_message_groups if queue.fifo_queue else set()
        return any(message in queue.pending_messages or message.group_id not in held for message in queue.messages)


class _Request(threading.local):
    """What the overrides of moto need to know about the request of this thread."""

    connection: socket.socket | None = None
    empty_poll: _EmptyPoll | None = None

    def begin(self, connection: socket.socket) -> None:
        self.connection, self.empty_poll = connection, None

    def client_gone(self) -> bool:
        """Whether the client hung up: what it would receive now is lost until the visibility timeout."""
        if self.connection is None:
            return False
        try:
            return self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


_request = _Request()


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Turns:
    """Lets requests into moto one by one."""

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Condition()

    def answer(self, environ: dict[str, Any], body: bytes, connection: socket.socket) -> _Answer:
        is_receive = b"Action=ReceiveMessage" in body or environ.get("HTTP_X_AMZ_TARGET") == "AmazonSQS.ReceiveMessage"
        deadline: float | None = None
        with self._turn:
            while True:
                _request.begin(connection)
                answer = self._run(environ, body)
                # Not for a send whose event source mapping received nothing: that would send twice.
                poll = _request.empty_poll if is_receive else None
                if poll is None:
                    self._turn.notify_all()
                    return answer
                deadline = deadline or time.monotonic() + poll.seconds
                if not self._wait(poll, deadline):
                    return answer

    def _wait(self, poll: _EmptyPoll, deadline: float) -> bool:
        """Let others have their turn until a receive is worth a try; false when the poll is over."""
        while (left := deadline - time.monotonic()) > 0:
            self._turn.wait(min(left, _LOOK_SECONDS))
            if _request.client_gone():
                return False
            if poll.worth_a_try():
                return True
        return False

    def _run(self, environ: dict[str, Any], body: bytes) -> _Answer:
        try:
            # A fresh copy each time: Flask leaves its own things in it, and the body is read to its end.
            request = {**environ, "wsgi.input": io.BytesIO(body)}
            chunks, status, headers = run_wsgi_app(self._application, request, buffered=True)
            return _Answer(int(status.split()[0]), list(headers.items()), b"".join(chunks))
        except Exception as error:  # moto raises what it does not know how to answer
            traceback.print_exc(file=sys.stderr)
            missing = isinstance(error, NotImplementedError)
            told = {"__type": "NotImplemented" if missing else "InternalFailure", "message": f"moto: {error!r}"}
            # 501 because SDKs repeat a 500 several times, and what moto lacks it lacks the third time too.
            told_as = [("Content-Type", "application/x-amz-json-1.0")]
            return _Answer(501 if missing else 500, told_as, json.dumps(told).encode())


class _Handler(MotoRequestHandler):
    """HTTP/1.1 with connections kept open, which werkzeug's own handler closes (and delays by 10 ms) each time."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    turns: _Turns

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        if environ.pop("wsgi.input_terminated", False):
            environ.pop("HTTP_TRANSFER_ENCODING")
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["CONTENT_LENGTH"] = str(len(body))
        answer = self.turns.answer(environ, body, self.connection)
        self.send_response(answer.status)
        ours = {"connection", "transfer-encoding", "date", "server"}
        headers = {name.lower(): (name, value) for name, value in answer.headers if name.lower() not in ours}
        if self.command != "HEAD" and answer.status not in _NO_CONTENT:
            headers["content-length"] = ("Content-Length", str(len(answer.body)))
        for name, value in headers.values():
            self.send_header(name, value)
        self.end_headers()
        if "content-length" in headers and self.command != "HEAD":
            self.wfile.write(answer.body)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Keep quiet; what went wrong is printed where it is caught."""


def serve(port: int, ready: Callable[[int], None]) -> None:
    """Serve on loopback for ever; `ready` is told the port once connections are accepted."""
    _make_receive_short()
    _make_counting_cheap()
    _deliver_whole_events()
    _Handler.turns = _Turns()
    server = make_server("127.0.0.1", port, _Handler.turns._application, threaded=True, request_handler=_Handler)
    ready(server.server_port)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


def _make_receive_short() -> None:
    """Never wait inside moto, and never receive for a client that has gone; `_Turns` does the waiting."""
    receive = SQSBackend.receive_message

    def receive_message(
        self: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        if _request.client_gone():
            return []
        found = receive(self, queue_name, count, 0, visibility_timeout, message_attribute_names)
        if not found and wait_seconds_timeout:
            _request.empty_poll = _EmptyPoll(self, queue_name, wait_seconds_timeout)
        return found

    SQSBackend.receive_message = receive_message  # type: ignore[method-assign]


def _make_counting_cheap() -> None:
    """Read the clock once per scan, and look at one attribute without counting messages for all of them.

    moto asks the clock for each message, in three scans, for every attribute it looks up, several times per message
    sent or received: at 1,000 messages a receive took a second.
    """

    def visible(queue: Queue) -> list[Message]:
        now = unix_time_millis()
        return [message for message in queue._messages if message.visible_at < now >= message.delayed_until]

    def delayed(queue: Queue) -> int:
        now = unix_time_millis()
        return sum(now < message.delayed_until for message in queue._messages)

    def in_flight(queue: Queue) -> int:
        now = unix_time_millis()
        return sum(now <= message.visible_at for message in queue._messages)

    def is_kept(self: SQSBackend, queue_name: str, message: Message) -> bool:
        seconds: int = self.get_queue(queue_name).message_retention_period  # type: ignore[attr-defined]
        return (message.sent_timestamp or 0) + seconds * 1000 > unix_time_millis()

    Queue.messages = property(visible)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_delayed = property(delayed)  # type: ignore[assignment, method-assign]
    Queue.approximate_number_of_messages_not_visible = property(in_flight)  # type: ignore[assignment, method-assign]
    SQSBackend.is_message_valid_based_on_retention_period = is_kept  # type: ignore[method-assign]


def _deliver_whole_events() -> None:
    """Give a target without a template the event itself.

    moto fills a template of its own instead, which has no `account` and which a `<source>` within the detail breaks.
    """
    fill = EventTemplateParser.parse

    def parse(input_template: str, input_paths_map: dict[str, Any], event: Any) -> dict[str, Any]:
        if input_template:
            return fill(input_template, input_paths_map, event)
        return {key: event[key] for key in _EVENT_KEYS if key in event}

    EventTemplateParser.parse = staticmethod(parse)  # type: ignore[method-assign]
