"""No call leaves the process without a deadline: what the reader of a diff would have to look for, looked for in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "leh_guardian"

NEEDED = {
    # Of aiohttp's time-outs only `total` bounds an answer that drips.
    "ClientSession": {"timeout"},
    "ClientTimeout": {"total"},
    "create_pool": {"timeout", "command_timeout"},
    "asyncpg.connect": {"timeout", "command_timeout"},
    "AsyncOpenSearch": {"timeout"},
    "pool.acquire": {"timeout"},
    "urlopen": {"timeout"},
    "create_connection": {"timeout"},
    # A thread that hangs on a dead mount or a blocked pipe must not hold its caller beyond the caller's deadline.
    "to_thread.run_sync": {"abandon_on_cancel"},
}
"""{end of what is called: keywords that it needs}."""
BOUNDED = (
    "create_client",
    "connect_tcp",
    "open_connection",
    "connect_unix",
    "getaddrinfo",
    "run_process",
    "open_process",
)
"""What knows no deadline of its own: called within an anyio scope that has one."""
SCOPES = ("fail_after", "move_on_after")
CLIENTS = ("client", "_client")
"""AWS clients: their requests are handed to `Aws.call`, which bounds them, and never awaited by themselves."""


def faults(tree: ast.AST) -> Iterator[str]:
    """Yield what is called without a deadline."""
    for node, parents in _walk(tree, ()):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = {keyword.arg for keyword in node.keywords}
        for name, needed in NEEDED.items():
            if _ends_in(called, name) and not needed <= given:
                yield f"line {node.lineno}: {called} without {', '.join(sorted(needed - given))}"
        if any(_ends_in(called, name) for name in BOUNDED) and not any(map(_is_scope, parents)):
            yield f"line {node.lineno}: {called} outside a scope with a deadline"
        if isinstance(parents[-1], ast.Await) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value).rpartition(".")[2]
            if owner in CLIENTS:
                yield f"line {node.lineno}: {called} is awaited by itself, not through Aws.call"


def _walk(node: ast.AST, parents: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    yield node, parents
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, (*parents, node))


def _ends_in(called: str, name: str) -> bool:
    # `self._pool.acquire` is a pool's, too.
    return f".{called}".replace("._", ".").endswith(f".{name}")


def _is_scope(node: ast.AST) -> bool:
    return isinstance(node, ast.With | ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call) and ast.unparse(item.context_expr.func).endswith(SCOPES)
        for item in node.items
    )


@pytest.mark.parametrize(
    "bad",
    [
        "aiohttp.ClientSession()",
        "ClientTimeout(sock_read=5)",
        "asyncpg.create_pool(dsn, timeout=5)",
        "await asyncpg.connect(dsn)",
        "await self._pool.acquire()",
        "AsyncOpenSearch(hosts=[url])",
        "urlopen(url)",
        "socket.create_connection(address)",
        "await anyio.to_thread.run_sync(read)",
        "await session.create_client('sqs').__aenter__()",
        "await anyio.connect_tcp(host, port)",
        "await self._client.receive_message(QueueUrl=url)",
        "await client.put_metric_data()",
    ],
)
def test_what_has_no_deadline_is_found(bad: str) -> None:
    """Each way of calling the outside without a deadline is told from the ways with one."""
    assert list(faults(ast.parse(bad)))


@pytest.mark.parametrize(
    "good",
    [
        "with anyio.fail_after(5):\n    await anyio.connect_tcp(host, port)",
        "await aws.call('look', lambda: client.list_queues())",
        "await self._pool.acquire(timeout=5)",
        "aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))",
        "await self._deleting.acquire()",
    ],
)
def test_what_has_a_deadline_is_left_alone(good: str) -> None:
    """A deadline in the call, or a scope round it, is enough."""
    assert not list(faults(ast.parse(good)))


def test_every_call_that_leaves_the_process_has_a_deadline() -> None:
    """The program itself has no such call."""
    found = [
        f"{file.relative_to(PACKAGE.parent)}: {fault}"
        for file in sorted(PACKAGE.rglob("*.py"))
        # The stand-ins of the demo talk to processes of their own, on this machine.
        if "local" not in file.parts
        for fault in faults(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not found, "\n".join(found)
