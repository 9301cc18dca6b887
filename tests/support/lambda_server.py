"""Owns a small Lambda that can go wrong; the one rule: it answers as the real one does, and counts what it was asked to run.

After the API Reference ("Invoke", "GetFunctionConfiguration"): asynchronous invocations alone, which are queued and never run.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request

REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
_LARGEST = 1 << 20
_CODE = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="


class LambdaServer(FaultyServer):
    """Functions on loopback, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._functions: dict[str, dict[str, Any]] = {}
        self.invoked: list[tuple[str, str, bytes]] = []
        """(function, qualifier, payload) of every event that was queued."""

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK ask this server for functions."""
        own = {"AWS_ENDPOINT_URL_LAMBDA": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def make_function(self, name: str, *aliases: str, timeout: int = 3, **more: Any) -> str:
        """Make a function; returns its ARN."""
        arn = arn_of(name)
        made = {
            "FunctionName": name,
            "FunctionArn": arn,
            "Timeout": timeout,
            "CodeSha256": _CODE,
            "LastModified": "2026-11-22T17:00:00.000+0000",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "aliases": ("$LATEST", *aliases),
        }
        self.call(lambda: self._functions.update({name: made | more}))
        return arn

    def payloads(self) -> list[bytes]:
        """Return what was queued."""
        return [payload for _, _, payload in self.invoked]

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return "Invoke" if request.method == "POST" else "GetFunctionConfiguration"

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as Lambda does."""
        return _refused(fault.status, fault.code, "a fault of the test", fault.headers)

    def answer(self, request: Request) -> Answer:
        """Apply a request."""
        address = urlsplit(request.path)
        name = unquote(address.path).split("/")[3].rpartition("function:")[2]
        qualifier = parse_qs(address.query).get("Qualifier", ["$LATEST"])[0]
        function = self._functions.get(name)
        if function is None or qualifier not in function["aliases"]:
            return _refused(404, "ResourceNotFoundException", f"Function not found: {arn_of(name)}:{qualifier}")
        if request.method == "GET":
            told = {key: value for key, value in function.items() if key != "aliases"}
            return _json(200, told | {"Version": "$LATEST" if qualifier == "$LATEST" else "7"})
        return self._invoke(request, name, qualifier)

    def _invoke(self, request: Request, name: str, qualifier: str) -> Answer:
        if request.header("x-amz-invocation-type") != "Event":
            raise AssertionError("this server only queues events")
        if len(request.body) > _LARGEST:
            return _refused(413, "RequestTooLargeException", "Request must be smaller than 1048576 bytes")
        try:
            json.loads(request.body)
        except ValueError:
            return _refused(400, "InvalidRequestContentException", "Could not parse request body into json")
        self.invoked.append((name, qualifier, request.body))
        return Answer(202)


def arn_of(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def _json(status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)


def _refused(status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return _json(status, {"Type": "User", "message": message}, (("x-amzn-ErrorType", code), *headers))
