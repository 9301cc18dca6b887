"""Records: what hostile, broken and unusual fields come to, and how lines are read."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from leh_guardian.rules.upload_signals import built_in_upload_signals
from leh_guardian.uploads import UploadLog, judge, record_of
from leh_guardian.uploads.names import file_name, kind_of
from tests.unit.uploads.making import NOW

AT = 1_772_506_800.0


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2026-03-03T03:00:00Z", AT),
        ("2026-03-03T12:00:00+09:00", AT),
        ("2026-03-03T12:00:00.250+0900", AT + 0.25),
        ("20260303T030000Z", AT),
        (" 2026-03-03 03:00:00+00:00 ", AT),
        ("2026-03-03T03:00:00", AT),
        ("2026-03-02T17:00:00-10:00", AT),
    ],
)
def test_times(time: str, at: float) -> None:
    """ISO 8601 in any zone is one instant; without a zone UTC is assumed, and that is noted."""
    record = record_of({"time": time, "action": "upload"})
    assert record is not None
    assert (record.at, record.zoneless) == (at, time == "2026-03-03T03:00:00")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        7,
        {},
        {"action": "upload"},
        {"time": "2026-03-03T03:00:00Z"},
        {"time": "2026-03-03T03:00:00Z", "action": "delete"},
        {"time": 1772506800, "action": "upload"},
        {"time": "yesterday", "action": "upload"},
        {"time": "0001-01-01T00:00:00Z", "action": "upload"},
        {"time": "9999-12-31T23:59:59Z", "action": "upload"},
        {"time": "2026" * 100, "action": "upload"},
        {"time": ["x"], "action": {"a": 1}},
    ],
)
def test_what_is_no_record(value: Any) -> None:
    """Without a time that can be and a known action there is nothing to judge."""
    assert record_of(value) is None


@pytest.mark.parametrize(
    ("field", "value", "name", "wanted"),
    [
        ("user_id", 17, "user", "17"),
        ("user_id", True, "user", None),
        ("user_id", {"$gt": ""}, "user", None),
        ("user_id", "x" * 9999, "user", "x" * 200),
        ("user_id", "  ", "user", None),
        ("size", "1024", "size", 1024),
        ("size", -1, "size", None),
        ("size", float("nan"), "size", None),
        ("size", float("inf"), "size", None),
        ("size", 10**400, "size", None),
        ("size", True, "size", None),
        ("size", "9" * 5000, "size", None),
        ("status", "503", "status", 503),
        ("status", 200.0, "status", 200),
        ("status", 70_000, "status", None),
        ("etag", '"ABC"', "digest", "abc"),
        ("sha256", ["a"], "digest", None),
        ("asn", 4766, "asn", "4766"),
        ("asn", "AS4766 Korea Telecom", "asn", "4766"),
        ("asn", "KT", "asn", "kt"),
        ("user_agent", "", "agent", ""),
        ("user_agent", None, "agent", None),
        ("past_bulk_ok", "3", "bulk_ok", 3),
        ("account_created_at", "never", "created", None),
        ("account_created_at", "2026-03-03T03:00:00Z", "created", AT),
    ],
)
def test_fields(field: str, value: Any, name: str, wanted: Any) -> None:
    """A field that is not what it should be is missing; it takes no other field and not the record with it."""
    record = record_of({"time": "2026-03-03T03:00:00Z", "action": "Upload", field: value})
    assert record is not None
    assert getattr(record, name) == wanted


def test_unreadable_lines_are_counted_with_their_numbers() -> None:
    """Half a line, no JSON, a line without end, depth without bottom: each is one line that is left out."""
    good = json.dumps({"time": "2026-03-03T03:00:00Z", "action": "upload", "user_id": "u"})
    deep = '{"time":' * 3000
    long = json.dumps({"time": "2026-03-03T03:00:00Z", "action": "upload", "key": "x" * 200_000})
    lines = [
        "\ufeff" + good,
        "",
        "{",
        deep,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        long,
        good,
        "NaN",
        good + ",",
    ]
    log = UploadLog(io.BytesIO("\r\n".join(lines).encode()))
    assert len(list(log)) == 2
    assert (log.lines, log.unreadable, log.unreadable_at) == (8, 6, [3, 4, 5, 6, 8])


def test_hostile_records_are_judged() -> None:
    """Nothing a record holds ends the judgement, and the answer is JSON."""
    hostile: list[Any] = [
        None,
        True,
        -1,
        10**30,
        "",
        "\x00\u202e\ud800",
        "💣" * 5000,
        ["x"],
        {"a": {}},
        "%ZZ%",
        "../../etc/passwd",
        "a/" * 900,
        ".",
    ]
    fields = (
        "user_id case_id evidence_id key size sha256 etag content_type status ip asn user_agent "
        "account_created_at past_bulk_ok"
    ).split()
    rows = [
        {
            "time": f"2026-03-03T03:{n % 60:02d}:00Z",
            "action": action,
            **{field: hostile[(n + k) % len(hostile)] for k, field in enumerate(fields)},
        }
        for n in range(200)
        for action in ("upload", "presign", "view", "login")
    ]
    judgement = judge(filter(None, map(record_of, rows)), built_in_upload_signals(), NOW)
    assert json.loads(json.dumps(judgement.to_json()))["verdict"] == judgement.verdict


@pytest.mark.parametrize(
    ("key", "evidence", "name"),
    [
        ("cases/c/raw/ev_1a2b_계약서 1.pdf", None, "계약서 1.pdf"),
        ("cases/c/raw/ev_1a2b_%EA%B3%84%EC%95%BD+1.pdf", None, "계약 1.pdf"),
        ("cases/c/raw/77_a_b.pdf", "77", "a_b.pdf"),
        ("plain.pdf", None, "plain.pdf"),
        ("folder/", None, "folder"),
        ("", None, None),
        (None, "ev_1", None),
    ],
)
def test_file_names(key: str | None, evidence: str | None, name: str | None) -> None:
    """The name is what the user gave, whatever the key puts before it."""
    assert file_name(key, evidence) == name


@pytest.mark.parametrize(
    ("kind", "stems"),
    [
        (
            "human",
            "계약서|갑제3호증 준비서면|contract with landlord|Meeting notes 2024|손해배상_3|hyeonjeong gyeonggi|レシート",
        ),
        (
            "device",
            "IMG_2041|DSC00012|KakaoTalk_20250101_1234_00_123|SCAN_0001|scan0001|Screenshot_20250811-101500|20250811_101500|doc 3",
        ),
        ("numbered", "file_001|test12|00017|a1|payload-33|upload5|3"),
        (
            "garbage",
            "9f8a7c6b5d4e|123e4567-e89b-12d3-a456-426614174000|xkqjzvwp|q8w7e6r5t4y3|bGtqc2Rm0Dk1|zzxcvbnmqwrt",
        ),
    ],
)
def test_kinds_of_names(kind: str, stems: str) -> None:
    """A name says who gave it: people, devices, loops, chance."""
    assert {stem: kind_of(stem) for stem in stems.split("|")} == dict.fromkeys(stems.split("|"), kind)
