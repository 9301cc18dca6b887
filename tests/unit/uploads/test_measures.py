"""Each measure says the number that it names, or nothing where the log cannot say it."""

from __future__ import annotations

from typing import Any

import pytest

from leh_guardian.uploads.measures import MEASURES
from tests.unit.uploads.making import measured, row, uploads

DAY = 86_400.0
MIB = 1 << 20
OFFICE: dict[str, Any] = {"ip": "121.1.2.3", "asn": 4766, "user_agent": "Chrome/130.0"}
HOTEL: dict[str, Any] = {"ip": "5.6.7.8", "asn": 3320, "user_agent": "Safari/18"}
PAST = [row(-d * DAY, "view", case_id="c", **OFFICE) for d in range(2, 12)]
OLD = {"account_created_at": "2020-01-01T00:00:00Z"}


def history(per_hour: list[int]) -> list[dict[str, Any]]:
    """Return uploads of so many in each of some hours of days before."""
    return [row(-(2 + n) * DAY + k, sha256=f"{n}-{k}") for n, count in enumerate(per_hour) for k in range(count)]


CASES: list[tuple[str, list[dict[str, Any]], float | None]] = [
    ("uploads", uploads(7, sha256="{}", key="k/{}.pdf"), 7),
    ("peak_per_minute", uploads(30, 5, key="k/{}.pdf"), 12),
    ("peak_per_hour", uploads(100, 60, key="k/{}.pdf"), 60),
    ("burst_ratio", [*history([10, 10, 10]), *uploads(100, 1, key="k/{}.pdf")], 10),
    ("burst_ratio", [*history([10, 10, 900]), *uploads(100, 1, key="k/{}.pdf")], 10),
    ("burst_ratio", [*history([10]), *uploads(100, 1, key="k/{}.pdf")], None),
    ("files_per_case", uploads(6, key="k/{}.pdf", case_id=["a", "a", "b"]), 4),
    ("cases", uploads(6, key="k/{}.pdf", case_id=["a", "a", "b"]), 2),
    ("cases", uploads(6, key="k/{}.pdf"), None),
    ("text_mib", uploads(4, key="k/{}.txt", size=MIB), 4),
    ("text_mib", uploads(4, key="k/{}.txt"), None),
    ("document_mib", uploads(4, key=["k/{}.pdf", "k/{}.mp4"], size=MIB), 2),
    ("pace_cv", uploads(30, 10, key="k/{}.pdf"), 0),
    ("pace_cv", uploads(5, 10, key="k/{}.pdf"), None),
    ("day_cv", uploads(30, 3000, key="k/{}.pdf"), 0),
    ("span_hours", uploads(11, 3600, key="k/{}.pdf"), 10),
    ("longest_rest_hours", [*uploads(3, 10, key="k/{}.pdf"), row(20 + 7200, key="k/x.pdf")], 2),
    ("views_per_upload", [*uploads(10, key="k/{}.pdf"), row(5, "view")], 0.1),
    ("views_per_upload", [*uploads(10, key="k/{}.pdf", **HOTEL), row(5, "view", **OFFICE)], 0),
    ("views_per_upload", uploads(10, key="k/{}.pdf"), None),
    ("views_per_upload", [*uploads(10, key="k/{}.pdf"), row(5, "login", user_id="other")], 0),
    ("presence", [*uploads(10, key="k/{}.pdf"), row(5, "view"), row(1, "login")], 2),
    ("presence", uploads(10, key="k/{}.pdf"), None),
    ("scripted_ratio", uploads(4, key="k/{}.pdf", user_agent=["python-requests/2", "Mozilla/5.0 Chrome/1"]), 0.5),
    ("scripted_ratio", uploads(4, key="k/{}.pdf", user_agent=""), 1),
    ("scripted_ratio", uploads(4, key="k/{}.pdf"), None),
    ("agents", uploads(4, key="k/{}.pdf", user_agent=["Chrome/130.1", "Chrome/131.0", "curl/8"]), 2),
    ("refused_ratio", uploads(4, key="k/{}.pdf", status=[403, 200, 500, 408]), 0.25),
    ("account_age_hours", uploads(2, account_created_at="2026-03-10T03:00:00Z"), 24),
    ("account_age_hours", uploads(2), None),
    ("places_used", uploads(4, ip=["1.2.3.4", "1.2.3.9", "1.2.4.4"]), 2),
    ("places_used", uploads(4, ip=["2001:db8:1:2::1", "2001:db8:1:3::1", "::ffff:1.2.3.4", "nonsense"]), 2),
    ("networks_used", uploads(4, key="k/{}.pdf", asn=["AS4766 Korea Telecom", 4766, "9318"]), 2),
    ("hopping_ratio", uploads(5, key="k/{}.pdf", ip=["1.1.1.1", "2.2.2.2"]), 1),
    ("hopping_ratio", uploads(5, key="k/{}.pdf", ip="1.1.1.1"), 0),
    ("new_network_ratio", [*PAST, *uploads(4, key="k/{}.pdf", **HOTEL)], 1),
    ("new_network_ratio", [*PAST, *uploads(4, key="k/{}.pdf", **OFFICE)], 0),
    ("new_network_ratio", uploads(4, key="k/{}.pdf", **HOTEL), None),
    ("new_place_ratio", [*PAST, *uploads(4, key="k/{}.pdf", ip="121.1.3.1")], 1),
    ("new_agent_ratio", [*PAST, *uploads(4, key="k/{}.pdf", user_agent=["Chrome/131.5", "curl/8"])], 0.5),
    ("stranger_ratio", [*PAST, *uploads(4, key="k/{}.pdf", **HOTEL)], 1),
    ("stranger_ratio", [*PAST, *uploads(4, key="k/{}.pdf", **{**OFFICE, "ip": "39.7.1.1"})], 0),
    ("stranger_ratio", [*PAST, *uploads(4, key="k/{}.pdf", ip="39.7.1.1", asn=4766, user_agent="curl/8")], 1),
    ("hosted_ratio", uploads(4, key="k/{}.pdf", asn=[16509, 4766]), 0.5),
    ("elsewhere_ratio", [*uploads(4, key="k/{}.pdf", **HOTEL), row(5, "view", **OFFICE)], 1),
    ("elsewhere_ratio", uploads(4, key="k/{}.pdf", **HOTEL), None),
    ("overwrite_ratio", uploads(10, 4000, key="k/same.pdf", sha256="{}"), 0.9),
    ("overwrite_ratio", uploads(10, key="k/{}.pdf", sha256="{}"), 0),
    ("overwrite_ratio", uploads(10, sha256="{}"), None),
    ("versions_per_key", uploads(10, key=["k/a.pdf", "k/b.pdf"], sha256="{}"), 5),
    ("uploads_per_presign", [row(-5, "presign", key="k/a.pdf"), *uploads(10, key="k/a.pdf", sha256="{}")], 10),
    ("uploads_per_presign", uploads(10, key="k/a.pdf"), None),
    ("dup_ratio", uploads(10, key="k/{}.pdf", sha256=["a", "b"]), 0.6),
    ("dup_ratio", uploads(10, key="k/{}.pdf", etag='"A"'), 0.8),
    ("dup_ratio", uploads(10, key="k/{}.pdf", sha256=["a", "b", "c", "d", "e"]), 0),
    ("dup_ratio", uploads(10, key="k/{}.pdf"), None),
    ("retry_ratio", uploads(4, key="k/a.pdf", sha256="a"), 0.75),
    ("bad_type_ratio", uploads(4, key=["k/{}.pdf", "k/{}.exe"], content_type="application/pdf"), 0.5),
    ("bad_type_ratio", uploads(4, key="k/{}.hwp", content_type="application/octet-stream"), 0),
    ("bad_type_ratio", uploads(4, content_type="application/pdf"), None),
    ("garbage_ratio", uploads(4, key=["k/9f8a7c6b5d4e3f2a1{}.pdf", "k/준비서면 {}.pdf"]), 0.5),
    ("numbered_ratio", uploads(10, key="k/file_{}.txt"), 1),
    ("numbered_ratio", uploads(10, key="k/IMG_000{}.jpg"), 0),
    ("same_name_ratio", uploads(4, key=["k1/a.pdf", "k2/a.pdf", "k3/b.pdf", "k4/a.pdf"], sha256="{}"), 0.75),
    ("same_size_ratio", uploads(4, key="k/{}.pdf", sha256="{}", size=[5, 5, 5, 9]), 0.75),
    ("same_size_ratio", uploads(4, key="k/{}.pdf", sha256="a", size=5), 1),
    ("size_cv", uploads(4, key="k/{}.pdf", size=100), 0),
    ("tiny_ratio", uploads(4, key="k/{}.pdf", size=[100, 5000]), 0.5),
    ("oversize", uploads(4, key="k/{}.txt", size=[100, 20 * MIB]), 4),
    ("oversize_ratio", uploads(4, key="k/{}.txt", size=[100, 20 * MIB]), 0.5),
    (
        "size_vs_usual",
        [*[row(-3 * DAY + n, key=f"k/{n}.txt", size=1000) for n in range(40)], *uploads(3, key="k/n{}.txt", size=5000)],
        5,
    ),
    ("size_vs_usual", uploads(3, key="k/{}.txt", size=5000), None),
    ("night_ratio", [row(13 * 3600, key="k/a.pdf"), row(0, key="k/b.pdf")], 0.5),
    ("working_ratio", [row(13 * 3600, key="k/a.pdf"), row(0, key="k/b.pdf")], 0.5),
    ("hours_of_day", uploads(5, 3600, key="k/{}.pdf"), 5),
    ("past_bulk_ok", [row(-3 * DAY, past_bulk_ok=2), *uploads(3, key="k/{}.pdf", past_bulk_ok=1)], 2),
    ("past_bulk_ok", uploads(3, key="k/{}.pdf"), None),
    ("past_days", [*PAST, row(-3 * DAY, user_id="other"), *uploads(3, key="k/{}.pdf", **OLD)], 10),
    (
        "past_days",
        [row(-3 * DAY, key="x.pdf"), *uploads(3, key="k/{}.pdf", account_created_at="2026-03-06T00:00:00Z")],
        0,
    ),
    ("past_days", uploads(3, key="k/{}.pdf"), None),
    ("busiest_day_before", [*history([5]), *uploads(10, key="k/{}.pdf", **OLD)], 0.5),
    ("known_case_ratio", [*PAST, *uploads(4, key="k/{}.pdf", case_id=["c", "d"])], 0.5),
    ("human_name_ratio", uploads(4, key=["k/계약서 {}.pdf", "k/IMG_000{}.jpg"]), 0.5),
    ("device_name_ratio", uploads(4, key=["k/계약서 {}.pdf", "k/IMG_000{}.jpg"]), 0.5),
]


@pytest.mark.parametrize(("name", "rows", "wanted"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_measure(name: str, rows: list[dict[str, Any]], wanted: float | None) -> None:
    """A small log, and the number that follows by hand."""
    found = measured(name, rows)
    assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-6))


def crowd(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return new accounts with three uploads each, every account in a network of its own."""
    return [
        row(
            n * 7 + k,
            user_id=f"u{n or ''}",
            key=f"k{n}/{k}.jpg",
            sha256=f"{k}",
            ip=f"{20 + n}.1.1.1",
            account_created_at="2026-03-10T00:00:00Z",
            **fields,
        )
        for n in range(count)
        for k in range(3)
    ]


CROWDS: list[tuple[str, list[dict[str, Any]], float | None]] = [
    ("crowd_accounts", crowd(6), 6),
    ("crowd_accounts", crowd(2), 1),
    ("crowd_accounts", [*PAST, *uploads(3, key="k/{}.pdf", **OLD), *crowd(6)[3:]], 1),
    ("crowd_networks", crowd(6), 6),
    ("crowd_places", crowd(6), 6),
    ("crowd_places", [{**one, "ip": "9.9.9.9"} for one in crowd(6)], 1),
    ("crowd_views", [*crowd(6), row(5, "view", user_id="u3", ip="23.1.1.1")], 1 / 18),
    ("crowd_views", crowd(6), None),
    ("crowd_dup_ratio", crowd(6), 1 - 3 / 18),
    ("crowd_dup_ratio", crowd(2), None),
    ("shared_ratio", crowd(6), 1),
    ("shared_ratio", crowd(2), 0),
]


@pytest.mark.parametrize(("name", "rows", "wanted"), CROWDS, ids=[f"{n}-{case[0]}" for n, case in enumerate(CROWDS)])
def test_crowd(name: str, rows: list[dict[str, Any]], wanted: float | None) -> None:
    """What is seen over accounts is said of each of them, and of nobody else."""
    found = measured(name, rows)
    assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-6))


def test_who_sits_where_the_firm_sits_is_no_crowd() -> None:
    """New accounts in the /24 of an established user are colleagues."""
    settled = [row(-5 * DAY, "view", user_id="boss", **OFFICE), row(5, user_id="boss", key="b.pdf", **OFFICE, **OLD)]
    new = [{**one, "ip": "121.1.2.9"} for one in crowd(6)]
    assert measured("crowd_accounts", [*settled, *new]) == 1


def test_every_measure_is_looked_at() -> None:
    """A measure without a row here is a measure that nobody has seen work."""
    assert {case[0] for case in (*CASES, *CROWDS)} == set(MEASURES)
