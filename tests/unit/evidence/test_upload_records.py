"""Upload records of S3's versions and LEH's audit log: whose an object is, and that one upload counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from leh_guardian.evidence.uploads import records
from leh_guardian.model.activity import Activity, Line, kind_of
from leh_guardian.ports import ObjectVersion

NOON = datetime(2026, 3, 11, 3, tzinfo=UTC)


def version(key: str, seconds: float = 0, etag: str = "E1") -> ObjectVersion:
    """One that was stored so many seconds after noon."""
    return ObjectVersion(key, 10, etag, NOON + timedelta(seconds=seconds))


def line(user: str, action: str, of: str | None, seconds: float = 0) -> Line:
    """One of the log."""
    return Line(user, action, of, NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        *(
            ("UPLOAD", "upload"),
            ("EVIDENCE_UPLOAD", "upload"),
            ("evidence.uploaded", "upload"),
            ("uploadEvidence", "upload"),
        ),
        *(("PRESIGN_UPLOAD", "presign"), ("GET_UPLOAD_URL", "presign"), ("LOGIN", "login"), ("sign-in", "login")),
        *(("VIEW", "view"), ("VIEW_EVIDENCE", "view"), ("CASE_VIEWED", "view"), ("download", "view")),
        *(("CASE_CLOSED", None), ("CASE_RESTORED", None), ("", None), ("열람", None), ("BULKUPLOADER", None)),
    ],
)
def test_what_an_action_means(action: str, kind: str | None) -> None:
    """Actions are known by their words, in whatever way they are written; another word is no evidence."""
    assert kind_of(action) == kind


def test_whose_an_object_is() -> None:
    """Whoever uploaded its evidence, nearest in time; else the only account that uploaded to its case; else nobody."""
    versions = [
        version("cases/case_1/raw/ev_1_a.pdf", 1),
        version("cases/case_1/raw/ev_1_a.pdf", 99),
        version("cases/case_1/raw/ev_2_a.pdf", 50),
        version("cases/case_2/raw/ev_3_a.pdf", 60),
    ]
    log = (
        *(line("kim", "UPLOAD", "ev_1", 0), line("lee", "UPLOAD", "ev_1", 100)),
        *(line("kim", "UPLOAD", "case_1", 0), line("kim", "UPLOAD", "case_2"), line("lee", "UPLOAD", "case_2")),
    )
    assert [one.user for one in records(versions, Activity(log))] == ["kim", "lee", "kim", None]


def test_what_both_tell_of_is_one_upload() -> None:
    """A line of the log for an object that is known adds nothing; one for another object is an upload of unknown size."""
    log = (
        line("kim", "UPLOAD", "ev_1"),
        line("kim", "UPLOAD", "ev_9"),
        line("kim", "VIEW", "ev_1"),
        line("kim", "EDIT", "ev_1"),
    )
    created = {"kim": NOON - timedelta(days=9)}
    found = list(records([version("cases/case_1/raw/ev_1_a.pdf")], Activity(log, created)))
    assert [(one.action, one.evidence, one.size) for one in found] == [
        *(("upload", "ev_1", 10), ("upload", "ev_9", None), ("view", None, None)),
    ]
    assert {one.created for one in found} == {created["kim"].timestamp()}
    assert found[0].digest == "e1"


def test_copies_of_one_second_are_not_one() -> None:
    """S3 tells whole seconds: an address used fifty times in one second has made fifty uploads."""
    found = list(records([version("cases/case_1/raw/ev_1_a.pdf")] * 50, Activity(())))
    assert len(set(found)) == 50
    assert max(one.at for one in found) - NOON.timestamp() < 1


def test_one_account_alone() -> None:
    """Of one account, what is another's or nobody's does not count."""
    versions = [
        version("cases/case_1/raw/ev_1_a.pdf"),
        version("cases/case_1/raw/ev_2_a.pdf"),
        version("cases/case_1/raw/ev_3_a"),
    ]
    log = (line("kim", "UPLOAD", "ev_1"), line("lee", "UPLOAD", "ev_2"), line("lee", "VIEW", "ev_1"))
    assert [one.evidence for one in records(versions, Activity(log), "kim")] == ["ev_1"]


def test_hostile_keys_are_data() -> None:
    """A key that names no evidence is an upload all the same, of nobody."""
    keys = [
        "cases/case_1/raw/",
        "cases/case_1/raw/../../x",
        "cases/case_1/raw/ev_1",
        "cases/case_1/raw/\x00\ud800_'; drop",
        "x" * 9999,
    ]
    found = list(records([version(key) for key in keys], Activity(())))
    assert [(one.action, one.user) for one in found] == [("upload", None)] * len(keys)
