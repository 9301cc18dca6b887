"""A look at the service, step by step: values go from answer to request, and none of them is in what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from leh_guardian.adapters.service_probe import HttpProbe, probe_session
from leh_guardian.app.probing import service_probe
from leh_guardian.model.probe import StepLook, failed_in
from leh_guardian.settings.probes import ProbeSettings
from tests.support.faults import cut_before, drip, hang, refuse
from tests.support.process import wait_for
from tests.support.service_outside import PASSWORD, TOKEN, ServiceOutside

LOGIN = {
    "name": "log-in",
    "url": "/login",
    "method": "POST",
    "json": {"email": "probe@leh.example", "password": "${password}"},
    "take": {"token": "data.token", "place": "data.upload"},
}
AUTHORIZED = {"headers": {"Authorization": "Bearer ${token}"}}
UPLOAD = {
    **AUTHORIZED,
    "name": "upload",
    "url": "/upload",
    "method": "POST",
    "file": {"field": "file", "name": "probe-${run}.txt"},
    "form": {"case_id": "case_1"},
    "expect": {"status": 201},
    "take": {"file": "id"},
}
SEARCH = {
    **AUTHORIZED,
    "name": "search",
    "url": "/search?q=x",
    "expect": {"json": {"length(hits) > `0`": True, "hits[0].id": "ev_9"}},
}
CLEAN = {**AUTHORIZED, "name": "clean", "url": "/files/${file}", "method": "DELETE", "cleanup": True}


@pytest.fixture
def service() -> Iterator[ServiceOutside]:
    """The service."""
    with ServiceOutside() as opened:
        yield opened


@pytest.fixture
async def take(service: ServiceOutside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Take a look with some steps; whatever it says is looked through for what must not be said."""
    async with probe_session() as session:

        async def look(*steps: dict[str, Any]) -> list[StepLook]:
            looks = list(await make(*steps).look())
            assert not any(secret in str(looks) for secret in (PASSWORD, TOKEN, "tok%2Fen", "1234567", "\u202e"))
            return looks

        def make(*steps: dict[str, Any]) -> HttpProbe:
            at = [
                {**step, "url": step["url"] if step["url"][:1] == "$" else service.url + step["url"]} for step in steps
            ]
            wanted = {"name": "p", "secrets": {"password": {"env": "PROBE_PASSWORD"}}, "steps": at}
            return service_probe(ProbeSettings.model_validate(wanted), session, {"PROBE_PASSWORD": PASSWORD})

        look.make = make  # type: ignore[attr-defined]
        yield look


async def test_log_in_upload_search_and_clean_up(service: ServiceOutside, take: Any) -> None:
    """The token goes into the header, the marked file into a form, its id into an address; the file is gone at the end."""
    looks = await take(LOGIN, UPLOAD, SEARCH, CLEAN)
    assert [(look.step, look.ok) for look in looks] == [
        ("log-in", True),
        ("upload", True),
        ("search", True),
        ("clean", True),
    ]
    assert service.files == {}
    upload = service.requests[1]
    assert b'name="case_id"' in upload.body
    assert b"leh-guardian probe" in upload.body
    assert b'filename="probe-' in upload.body


async def test_a_step_that_fails_ends_the_look_and_is_cleaned_up_after(service: ServiceOutside, take: Any) -> None:
    """What was expected and seen is said; later steps are not taken, but for what cleans up, if there is anything to clean up."""
    wrong = {**SEARCH, "expect": {"json": {"hits[0].id": "ev_8"}}}
    looks = await take(LOGIN, UPLOAD, wrong, SEARCH, CLEAN)
    assert [(look.step, look.ok) for look in looks][2:] == [("search", False), ("clean", True)]
    failed = failed_in(looks)
    assert failed is not None
    assert (failed.expected.ko, failed.seen.ko, failed.answered) == ('hits[0].id = "ev_8"', '"***"', True)
    assert service.files == {}
    looks = await take({**LOGIN, "json": {"email": "probe@leh.example", "password": "x"}}, UPLOAD, CLEAN)
    assert [(look.step, look.ok, look.seen.ko) for look in looks] == [("log-in", False, "HTTP 403")]


@pytest.mark.parametrize(
    ("step", "expected", "seen"),
    [
        ({"url": "/nothing"}, "HTTP 2xx", "HTTP 500: "),
        ({"url": "/search", "expect": {"status": [401, 204]}}, "HTTP 401 또는 204", "HTTP 200: "),
        ({"url": "/search", "expect": {"contains": "증거"}}, "본문에 '증거'", "본문에 없음("),
        ({"url": "/search", "expect": {"json": {"total": "0"}}}, 'total = "0"', "0"),
        ({"url": "/search", "expect": {"json": {"total": False}}}, "total = false", "0"),
        ({"url": "/search", "expect": {"json": {"length(nothing)": 1}}}, "length(nothing) = 1", "null"),
        ({"url": "/search", "take": {"x": "nothing"}}, "응답에서 x(nothing)", "없음"),
        ({"url": "/search", "take": {"x": "hits"}}, "응답에서 x(hits)", "list 값"),
        ({"url": "/files/x", "method": "DELETE", "expect": {"status": 404, "json": {"a": 1}}}, "a = 1", "null"),
        ({"url": "/large", "expect": {"json": {"a": 1}}}, "256 KB 이하의 JSON", "더 긴 응답"),
        ({"url": "/moved"}, "HTTP 2xx", "HTTP 302"),
        ({"url": "/elsewhere", "redirects": 3}, "설정이 허용하는 주소", "다른 서버로 보내는"),
    ],
)
async def test_what_is_not_as_expected(take: Any, step: dict[str, Any], expected: str, seen: str) -> None:
    """Each is said with what was seen, hostile answers included, without a secret or a person's number."""
    *_, look = await take(LOGIN, {**AUTHORIZED, "name": "s", **step})
    assert not look.ok
    assert look.expected.ko == expected
    assert look.seen.ko.startswith(seen)
    assert look.answered


async def test_redirects_are_followed_only_where_they_may_be(take: Any) -> None:
    """At the same server."""
    assert failed_in(await take(LOGIN, {**AUTHORIZED, "url": "/moved", "redirects": 1})) is None


async def test_an_address_in_an_answer_is_used_for_named_hosts_alone(service: ServiceOutside, take: Any) -> None:
    """A signed address of the bucket, and no other."""
    host = service.url.removeprefix("http://")
    step = {"name": "put", "url": "${place}", "method": "PUT", "file": {}, "hosts": [host]}
    assert failed_in(await take(LOGIN, step)) is None
    assert service.files["ev_7"].startswith(b"leh-guardian probe")
    failed = failed_in(await take(LOGIN, {**step, "hosts": ["bucket.example"]}))
    assert failed is not None
    assert failed.expected.ko == "설정이 허용하는 주소"


async def test_a_value_is_a_part_of_a_path_and_no_way_out_of_it(service: ServiceOutside, take: Any) -> None:
    """What an answer gives neither goes up in the path nor begins another query; nothing is deleted that was not meant."""
    up = {**SEARCH, "expect": {}, "take": {"file": "'..'"}}
    *_, look = await take(LOGIN, up, CLEAN)
    assert (look.step, look.ok, look.seen.ko) == ("clean", False, "주소에 넣을 수 없는 값")
    await take(LOGIN, {**up, "take": {"file": "'../a?b#c'"}}, CLEAN)
    assert service.requests[-1].path == "/files/..%2Fa%3Fb%23c"


@pytest.mark.parametrize("fault", [hang(), drip(0.2), cut_before()])
async def test_what_does_not_answer_ends_in_time(service: ServiceOutside, take: Any, fault: Any) -> None:
    """A step's deadline is for all of it; nothing answered, which may be the fault of our own network."""
    service.faults.always("GET /search", fault)
    *_, look = await take(LOGIN, {**AUTHORIZED, "url": "/search", "timeout": "300ms"})
    assert (look.ok, look.answered) == (False, False)
    service.let_go()


async def test_an_answer_that_is_an_error_is_an_answer(service: ServiceOutside, take: Any) -> None:
    """Whatever it is."""
    service.faults.always("POST /login", refuse())
    [look] = await take(LOGIN)
    assert (look.ok, look.answered, look.seen.ko) == (False, True, "HTTP 503")


async def test_a_stop_in_the_middle_leaves_nothing_behind(service: ServiceOutside, take: Any) -> None:
    """What has been uploaded is deleted, though the look is cancelled."""
    service.faults.always("GET /search?q=x", hang())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take.make(LOGIN, UPLOAD, SEARCH, CLEAN).look)
        await anyio.to_thread.run_sync(wait_for, lambda: service.hung)
        tasks.cancel_scope.cancel()
    assert service.files == {}
    assert service.requests[-1].method == "DELETE"
    service.let_go()
