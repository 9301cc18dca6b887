"""Owns a front of moto's Lambda that can go wrong; the one rule: it counts what has changed there, not what was asked for.

What feeds a function: event source mappings, reserved concurrency, and where failed events go.
"""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, Request
from tests.support.forwarder import Forwarder
from tests.support.shared_moto import shared_client, shared_moto
from tests.support.sqs_server import ACCOUNT, REGION

_WORDS = {
    "event-source-mappings": "EventSourceMapping",
    "concurrency": "FunctionConcurrency",
    "configuration": "FunctionConfiguration",
    "event-invoke-config": "FunctionEventInvokeConfig",
}


class LambdaFront(Forwarder):
    """A function of its own, by the name `function`, behind a front."""

    def __init__(self, *, fed: bool = True, caught: bool = True) -> None:
        super().__init__(shared_moto().url)
        self.changes: Counter[str] = Counter()
        """`mapping off`, `mapping on`, `reserved 0` and so on: how often it came about."""
        self.lingers = 0
        """How many looks a mapping takes to get where it is to go."""
        self._lingering = 0
        self._is: dict[str, str] = {}
        self.function = f"worker-{uuid.uuid4().hex[:8]}"
        self.client = shared_client("lambda")
        self.client.create_function(
            FunctionName=self.function, Runtime="python3.12", Role=_role(), Handler="a.b", Code={"ZipFile": _CODE}
        )
        self.mapping = self._feed() if fed else ""
        if caught:
            self.catch()

    def _feed(self) -> str:
        queue = f"{self.function}-q"
        shared_client("sqs").create_queue(QueueName=queue)
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
        made = self.client.create_event_source_mapping(EventSourceArn=arn, FunctionName=self.function, Enabled=True)
        return str(made["UUID"])

    def catch(self) -> None:
        """Give it a failure destination."""
        place = {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failures"}}
        asked = {"MaximumEventAgeInSeconds": 3600, "DestinationConfig": place}
        self.client.put_function_event_invoke_config(FunctionName=self.function, **asked)

    def environment(self) -> dict[str, str]:
        """The variables that make the SDK ask this server for functions."""
        return shared_moto().environment() | {"AWS_ENDPOINT_URL_LAMBDA": self.url}

    def state(self) -> str:
        """Return the state of the mapping."""
        return str(self.client.get_event_source_mapping(UUID=self.mapping)["State"])

    def reserved(self) -> int | None:
        """Return the reserved concurrency."""
        found: int | None = self.client.get_function_concurrency(FunctionName=self.function).get(
            "ReservedConcurrentExecutions"
        )
        return found

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request: UpdateEventSourceMapping, say."""
        path = urlsplit(request.path).path.strip("/").split("/")
        word = next((_WORDS[part] for part in reversed(path) if part in _WORDS), "Function")
        verb = {"GET": "Get", "DELETE": "Delete", "PUT": "Put"}[request.method]
        if word == "EventSourceMapping":
            return "ListEventSourceMappings" if verb == "Get" else "UpdateEventSourceMapping"
        return verb + word

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as Lambda does."""
        body = json.dumps({"Type": "User", "message": "a fault of the test"}).encode()
        return Answer(fault.status, body, (("x-amzn-ErrorType", fault.code), *fault.headers))

    async def answer(self, request: Request) -> Answer:
        """Pass it on; count what it has changed."""
        answer, operation = await super().answer(request), self.operation(request)
        if operation == "ListEventSourceMappings" and self._lingering:
            self._lingering -= 1
            body = re.sub(rb'"State": ?"(En|Dis)abled"', rb'"State": "\1abling"', answer.body)
            return Answer(answer.status, body, answer.headers, answer.content_type)
        if operation == "UpdateEventSourceMapping":
            self._now("mapping", "on" if json.loads(request.body)["Enabled"] else "off")
        elif operation == "PutFunctionConcurrency":
            self._now("reserved", str(json.loads(request.body)["ReservedConcurrentExecutions"]))
        elif operation == "DeleteFunctionConcurrency":
            self._now("reserved", "none")
        return answer

    def _now(self, what: str, state: str) -> None:
        if self._is.get(what) != state:
            self._is[what] = state
            self.changes[f"{what} {state}"] += 1
            self._lingering = self.lingers if what == "mapping" else self._lingering


def _role() -> str:
    iam: Any = shared_client("iam")
    name = f"r-{uuid.uuid4().hex[:8]}"
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("a.py", "")
    return packed.getvalue()


_CODE = _zip()
