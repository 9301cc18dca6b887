"""Status pages in their three shapes, with every quirk that has been seen, and what hostile ones send."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.provider import reading
from leh_guardian.model.provider.reading import LARGEST, OddShape
from leh_guardian.model.provider.snapshot import OPENAI_COMPONENTS, ComponentStatus, PageState, Snapshot, judge
from tests.unit.model.provider.pages import atlassian, dumped, incident, native

READERS = pytest.mark.parametrize(
    "read", [reading.native, reading.summary, reading.incidents], ids=lambda r: r.__name__
)
Read = Callable[[bytes], Snapshot]


_GROUPS = [{"group": {"components": [{"component_id": f"{n}.{k}", "name": "x"} for k in range(300)]}} for n in range(7)]


def state(snapshot: Snapshot) -> PageState:
    """What it means for a worker that uses OpenAI."""
    return judge(snapshot, OPENAI_COMPONENTS, "x").state


def test_native_components_that_nothing_names_are_operational() -> None:
    """The native shape gives no status to a component that is well."""
    snapshot = reading.native(native())
    assert {part.status for part in snapshot.components.values()} == {ComponentStatus.OPERATIONAL}
    assert state(snapshot) is PageState.GOOD


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("operational", ComponentStatus.OPERATIONAL),
        ("degraded_performance", ComponentStatus.DEGRADED),
        ("partial_outage", ComponentStatus.PARTIAL),
        ("major_outage", ComponentStatus.MAJOR),
        ("full_outage", ComponentStatus.MAJOR),
        ("Full_Outage", ComponentStatus.MAJOR),
        ("under_maintenance", ComponentStatus.MAINTENANCE),
        ("on_fire", ComponentStatus.DEGRADED),
        ("", ComponentStatus.DEGRADED),
    ],
)
def test_status_words(word: str, status: ComponentStatus) -> None:
    """Each word in both shapes; one that nobody knows is degraded, never dropped."""
    assert reading.native(native({"c1": word})).components["c1"].status is status
    assert reading.summary(atlassian({"c1": word})).components["c1"].status is status


def test_what_the_worker_does_not_use_does_not_matter() -> None:
    """Sora's outage is not ours; Chat Completions' is."""
    assert state(reading.native(native({"c3": "full_outage"}))) is PageState.GOOD
    assert state(reading.native(native({"c1": "full_outage"}))) is PageState.BAD


def test_a_native_incident_worsens_its_components() -> None:
    """An ongoing incident that names a component counts where `affected_components` does not; a resolved one does not."""
    affected = [{"component_id": "c1", "status": "partial_outage"}]
    snapshot = reading.native(native(ongoing_incidents=[incident(affected_components=affected)]))
    assert snapshot.components["c1"].status is ComponentStatus.PARTIAL
    assert [each.components for each in snapshot.incidents] == [("c1",)]
    over = incident(status="Resolved", affected_components=affected)
    assert reading.native(native(ongoing_incidents=[over])).incidents == ()


def test_a_watched_incident_leaves_the_word_to_the_components() -> None:
    """While it is monitored it goes on naming what works again; what the page itself calls affected counts."""
    watched = incident(status="monitoring", affected_components=[{"component_id": "c1", "status": "full_outage"}])
    snapshot = reading.native(native(ongoing_incidents=[watched]))
    assert (state(snapshot), len(snapshot.incidents)) == (PageState.GOOD, 1)
    assert state(reading.native(native({"c1": "partial_outage"}, ongoing_incidents=[watched]))) is PageState.BAD


def test_what_is_affected_is_seen_in_every_place_and_spelling() -> None:
    """Beside `summary` as well as in it; `id` and `current_status` as well; an incident names components by its impacts, too."""
    summary = json.loads(native())
    beside = {**summary, "affected_components": [{"id": "c1", "current_status": "full_outage"}]}
    assert reading.native(dumped(beside)).components["c1"].status is ComponentStatus.MAJOR
    impacts = [{"component_id": "c2", "status": "full_outage", "end_at": "2026-11-22T18:00:00Z"}]
    beside = {**summary, "ongoing_incidents": [incident(component_impacts=impacts)]}
    snapshot = reading.native(dumped(beside))
    assert snapshot.incidents[0].components == ("c2",)
    assert snapshot.components["c2"].status is ComponentStatus.OPERATIONAL
    both = dumped(
        {**json.loads(native({"c1": "full_outage"})), "affected_components": [{"id": "c1", "status": "operational"}]}
    )
    assert reading.native(both).components["c1"].status is ComponentStatus.MAJOR


def test_native_components_may_stand_in_the_structure_alone() -> None:
    """A component that is named in a group, or by itself, is one like any other; null is the other kind of item."""
    items = [
        {"component": {"component_id": "c8", "name": "Files"}, "group": None},
        {"group": {"name": "API", "components": [{"component_id": "c9", "name": "Batch"}]}},
    ]
    snapshot = reading.native(native({"c9": "major_outage"}, structure={"items": items}))
    assert snapshot.components["c8"].name == "Files"
    assert judge(snapshot, ["batch"], "x").state is PageState.BAD


def test_an_affected_component_that_is_not_listed_is_kept() -> None:
    """It has no name to match, and does no harm."""
    assert reading.native(native({"c77": "major_outage"})).components["c77"].name == ""


def test_absent_keys_are_empty() -> None:
    """`incidents` and `scheduled_maintenances` are left out where there are none."""
    assert reading.summary(atlassian()).incidents == ()
    assert reading.incidents(dumped({"page": {}})).incidents == ()
    assert reading.native(dumped({"summary": {}})).components == {}


def test_a_page_without_our_components_is_unknown() -> None:
    """Empty is a shape that may be, and says nothing: never fine."""
    page = judge(reading.summary(dumped({"page": {}})), OPENAI_COMPONENTS, "summary")
    assert page.state is PageState.UNKNOWN
    assert page.vanished == OPENAI_COMPONENTS
    assert "none of the configured components" in page.reasons[0]


def test_two_components_of_one_name_both_count() -> None:
    """Keyed by id: the operational one does not hide the other."""
    parts = [
        {"id": "a", "name": "Login", "status": "major_outage"},
        {"id": "b", "name": "Login", "status": "operational"},
    ]
    snapshot = reading.summary(dumped({"page": {}, "components": parts}))
    assert len(snapshot.components) == 2
    assert judge(snapshot, ["Login"], "x").state is PageState.BAD


def test_a_vanished_name_is_told() -> None:
    """Names move: the others still decide, and the missing one is told."""
    page = judge(reading.native(native()), ["chat  completions", "Embeddings"], "native")
    assert (page.state, page.vanished) == (PageState.GOOD, ("Embeddings",))


def test_incidents_are_unresolved_by_their_status_and_time() -> None:
    """`unresolved.json` is not offered: what is resolved is seen in the whole list."""
    body = dumped(
        {
            "page": {},
            "incidents": [
                incident("open"),
                incident("watched", "monitoring", resolved_at=None),
                incident("done", "resolved"),
                incident("written-up", "postmortem"),
                incident("timed", "monitoring", resolved_at="2026-11-22T18:00:00Z"),
            ],
        }
    )
    assert [each.id for each in reading.incidents(body).incidents] == ["open", "watched"]


def test_incidents_alone_are_never_fine() -> None:
    """They carry no components on this page: that nothing is open proves nothing; one that names ours is bad."""
    assert state(reading.incidents(dumped({"page": {}, "incidents": []}))) is PageState.UNKNOWN
    assert state(reading.incidents(dumped({"page": {}, "incidents": [incident()]}))) is PageState.UNKNOWN
    named = incident(components=[{"id": "c1", "name": "Chat Completions", "status": "partial_outage"}])
    assert state(reading.incidents(dumped({"page": {}, "incidents": [named]}))) is PageState.BAD
    well = incident(components=[{"id": "c1", "name": "Chat Completions", "status": "operational"}])
    assert state(reading.incidents(dumped({"page": {}, "incidents": [well]}))) is PageState.UNKNOWN


def test_incidents_of_two_sources_are_one_list() -> None:
    """What both name is named once."""
    both = reading.summary(atlassian(incidents=[incident("i1")])).with_incidents(
        reading.incidents(dumped({"page": {}, "incidents": [incident("i1"), incident("i2")]})).incidents
    )
    assert [each.id for each in both.incidents] == ["i1", "i2"]


def test_incidents_about_others_are_left_out() -> None:
    """An incident that names components, none of them ours, is not shown; one that names none is."""
    affected = [{"component_id": "c3", "status": "major_outage"}]
    snapshot = reading.native(
        native(ongoing_incidents=[incident("sora", affected_components=affected), incident("vague")])
    )
    assert [each.id for each in judge(snapshot, OPENAI_COMPONENTS, "x").incidents] == ["vague"]


@READERS
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Just a moment...</body></html>",
        b"null",
        b"[]",
        b'"operational"',
        b"{}",
        b"\xff\xfe{\x00}\x00",
        b'{"page": {}, "summary": {}, "components": NaN, "incidents": NaN}',
        b'{"page": {}, "summary": {"components": Infinity}, "components": Infinity, "incidents": -Infinity}',
        b"[" * 200_000,
        b'{"summary": ' * 100_000,
        b'{"page": {}, "components": ' + b"9" * 5000 + b', "incidents": 1, "summary": 1}',
        b" " * (10 * 1024 * 1024),
        dumped({"error": "not found"}),
    ],
    ids=range(14),
)
def test_what_is_no_page_is_odd(read: Read, body: bytes) -> None:
    """Another page's HTML, another encoding, NaN, depth, size: an error of ours, never a page."""
    with pytest.raises(OddShape):
        read(body)


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (reading.native, {"summary": []}),
        (reading.native, {"summary": {"components": {}}}),
        (reading.native, {"summary": {"components": None}}),
        (reading.native, {"summary": {"components": ["c1"]}}),
        (reading.native, {"summary": {"components": [{"id": 1, "name": "x"}]}}),
        (reading.native, {"summary": {"components": [{"id": "", "name": "x"}]}}),
        (reading.native, {"summary": {"components": [{"id": "x" * 201}]}}),
        (reading.native, {"summary": {"affected_components": [{"component_id": "c1", "status": 3}]}}),
        (reading.native, {"summary": {"ongoing_incidents": {}}}),
        (reading.native, {"summary": {"ongoing_incidents": [{"id": "i", "name": ["n"]}]}}),
        (reading.native, {"summary": {"structure": []}}),
        (reading.native, {"summary": {"structure": {"items": _GROUPS}}}),
        (reading.native, {"summary": {"structure": {"items": [{"group": []}]}}}),
        (reading.native, {"summary": {"structure": {"items": [{"component": ""}]}}}),
        (reading.summary, {"page": {}, "components": {"c1": "operational"}}),
        (reading.summary, {"page": {}, "components": [{"id": "c1", "name": "x", "status": True}]}),
        (reading.summary, {"page": {}, "components": [], "incidents": "none"}),
        (reading.summary, {"components": [{"id": f"{n}", "name": "x"} for n in range(2001)]}),
        (reading.incidents, {"incidents": None}),
        (reading.incidents, {"incidents": [{"id": "i", "status": None}]}),
        (reading.incidents, {"incidents": [{"id": "i", "status": "x", "resolved_at": 3}]}),
        (reading.incidents, {"incidents": [{"id": "i", "status": "x", "components": "all"}]}),
    ],
)
def test_a_wrong_type_is_odd(read: Read, document: Any) -> None:
    """A key of another type than ever makes the whole answer odd: what else it means then, nobody knows."""
    with pytest.raises(OddShape):
        read(dumped(document))


def test_a_million_components_are_refused() -> None:
    """They do not fit into the bytes that are read, nor into the entries that are counted."""
    body = dumped({"page": {}, "components": [{"id": f"c{n}", "name": "x"} for n in range(1_000_000)]})
    assert len(body) > LARGEST
    with pytest.raises(OddShape, match="bytes"):
        reading.summary(body)


def test_texts_are_cut_and_made_visible() -> None:
    """A name with control characters, or of a megabyte, is a line of at most 200 characters."""
    snapshot = reading.summary(atlassian(incidents=[incident("i", name="\x1b[31m" + "x" * 1_000_000)]))
    [found] = snapshot.incidents
    assert len(found.name) == 200
    assert "\x1b" not in found.name


def test_a_byte_order_mark_is_no_mistake() -> None:
    """UTF-8 with a mark is UTF-8."""
    assert state(reading.summary(b"\xef\xbb\xbf" + atlassian())) is PageState.GOOD


def test_the_most_entries_that_fit_are_read() -> None:
    """Seventy thousand entries in two megabytes, the most that fit, are read; which components they name is all that is kept."""
    affected = [{"component_id": f"{n}"} for n in range(35)]
    body = json.dumps(
        {"summary": {"ongoing_incidents": [{"id": f"{n}", "affected_components": affected} for n in range(2000)]}}
    )
    assert len(reading.native(body.encode()).components) == 35


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["operational", "full_outage"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "summary components page incidents id name status structure items group component component_id"
                " affected_components ongoing_incidents resolved_at".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@READERS
@given(document=_json)
def test_no_document_is_anything_but_read_or_odd(read: Read, document: Any) -> None:
    """Whatever JSON comes, it is a snapshot or odd; without one of our components it is never good."""
    try:
        snapshot = read(json.dumps(document).encode())
    except OddShape:
        return
    page = judge(snapshot, OPENAI_COMPONENTS, "x")
    if not any(part.name in OPENAI_COMPONENTS for part in snapshot.components.values()):
        assert page.state is PageState.UNKNOWN


@READERS
@given(body=st.binary(max_size=200))
def test_no_bytes_are_anything_but_read_or_odd(read: Read, body: bytes) -> None:
    """Whatever bytes come, the error is ours."""
    try:
        read(body)
    except OddShape:
        return
