"""Owns a case that was closed and emptied, with all that LEH has of it; the one rule: what was asked of LEH is counted at LEH.

Its files are in S3, half of its records are gone, its search index is not there, its row says CLOSED. The worker behind the admin API
finishes what it is given, and writes its document, as LEH's does.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any, Final

from leh_guardian.evidence.inventory import index_of
from leh_guardian.local.admin_api import Desk, LocalAdminApi, serving
from leh_guardian.local.aws import REGION
from leh_guardian.local.search import Indexes
from leh_guardian.local.search import serving as searching
from tests.support.installation import client
from tests.support.leh_product import SHAPES, Product, make_product
from tests.support.loop_thread import LoopThread

SHAPE: Final = SHAPES["native enum of an ORM"]
CASE: Final = SHAPE.case
EVIDENCE: Final = tuple(f"ev_{number}" for number in range(5))
CLEARED: Final = EVIDENCE[2:]
"""What has a file and no record."""
TOKEN: Final = "a-token-of-the-admin-api"


class EmptiedCase(LoopThread):
    """The case, and whatever of LEH is around it."""

    def __init__(self, settings: dict[str, str], *, honours: bool, later: float | None = None) -> None:
        """`later` are seconds between the API's answer and the worker's work; None: it answers once that is done."""
        super().__init__()
        self.desk = Desk(TOKEN, honours_keys=honours)
        self.worked: Counter[str] = Counter()
        """How often the worker has processed each piece."""
        self.indexes = Indexes()
        self.product: Product
        self._settings = settings
        self._name = f"case-{uuid.uuid4().hex[:10]}"
        self._later = later

    async def _open(self) -> None:
        await self._loop.run_in_executor(None, self._fill)
        self.product = await make_product(self._settings["LEH_DATABASE_URL"], SHAPE)
        self._api = serving(LocalAdminApi(self.desk, self._process, reindex=self._reindex, later=self._later))
        self._search = searching(self.indexes)
        self._url, self._cluster = (await self._api.__aenter__()).url, await self._search.__aenter__()

    async def _close(self) -> None:
        await self._api.__aexit__(None, None, None)
        await self._search.__aexit__(None, None, None)

    def settings(self) -> dict[str, str]:
        """Return where everything is, for a replica."""
        names = self.product.names
        return {
            "LEH_EVIDENCE__TABLE": self._name,
            "LEH_EVIDENCE__BUCKET": self._name,
            "LEH_OPENSEARCH__URL": self._cluster,
            "LEH_ADMIN_API__URL": self._url,
            "LEH_ADMIN_API__IDEMPOTENT": str(self.desk.honours_keys).lower(),
            "LEH_PRODUCT_DATABASE_URL": self.product.dsn,
            "LEH_PRODUCT_DATABASE__CASES": names.cases,
            "LEH_PRODUCT_DATABASE__AUDIT": names.audit,
            "LEH_PRODUCT_DATABASE__USERS": names.users,
            "LEH_PRODUCT_DATABASE__SERVICE_USER": SHAPE.service,
        }

    def status(self) -> str:
        """Return what stands in the case's row."""
        return str(self.wait_for(self.product.status()))

    def lines(self) -> list[Any]:
        """Return what LEH's audit log says of restores."""
        return list(self.wait_for(self.product.log()))

    def searchable(self) -> set[str]:
        """Return the pieces that are in the index."""
        return {document["evidence_id"] for document in self.indexes.documents.get(index_of(CASE), {}).values()}

    def _fill(self) -> None:
        with client("s3", self._settings) as s3, client("dynamodb", self._settings) as dynamo:
            s3.create_bucket(Bucket=self._name, CreateBucketConfiguration={"LocationConstraint": REGION})
            for each in EVIDENCE:
                s3.put_object(Bucket=self._name, Key=f"cases/{CASE}/raw/{each}_녹취.m4a", Body=b"x")
            names = ("case_id", "evidence_id")
            dynamo.create_table(
                TableName=self._name,
                KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=True)],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
                BillingMode="PAY_PER_REQUEST",
            )
        for each in EVIDENCE:
            if each not in CLEARED:
                self._write(each)

    def _write(self, evidence: str) -> None:
        item = {"case_id": CASE, "evidence_id": evidence, "status": "processed"}
        with client("dynamodb", self._settings) as dynamo:
            dynamo.put_item(TableName=self._name, Item={name: {"S": value} for name, value in item.items()})

    async def _process(self, evidence: str) -> None:
        await self._loop.run_in_executor(None, self._write, evidence)
        self.worked[evidence] += 1
        self._index(evidence)

    async def _reindex(self, case: str) -> None:
        def found() -> list[str]:
            with client("dynamodb", self._settings) as dynamo:
                return [item["evidence_id"]["S"] for item in dynamo.scan(TableName=self._name)["Items"]]

        assert case == CASE
        for evidence in await self._loop.run_in_executor(None, found):
            self._index(evidence)

    def _index(self, evidence: str) -> None:
        self.indexes.put(index_of(CASE), evidence, evidence_id=evidence, case_id=CASE)
