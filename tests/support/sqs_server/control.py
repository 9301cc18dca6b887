"""Owns the server's side door when it is a process of its own; the one rule: it does what `SqsServer`'s methods do, by name.

`POST /_control/<method>` with a JSON object of keyword arguments answers the method's result as JSON.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support import faults
from tests.support.faults import Fault
from tests.support.faulty_http import Answer, Request
from tests.support.sqs_server.server import SqsServer

PATH = "/_control/"


class ControlledServer(SqsServer):
    """An SQS server that can be asked over HTTP for what a thread's owner would call."""

    def __init__(self, port: int = 0, *, seed: int = 0) -> None:
        super().__init__(port, seed=seed)
        self.stopped = threading.Event()
        self._verbs: dict[str, Callable[..., Any]] = {
            "make_queue": self.make_queue,
            "make_pair": self.make_pair,
            "put": self.put,
            "ledger": self.ledger,
            "bodies": self.bodies,
            "counts": self.counts,
            "advance": self.advance,
            "tune": self.tune,
            "script": self._script,
            "always": self._always,
            "draw": self._draw,
            "off": self.faults.off,
            "let_go": self.let_go,
            "stats": self._stats,
            "stop": self.stopped.set,
        }

    def operation(self, request: Request) -> str:
        """Keep the side door out of the plans."""
        return PATH if request.path.startswith(PATH) else super().operation(request)

    def answer(self, request: Request) -> Answer | Awaitable[Answer]:
        """Answer a verb or an operation."""
        if not request.path.startswith(PATH):
            return super().answer(request)
        return self._control(request.path.removeprefix(PATH), json.loads(request.body or b"{}"))

    async def _control(self, verb: str, arguments: dict[str, Any]) -> Answer:
        if verb not in self._verbs:
            return Answer(404, json.dumps(sorted(self._verbs)).encode())
        try:
            # In another thread: the verbs wait for this one.
            found = await asyncio.get_running_loop().run_in_executor(None, lambda: self._verbs[verb](**arguments))
        except Exception as error:
            return Answer(400, json.dumps(repr(error)).encode())
        return Answer(200, json.dumps(found).encode())

    def _script(self, operation: str, faults: list[list[Any] | None], hit: int = 1) -> None:
        self.faults.script(operation, *(fault and named(*fault) for fault in faults), hit=hit)

    def _always(self, operation: str, fault: list[Any]) -> None:
        self.faults.always(operation, named(*fault))

    def _draw(self, seed: int, rates: list[tuple[list[Any], float]], operations: list[str]) -> None:
        drawn = [(named(*fault), rate) for fault, rate in rates]
        self.faults.draw(seed, *drawn, operations=tuple(operations))

    def _stats(self) -> dict[str, Any]:
        done = {f"{operation} {kind.value}": count for (operation, kind), count in self.faults.done.items()}
        return {"hits": dict(self.faults.hits), "done": done, "hung": self.hung, "waiting": self.waiting}


def named(name: str, *arguments: Any) -> Fault:
    """Return the fault that the function `name` of `tests.support.faults` makes."""
    makers = {
        m.__name__: m
        for m in (
            faults.refuse,
            faults.fail_after,
            faults.cut_before,
            faults.lose_reply,
            faults.hang,
            faults.slow,
            faults.drip,
            faults.throttle,
        )
    }
    return makers[name](*arguments)
