"""Making a case whole: an effect is an index that the admin API builds, or a piece that it gives to the worker."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.opensearch import OpenSearch
from leh_guardian.adapters.s3 import S3Objects
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from leh_guardian.registry import Effect
from tests.contracts.handlers.worlds.reprocess_evidence import Unkeyed
from tests.support.reprocess_outside import ASK, REINDEX, TABLE
from tests.support.sqs_server import REGION

CASE, BUCKET = "case_1", "evidence-bucket"


class UnkeyedCase(Unkeyed):
    """A whole piece, a finished one without a document, a file without a record, and an API that knows nothing of keys."""

    handler, name = "reconcile_case", "unkeyed"
    writes: ClassVar = frozenset({ASK, REINDEX})
    evidence: ClassVar = ("ev-0", CASE)

    def open(self) -> None:
        """Set the case."""
        super().open()
        self.outside.finishes = {"case_id": CASE}
        for one in ("ev-1", "ev-2"):
            self.outside.put(TABLE, evidence_id=one, case_id=CASE, status="processed")
        self.outside.index(f"case_rag_{CASE}", {"evidence_id": "ev-2"})
        self.outside.store(BUCKET, *(f"cases/{CASE}/raw/{one}_f.pdf" for one in ("ev-0", "ev-1", "ev-2")))

    def params(self) -> Mapping[str, Any]:
        """Make it whole."""
        return {"case": CASE, "rate": 1000, "finish_within": "10m", "reindex_within": "5m"}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters of the other two places as well."""
        can = await super().capabilities(stack, clock)
        aws = await stack.enter_async_context(open_aws(REGION))
        search = OpenSearch(self.outside.url)
        stack.push_async_callback(search.close)
        objects = S3Objects(aws, await aws.client("s3"))
        return replace(can, objects=objects, evidence_bucket=BUCKET, search=search)


class KeyedCase(UnkeyedCase):
    """The same, and the API honours keys: then all of it is done once, whatever happens."""

    name = "keyed"
    promised = Effect.EXACTLY_ONCE
    honours_keys: ClassVar = True


WORLDS = (UnkeyedCase, KeyedCase)
