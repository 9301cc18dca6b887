"""The check of temporary files: an effect is anything but a question."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.checking import checking
from tests.support.faults import refuse
from tests.support.s3_outside import BUCKET, REGION, Entry, S3Outside

_RULE = """<Rule><ID>tmp</ID><Status>Enabled</Status><Filter/><Expiration><Days>7</Days></Expiration>
<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>
<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"""
_QUESTIONS = frozenset(
    {
        "GetBucketLifecycleConfiguration",
        "GetBucketVersioning",
        "ListObjectsV2",
        "ListObjectVersions",
        "ListMultipartUploads",
    }
)


class Clean(World):
    """A bucket with versions that its rules keep clean: every question is asked."""

    handler, name = "check_s3_tmp", "clean"
    throttle = refuse(503, "SlowDown")

    def open(self) -> None:
        """Start the server."""
        self.server = S3Outside().__enter__()
        self.faults = self.server.faults
        self.server.rules = _RULE
        young = datetime(2030, 1, 1, tzinfo=UTC)
        self.server.put(Entry("tmp/a", young), Entry("tmp/b", young))
        self.server.put_versions(Entry("tmp/a", young), Entry("tmp/b", young))
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End it."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self.server.__exit__(None, None, None)

    def params(self) -> Mapping[str, Any]:
        """Look at what the settings name."""
        return {}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters; what people are told goes nowhere."""
        aws = await stack.enter_async_context(open_aws(REGION))
        return Capabilities(
            queues=None,  # type: ignore[arg-type]
            channels={"console": ConsoleChannel(io.StringIO())},
            letters=None,  # type: ignore[arg-type]
            checks=checking(aws, bucket=BUCKET),
        )

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS})

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (Clean,)
