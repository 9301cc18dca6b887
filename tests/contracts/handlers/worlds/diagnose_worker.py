"""The diagnosis of the worker: an effect is anything but a question, and every letter that was looked at is still there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.logs import CloudWatchLogs
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.redrive import survey
from leh_guardian.rules.ruleset import RuleSet
from leh_guardian.rules.signatures import TableInUse
from tests.contracts.handlers.sqs_world import SqsWorld
from tests.support.sqs_server import REGION
from tests.support.worker_outside import LOGS, WorkerOutside

_GROUP = "/aws/lambda/leh-ai-worker"
_QUESTIONS = frozenset({LOGS, "GetQueueUrl", "GetQueueAttributes"})
_LOOKS = frozenset({"ReceiveMessage", "ChangeMessageVisibilityBatch"})
"""They hide letters for a moment and show them again: what counts is that all are there afterwards."""
_LETTERS = 3


class Failing(SqsWorld):
    """A worker whose log says nothing, with dead letters of SQS, which do not say why: what is asked of both, no more."""

    handler, name = "diagnose_worker", "failing"

    def open(self) -> None:
        """Start the servers; one plan of faults is for both."""
        super().open()
        self.outside = WorkerOutside().__enter__()
        self.outside.faults = self.faults
        # At no time of the window: how much is found is no matter here.
        self.outside.log(_GROUP, (0.0, "START RequestId: 00000000-0000-4000-8000-000000000001 Version: 1"))
        os.environ["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = self.outside.url
        # Seconds that a look which is ended has for giving back what it holds: waited for where just that hangs.
        self._last_words, survey._LAST_WORDS = survey._LAST_WORDS, 0.2
        self.server.put(self.dlq, [f"letter {n}" for n in range(_LETTERS)])

    def close(self) -> None:
        """End them."""
        survey._LAST_WORDS = self._last_words
        os.environ.pop("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", None)
        self.outside.__exit__(None, None, None)
        super().close()

    def params(self) -> Mapping[str, Any]:
        """Look at the log and at the letters."""
        return {"log_group": _GROUP, "queue": self.dlq, "letters": _LETTERS}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters."""
        can = await super().capabilities(stack, clock)
        aws = await stack.enter_async_context(open_aws(REGION))
        signatures = TableInUse(lambda: RuleSet("", ()))
        return replace(can, logs=CloudWatchLogs(aws, await aws.client("logs")), signatures=signatures)

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS | _LOOKS})

    def lost(self) -> set[str]:
        """Letters that are neither in the queue nor hidden for a moment."""
        counts = self.server.counts(self.dlq)
        there = counts["ready"] + counts["in_flight"]
        return {f"letter {n}" for n in range(there, _LETTERS)}

    @property
    def hung(self) -> int:
        """Requests that hang, at either server."""
        return self.server.hung + self.outside.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()
        self.outside.let_go()


WORLDS = (Failing,)
