"""The evidence table and the admin API on one port, which can go wrong; the worker finishes at once what the API takes."""

from __future__ import annotations

import json

from leh_guardian.adapters.admin_api import PATH
from leh_guardian.local.admin_api import Desk
from tests.support.evidence_server import EvidenceServer
from tests.support.faulty_http import Answer, Request

ASK = "reprocess-evidence"
"""Its one operation beside DynamoDB's, by the name that plans of faults know."""
TABLE = "evidence"


class ReprocessOutside(EvidenceServer):
    """Both."""

    def __init__(self, *, honours_keys: bool) -> None:
        super().__init__()
        self.desk = Desk(honours_keys=honours_keys)

    def answer(self, request: Request) -> Answer:
        """Take a request, or answer a question."""
        if request.path != PATH:
            return super().answer(request)
        key, body = request.header("idempotency-key"), json.loads(request.body)
        (status, said), evidence = self.desk.take(request.header("authorization"), key, body)
        if evidence is not None:
            self._tables[TABLE][1].append({"evidence_id": evidence, "status": "processed"})
        return Answer(status, json.dumps(said).encode())
