"""Lines of CloudTrail, S3's access logs and WAF: what a good one says, and that a hostile, torn or foreign one says nothing else."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.sighting import Screened, Sighting, address_of
from leh_guardian.trails import access_log, cloudtrail, waf
from leh_guardian.trails.objects import _TooLong, unpacked
from leh_guardian.trails.told import Told
from tests.support.trails import BROWSER, BUCKET, access_line, event, trail_file, waf_record

AT = datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC)
PREFIX = ("cases/case_1/raw/",)
KEY = "cases/case_1/raw/ev_1_준비서면 1+1 100%.pdf"
IP = "203.0.113.7"


def of_access(*lines: str | bytes) -> Told[Sighting]:
    """What lines of an access log tell."""
    told: Told[Sighting] = Told()
    raw = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    access_log.read_lines(BUCKET, PREFIX, raw, told)
    return told


def of_trail(*events: Any) -> Told[Sighting]:
    """What events of a trail tell, in its file and in its log group alike."""
    told: Told[Sighting] = Told()
    cloudtrail.read_file(BUCKET, PREFIX, trail_file(*events), told)
    again: Told[Sighting] = Told()
    for each in events:
        cloudtrail.read_message(BUCKET, PREFIX, json.dumps(each), again)
    assert told == again
    return told


def of_waf(*records: str, ips: tuple[str, ...] = (IP,)) -> Told[Screened]:
    """What records of WAF tell."""
    told: Told[Screened] = Told()
    waf.read_lines(ips, "\n".join(records).encode(), told)
    return told


def test_an_upload_in_an_access_log() -> None:
    """Time, key, address, agent, status and size; a presigned address is one, and names of months are English everywhere."""
    [seen] = of_access(access_line(KEY, AT, IP, request="3E57427F3EXAMPLE")).found
    assert seen[:2] == ("3E57427F3EXAMPLE", AT.timestamp())
    assert KEY in seen.keys
    assert (seen.status, seen.ip, seen.agent, seen.presigned, seen.whole, seen.size) == (
        200,
        IP,
        BROWSER,
        True,
        True,
        4406583,
    )


def test_the_documented_lines_of_an_access_log() -> None:
    """Those of the format's page are read, and none of them is an upload to a case."""
    line = access_line("s3-dg.pdf", AT, "192.0.2.3", signed="AuthHeader", agent="S3Console/0.4")
    listed = line.replace("REST.PUT.OBJECT s3-dg.pdf", "REST.GET.VERSIONING -")
    told = of_access(line, listed, line + " Yes a-field-of-tomorrow")
    assert (told.lines, told.unreadable, told.found) == (3, 0, [])
    assert told.newest == AT.timestamp()


@pytest.mark.parametrize(
    "encoded", ["준비서면 1+1 100%.pdf", "a%2Fb.pdf", "%EC%A4%80.pdf", 'x" "y.pdf', "ev_2_[x].pdf"]
)
def test_keys_are_what_was_meant(encoded: str) -> None:
    """However often S3 and the client encode it, the real key is among the spellings."""
    key = f"cases/case_1/raw/ev_1_{encoded}"
    once = access_line(key, AT, IP)
    assert key in of_access(once).found[0].keys
    twice = access_line(of_access(once).found[0].keys[-1], AT, IP)
    assert key in of_access(twice).found[0].keys


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "AccessDenied", 403),
        (400, "RequestTimeout", 408),
        (404, "NoSuchBucket", 404),
        (503, "SlowDown", 503),
        (200, "-", 200),
    ],
)
def test_a_refusal_in_an_access_log(status: int, code: str, told: int) -> None:
    """What S3 calls a bad request may be a client that went away, which its code tells."""
    [seen] = of_access(access_line(KEY, AT, IP, status=status, code=code)).found
    assert (seen.status, seen.refused) == (told, told >= 400)


def test_nobody_writes_themselves_another_line() -> None:
    """Quotes, spaces and whole lines in what the client chooses change neither key nor address, status nor way of signing."""
    forged = access_line("cases/case_1/raw/ev_9_x.pdf", AT, "198.51.100.9")
    for hostile in (
        'a" 200 - 0 0 0 0 "-" "b',
        '" - h SigV4 c AuthHeader host TLS - -',
        forged,
        '"',
        '""',
        "\\",
        "x" * 4000,
    ):
        [seen] = of_access(access_line(KEY, AT, IP, status=403, code="AccessDenied", agent=hostile)).found
        assert KEY in seen.keys
        assert (seen.ip, seen.status, seen.presigned, len(seen.agent or "") <= 300) == (IP, 403, True, True)
        [seen] = of_access(access_line(KEY, AT, IP, referrer=hostile)).found
        assert (seen.ip, seen.status, seen.presigned, seen.agent) == (IP, 200, True, BROWSER)
    [seen] = of_access(access_line(KEY, AT, IP, uri='PUT /uploads/x?"="&a=" HTTP/1.1')).found
    assert (seen.ip, seen.status) == (IP, 200)


def test_torn_and_foreign_lines_are_counted_and_say_nothing() -> None:
    """Cut anywhere, a line tells its time at most; of another bucket, another case or the service's own it is no upload of theirs."""
    line = access_line(KEY, AT, IP)
    for end in range(0, len(line) - 80, 7):
        assert not of_access(line[:end]).found
    bad = [
        "",
        "x",
        '"""',
        line.replace("Nov", "Nix"),
        line.replace("+0000]", "+0900]"),
        line.replace("27/", "99/"),
        "a" * 99_999,
    ]
    told = of_access(*bad, b"\xff\xfe\x00 \x80")
    assert (told.lines, told.unreadable, told.found) == (7, 7, [])
    others = [
        access_line(KEY, AT, IP, bucket="elsewhere"),
        access_line("cases/case_10/raw/ev_1_a.pdf", AT, IP),
        access_line(KEY, AT, IP, operation="REST.GET.OBJECT"),
        access_line(KEY, AT, IP, operation="REST.PUT.PART"),
    ]
    assert of_access(*others).found == []
    first, second = (f"PUT /uploads/x?partNumber={n}&uploadId=u HTTP/1.1" for n in (1, 10))
    told = of_access(*(access_line(KEY, AT, IP, operation="REST.PUT.PART", uri=uri) for uri in (first, second)))
    assert [(one.part, one.whole, one.size) for one in told.found] == [(True, False, None)]
    own, parts, form = of_access(
        access_line(KEY, AT, "10.0.0.1", signed="AuthHeader"),
        access_line(KEY, AT, IP, operation="REST.POST.UPLOADS"),
        access_line(KEY, AT, IP, operation="REST.POST.BUCKET", signed="-"),
    ).found
    assert (own.presigned, parts.whole, form.presigned) == (False, False, True)


def test_an_upload_in_a_trail() -> None:
    """The same fields; an agent stands in brackets, keys are not encoded, and a refusal has a code alone."""
    [seen] = of_trail(event(KEY, AT, IP, requestID="3E57427F3EXAMPLE")).found
    assert seen == Sighting("3E57427F3EXAMPLE", AT.timestamp(), (KEY,), 200, IP, BROWSER, True, True, 3)
    refused, unknown, begun, own = of_trail(
        event(KEY, AT, IP, errorCode="SignatureDoesNotMatch"),
        event(KEY, AT, IP, errorCode="SomethingNew"),
        event(KEY, AT, IP, eventName="CreateMultipartUpload"),
        event(KEY, AT, "AWS Internal", additionalEventData={"AuthenticationMethod": "AuthHeader"}),
    ).found
    assert (refused.status, unknown.status, begun.whole, begun.size) == (403, 400, False, None)
    assert (own.ip, own.presigned) == (None, False)
    numbered = [
        event(
            KEY, AT, IP, eventName="UploadPart", requestParameters={"bucketName": BUCKET, "key": KEY, "partNumber": n}
        )
        for n in ("1", 2, None)
    ]
    assert [(one.part, one.size) for one in of_trail(*numbered).found] == [(True, None)]


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        [],
        "text",
        {"Records": []},
        event(KEY, AT, IP) | {"eventTime": "2026-99-99T00:00:00Z"},
        event(KEY, AT, IP) | {"eventTime": ["2026"]},
        event(KEY, AT, IP) | {"eventTime": "0001-01-01T00:00:00+23:59"},
        event(KEY, AT, IP) | {"requestParameters": "cases/case_1/raw/"},
        event(KEY, AT, IP) | {"requestParameters": {"bucketName": BUCKET, "key": {"cases/case_1/raw/": 1}}},
        event(KEY, AT, IP) | {"requestParameters": {"bucketName": BUCKET, "key": PREFIX[0] + "x" * 2000}},
        event(KEY, AT, IP) | {"requestParameters": {"bucketName": [BUCKET], "key": KEY}},
        event(KEY, AT, IP) | {"eventName": ["PutObject"]},
        event(KEY, AT, IP) | {"eventSource": "evil.amazonaws.com"},
    ],
)
def test_events_that_are_none(hostile: Any) -> None:
    """Whatever stands where a field should be, it is no sighting and no error."""
    assert of_trail(hostile).found == []


def test_odd_fields_of_an_event_are_missing() -> None:
    """An address that is none, an agent of a megabyte, a size that is a word: the upload is one all the same."""
    odd = event(KEY, AT, "999.1.1.1", userAgent="x" * 1_000_000, requestID=7, errorCode={"a": 1})
    odd["additionalEventData"] = {"AuthenticationMethod": "QueryString", "bytesTransferredIn": "many"}
    [seen] = of_trail(odd).found
    assert (seen.ip, len(seen.agent or ""), seen.request, seen.size, seen.status) == (None, 300, "", None, 200)
    told: Told[Sighting] = Told()
    for data in (b"", b"{", b'{"Records": 1}', b"[" * 5000, b"\xff", b'{"Records": [' + b"{}," * 3):
        cloudtrail.read_file(BUCKET, PREFIX, data, told)
    assert (told.found, told.unreadable) == ([], 6)


def test_a_refusal_of_waf() -> None:
    """Time, address, action, path, agent and rule; the AS number where WAF tells it; of other addresses nothing is kept."""
    told = of_waf(
        waf_record(AT, IP, path="/cases/case_1/evidence", clientAsn=4766),
        waf_record(AT, "198.51.100.1", path="/cases/case_1/evidence"),
    )
    [seen] = told.found
    assert seen == Screened(
        AT.timestamp(), IP, "BLOCK", "POST", "/cases/case_1/evidence", BROWSER, "4766", "rate-of-uploads"
    )
    assert (told.lines, told.newest) == (2, AT.timestamp())


@pytest.mark.parametrize(
    "hostile",
    [
        "{",
        "7",
        '"x"',
        "[]",
        "{}",
        '{"timestamp": true, "action": "BLOCK"}',
        '{"timestamp": 1e99, "action": "BLOCK"}',
        '{"timestamp": 99999999999999999, "action": "BLOCK"}',
        waf_record(AT, IP, path="/", action="NOTHING"),
        waf_record(AT, "x" * 10_000, path="/"),
        '{"timestamp": 1795748645000, "action": ["BLOCK"]}',
        '{"timestamp": 1795748645000, "action": "BLOCK", "httpRequest": [1]}',
    ],
)
def test_records_of_waf_that_are_none(hostile: str) -> None:
    """They are counted, and tell nothing."""
    told = of_waf(hostile)
    assert (told.lines, told.found) == (1, [])


def test_odd_fields_of_a_record_of_waf_are_missing() -> None:
    """Headers that are no list, a path of a megabyte, an AS number that is a word."""
    odd = waf_record(AT, IP, path="/" + "x" * 1_000_000, headers={"User-Agent": "x"}, clientAsn="AS1", httpMethod=3)
    [seen] = of_waf(odd).found
    assert (len(seen.path), seen.agent, seen.asn, seen.method) == (512, None, None, "")


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_no_bytes_break_a_reader(before: bytes, after: bytes) -> None:
    """Anything may stand in a log, before a good line and after it: that one is found, or it is not, and nothing fails."""
    good = access_line(KEY, AT, IP).encode()
    for raw in (before + after, before + b"\n" + good + b"\n" + after):
        seen: Told[Sighting] = Told()
        access_log.read_lines(BUCKET, PREFIX, raw, seen)
        cloudtrail.read_file(BUCKET, PREFIX, raw, seen)
        screened: Told[Screened] = Told()
        waf.read_lines((IP,), raw, screened)
        assert all(one.ip in {IP, None} or address_of(one.ip) for one in seen.found)
    assert sum(KEY in one.keys for one in seen.found) == 1


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=200))
def test_an_agent_is_only_an_agent(agent: str) -> None:
    """Whatever a client calls itself, all the other fields of its line stay what they are."""
    [seen] = of_access(access_line(KEY, AT, IP, status=403, code="AccessDenied", agent=agent)).found
    assert (seen.at, seen.ip, seen.status, seen.presigned, seen.size) == (AT.timestamp(), IP, 403, True, 4406583)


def test_addresses() -> None:
    """As they are usually written; names, zones and numbers are none."""
    assert [address_of(one) for one in ("203.0.113.7", "2001:DB8::0:1", "AWS Internal", "", None, 7, "1" * 99)] == [
        "203.0.113.7",
        "2001:db8::1",
        *[None] * 5,
    ]


def test_what_is_packed_is_unpacked_within_bounds() -> None:
    """One member or several, plain text as it is; a bomb ends at the bound, and what is cut off is no file."""
    assert unpacked(b"plain", 99) == b"plain"
    assert unpacked(gzip.compress(b"a" * 50) + gzip.compress(b"b" * 49), 99) == b"a" * 50 + b"b" * 49
    for many in (gzip.compress(b"a" * 100), gzip.compress(b"a" * 60) + gzip.compress(b"a" * 60)):
        with pytest.raises(_TooLong):
            unpacked(many, 99)
    for torn in (gzip.compress(b"abc" * 9)[:-9], gzip.compress(b"abc")[:12], gzip.compress(b"abc") + b"\x1f\x8b"):
        with pytest.raises((EOFError, zlib.error)):
            unpacked(torn, 99)
