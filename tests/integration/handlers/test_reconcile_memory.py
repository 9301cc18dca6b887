"""Ten thousand pieces of a case are made whole in bounded memory: plan, requests, waits and report, in a process of its own."""

from __future__ import annotations

import json
import sys

import anyio

from leh_guardian.local.admin_api import Desk, LocalAdminApi, serving
from leh_guardian.local.postgres import EmbeddedPostgres
from leh_guardian.store.pool import Pool
from tests.support.evidence_server import EvidenceServer
from tests.support.process import clean_environment
from tests.support.reconcile_memory import BUCKET, CASE, TABLE

_PIECES = 10_000
_CLEARED = 60
"""Pieces that have to be processed anew."""
_TEXT = "증거 " * 1000
"""What a record and a document hold beside their ids: thirty megabytes of them all, at each place."""
_MOST_TRACED = 40.0
_MOST_RESIDENT = 110.0
"""Megabytes; tracing takes about as much as what is traced."""


async def test_ten_thousand_pieces_are_made_whole_in_little_memory(pool: Pool, postgres: EmbeddedPostgres) -> None:
    """The index is built anew, what has no record is processed; at no time are all documents, or all records, held at once."""
    evidence = [f"ev-{number:05}" for number in range(_PIECES)]
    item = {"case_id": CASE, "status": "processed", "text": _TEXT}
    with EvidenceServer() as server:
        server.page = 500
        server.make_table(TABLE, "evidence_id")
        records = [{"evidence_id": one, **item} for one in evidence[_CLEARED:]]
        server.call(lambda: server._tables[TABLE][1].extend(records))
        server.store(BUCKET, *(f"cases/{CASE}/raw/{one}_녹취.m4a" for one in evidence))
        server.index(f"case_rag_{CASE}", *({"evidence_id": one, "text": _TEXT} for one in evidence[5000:]))

        async def process(piece: str) -> None:
            server.put(TABLE, evidence_id=piece, **item)
            server.index(f"case_rag_{CASE}", {"evidence_id": piece, "text": _TEXT})

        async def reindex(_: str) -> None:
            server.index(f"case_rag_{CASE}", *({"evidence_id": one} for one in evidence[_CLEARED:5000]))

        async with serving(LocalAdminApi(Desk(), process, reindex=reindex)) as api:
            where = {"dsn": postgres.dsn("guardian"), "evidence": server.url, "admin": api.url}
            told = await anyio.run_process(
                [sys.executable, "-m", "tests.support.reconcile_memory"],
                input=json.dumps(where).encode(),
                env=clean_environment(**server.environment()),
                check=False,
            )
            assert told.returncode == 0, told.stderr.decode()
            found = json.loads(told.stdout)
            asked = dict(api.desk.effects)
    sys.stdout.write(f"{found}\n")
    assert found["outcome"] == "Done", found
    assert f"증거 {_PIECES}건 중 {_PIECES}건 처리 완료, 검색 가능 {_PIECES}건 중 {_PIECES}건" in found["summary"]
    assert asked == {CASE: 1, **dict.fromkeys(evidence[:_CLEARED], 1)}
    assert found["traced_mb"] < _MOST_TRACED, found
    assert found["rss_mb"] < _MOST_RESIDENT, found
    # Between two attempts, and in what is told, there are counts and a few names.
    assert found["remembered"] < 4_000, found
    assert found["facts"] < 6_000, found
