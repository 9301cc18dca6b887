"""The evidence table and the admin API on one port, which can go wrong; the worker finishes at once what the API takes."""

from __future__ import annotations

import json

from leh_guardian.adapters.admin_api import PATH, REINDEX_PATH
from leh_guardian.evidence.inventory import index_of
from leh_guardian.local.admin_api import Desk
from tests.support.evidence_server import EvidenceServer
from tests.support.faulty_http import Answer, Request

ASK, REINDEX = "reprocess-evidence", "reindex-case"
"""Its operations beside DynamoDB's, by the names that plans of faults know."""
TABLE = "evidence"


class ReprocessOutside(EvidenceServer):
    """Both."""

    def __init__(self, *, honours_keys: bool) -> None:
        super().__init__()
        self.desk = Desk(honours_keys=honours_keys)
        self.finishes: dict[str, str] = {}
        """What the worker writes beside the status; with a case it writes a document, too."""

    def answer(self, request: Request) -> Answer:
        """Take a request, or answer a question."""
        if request.path not in {PATH, REINDEX_PATH}:
            return super().answer(request)
        key, body = request.header("idempotency-key"), json.loads(request.body)
        (status, said), evidence = self.desk.take(request.header("authorization"), key, body, request.path)
        if evidence is not None and request.path == PATH:
            self._tables[TABLE][1].append({"evidence_id": evidence, "status": "processed", **self.finishes})
            if case := self.finishes.get("case_id"):
                self.indexes.put(index_of(case), evidence, evidence_id=evidence)
        elif evidence is not None:
            index = index_of(evidence)
            before = set(self.indexes.documents.get(index, ()))
            for item in self._tables[TABLE][1]:
                if item.get("case_id") == evidence and item["status"] == "processed":
                    self.indexes.put(index, item["evidence_id"], evidence_id=item["evidence_id"])
            if self.desk.effects[evidence] > 1 and set(self.indexes.documents.get(index, ())) == before:
                # An index that is built once more is the same: nothing has happened.
                self.desk.effects[evidence] -= 1
        return Answer(status, json.dumps(said).encode())
