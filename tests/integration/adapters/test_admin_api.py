"""The admin API over HTTP: what counts as taken, as refused and as unknown, whose token it is, and that it ends in time."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from leh_guardian.adapters.admin_api import HttpAdminApi, admin_session
from leh_guardian.adapters.aws import Aws
from leh_guardian.adapters.bearer import FileToken, SecretToken, Token
from leh_guardian.errors import AccessDenied, HandlerError, NotFound, OutcomeUnknown, Refused, Throttled, Unavailable
from leh_guardian.local.admin_api import Desk, LocalAdminApi, Trouble, serving
from tests.support.faults import garbage, hang, lose_reply
from tests.support.faulty_http import Answer, FaultyServer, Request

TOKEN = "tok-0123456789abcdef"
ASK = "POST /admin/reprocess-evidence"


@pytest.fixture
async def api() -> AsyncIterator[LocalAdminApi]:
    """The stand-in, which honours keys."""
    async with serving(LocalAdminApi(Desk(TOKEN, honours_keys=True))) as served:
        yield served


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client as the daemon has it."""
    async with admin_session(5.0) as opened:
        yield opened


@pytest.fixture
def token(tmp_path: Path) -> FileToken:
    """The right token, in a file."""
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    return FileToken(tmp_path / "token", "admin_api.token_file")


class Answering(FaultyServer):
    """Answers everything alike."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Answer:
        """Answer."""
        self.requests.append(request)
        return self._answer


def asker(session: aiohttp.ClientSession, url: str, token: Token | None = None, deadline: float = 5.0) -> HttpAdminApi:
    """The adapter."""
    return HttpAdminApi(session, url, token, deadline=deadline)


async def test_it_asks_for_a_piece_with_token_and_key(
    api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken
) -> None:
    """The request says which piece, under which key; the same key again is one piece of work for an API that honours keys."""
    asked = asker(session, f"{api.url}/", token)
    assert await asked.reprocess("ev_1a2b", "key-1") == "accepted"
    assert await asked.reprocess("ev_1a2b", "key-1") == "accepted"
    assert (api.desk.requests["ev_1a2b"], api.desk.effects["ev_1a2b"]) == (2, 1)
    await asked.reprocess("ev_1a2b", "key-2")
    assert api.desk.effects["ev_1a2b"] == 2


async def test_it_asks_for_an_index_the_same_way(
    api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken
) -> None:
    """By case, under a key; what is no id of a case is not asked for."""
    asked = asker(session, api.url, token)
    assert await asked.reindex("case_3f9c", "key-1") == "accepted"
    assert await asked.reindex("case_3f9c", "key-1") == "accepted"
    assert (api.desk.requests["case_3f9c"], api.desk.effects["case_3f9c"]) == (2, 1)
    for hostile in ("../x", "*", "", "case_1\n", "'; DROP TABLE cases"):
        with pytest.raises(Refused, match="no id of a case"):
            await asked.reindex(hostile, "key-2")
    assert sum(api.desk.requests.values()) == 2


@pytest.mark.parametrize("evidence", ["", "a/b", "ev 1", "../x", "ev_1\r\nX: y", "증거", "x" * 129])
async def test_what_is_no_id_is_not_asked_for(
    evidence: str, api: LocalAdminApi, session: aiohttp.ClientSession
) -> None:
    """It is refused before any call."""
    with pytest.raises(Refused, match="nothing was asked for"):
        await asker(session, api.url).reprocess(evidence, "key")
    assert not api.desk.keys


@pytest.mark.parametrize(
    ("answer", "error", "word"),
    [
        (Answer(200, b'{"status": "queued"}'), None, "queued"),
        (Answer(202, b"{}"), None, "{}"),
        (Answer(204), None, "taken"),
        (Answer(200, b""), OutcomeUnknown, "no JSON object"),
        (Answer(200, b"[1]"), OutcomeUnknown, "no JSON object"),
        (Answer(200, b"<html>Sign in</html>", content_type="text/html"), OutcomeUnknown, "Sign in"),
        (Answer(206, b"{}"), OutcomeUnknown, "206"),
        (Answer(200, b'{"status": "error", "message": "no such worker"}'), Refused, "no such worker"),
        (Answer(200, b'{"error": {"code": 7}}'), Refused, "failed"),
        (Answer(200, b'{"success": false}'), Refused, "failed"),
        (Answer(302, b"", (("Location", "/login"),)), Refused, "not followed"),
        (Answer(303, b"", (("Location", "/done"),)), OutcomeUnknown, "303"),
        (Answer(400, b'{"detail": "bad id"}'), Refused, "bad id"),
        (Answer(404, b'{"detail": "no such evidence"}'), NotFound, "no such evidence"),
        (Answer(408), OutcomeUnknown, "408"),
        (Answer(409, b'{"detail": "in progress"}'), Refused, "in progress"),
        (Answer(422, b'{"detail": [{"msg": "Field required"}]}'), Refused, "Field required"),
        (Answer(401), AccessDenied, "token"),
        (Answer(403), AccessDenied, "token"),
        (Answer(500, b"Traceback: password=hunter2hunter2"), OutcomeUnknown, "500"),
        (Answer(503), OutcomeUnknown, "503"),
        (Answer(200, b" " * 100_000 + b"{}"), OutcomeUnknown, "no JSON object"),
    ],
    ids=lambda given: f"{given.status}-{given.body[:12]!r}" if isinstance(given, Answer) else "",
)
async def test_what_an_answer_means(
    answer: Answer, error: type[HandlerError] | None, word: str, session: aiohttp.ClientSession
) -> None:
    """A success has a JSON object, a refusal its reason; what may have been taken is unknown. No redirect is followed."""
    with Answering(answer) as server:
        asked = asker(session, server.url)
        if error is None:
            assert await asked.reprocess("ev_1", "key") == word
        else:
            with pytest.raises(error, match=word) as caught:
                await asked.reprocess("ev_1", "key")
            assert type(caught.value) is error
            assert "hunter2" not in str(caught.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize(("said", "pause"), [("7", 7), ("99999", 3600), ("soon", None), ("-1", None), ("٣", None)])
async def test_it_slows_down_as_it_is_asked(said: str, pause: float | None, session: aiohttp.ClientSession) -> None:
    """Retry-After counts where it is a number, and for an hour at most."""
    headers = (("Retry-After", said.encode().decode("latin-1")),)
    with Answering(Answer(429, b"{}", headers)) as server, pytest.raises(Throttled) as caught:
        await asker(session, server.url).reprocess("ev_1", "key")
    assert caught.value.retry_after == pause


async def test_nobody_there_has_taken_nothing(session: aiohttp.ClientSession) -> None:
    """Without a connection nothing was sent."""
    with pytest.raises(Unavailable, match="cannot be reached"):
        await asker(session, "http://127.0.0.1:1").reprocess("ev_1", "key")


@pytest.mark.parametrize("trouble", [Trouble.CUT_BEFORE, Trouble.CUT_AFTER, Trouble.DRIP, Trouble.HANG, Trouble.HUGE])
async def test_what_ends_without_an_answer_is_unknown(
    trouble: Trouble, api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken
) -> None:
    """Cut off, dripping, hanging or endless: it may have been taken, and the call ends within its deadline as a whole."""
    api.trouble = [trouble]
    with anyio.fail_after(10), pytest.raises(OutcomeUnknown):
        await asker(session, api.url, token, deadline=0.5).reprocess("ev_1", "key")


@pytest.mark.parametrize(
    ("fault", "error"), [(lose_reply(), OutcomeUnknown), (garbage(), OutcomeUnknown), (hang(0.3), None)]
)
async def test_on_a_raw_socket(fault: Any, error: type[HandlerError] | None, session: aiohttp.ClientSession) -> None:
    """The same of a server that is not the library's own; a slow answer is an answer."""
    with Answering(Answer(200, b'{"status": "ok"}')) as server:
        server.faults.script(ASK, fault)
        asked = asker(session, server.url)
        if error is None:
            assert await asked.reprocess("ev_1", "key") == "ok"
        else:
            with pytest.raises(error):
                await asked.reprocess("ev_1", "key")


async def test_a_proxy_of_the_environment_is_not_asked(
    api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token goes to the configured address and nowhere else."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await asker(session, api.url, token).reprocess("ev_1", "key") == "accepted"


async def test_a_token_that_was_replaced_is_read_anew(
    api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken, tmp_path: Path
) -> None:
    """A file that has changed is read before the next request; one that changed unseen, at the 401, once."""
    asked = asker(session, api.url, token)
    await asked.reprocess("ev_1", "key-1")
    api.desk.token = "tok-another-0123456789"
    with pytest.raises(AccessDenied, match="check its token"):
        await asked.reprocess("ev_2", "key-2")
    (tmp_path / "token").write_text(api.desk.token, encoding="utf-8")
    assert await asked.reprocess("ev_2", "key-2") == "accepted"
    before = (tmp_path / "token").stat()
    api.desk.token = "tok-another-9876543210"
    (tmp_path / "token").write_text(api.desk.token, encoding="utf-8")
    os.utime(tmp_path / "token", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert await asked.reprocess("ev_3", "key-3") == "accepted"
    assert sum(api.desk.effects.values()) == 3


@pytest.mark.parametrize("content", [None, "", "short", "two words of some length", "토큰토큰토큰토큰", "x" * 9000])
async def test_a_token_that_is_none_is_not_sent(
    content: str | None, api: LocalAdminApi, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """No file, or one that holds no token: it says which setting, nothing is asked for, and the content is not told."""
    if content is not None:
        (tmp_path / "token").write_text(content, encoding="utf-8")
    asked = asker(session, api.url, FileToken(tmp_path / "token", "admin_api.token_file"))
    with pytest.raises(AccessDenied, match=r"admin_api\.token_file") as caught:
        await asked.reprocess("ev_1", "key")
    assert not content or content not in str(caught.value)
    assert not api.desk.keys


async def test_its_token_is_told_to_nobody(session: aiohttp.ClientSession, token: FileToken) -> None:
    """A server that repeats our token in its answer does not get it into our errors."""
    with (
        Answering(Answer(400, json.dumps({"detail": f"bad: {TOKEN}"}).encode())) as server,
        pytest.raises(Refused) as caught,
    ):
        await asker(session, server.url, token).reprocess("ev_1", "key")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("shape", ["text", "json"])
async def test_the_token_of_a_secret(shape: str, aws: Aws, api: LocalAdminApi, session: aiohttp.ClientSession) -> None:
    """A secret of Secrets Manager, as text or as the console's JSON: asked for once, and again when it is refused."""
    client = await aws.client("secretsmanager")
    spelt = (lambda text: text) if shape == "text" else (lambda text: json.dumps({"token": text}))
    name = f"leh/admin-{shape}"
    await client.create_secret(Name=name, SecretString=spelt(TOKEN))
    secret = SecretToken(aws, client, name)
    asked = asker(session, api.url, secret)
    assert await asked.reprocess("ev_1", "key-1") == "accepted"
    api.desk.token = "tok-another-0123456789"
    await client.put_secret_value(SecretId=name, SecretString=spelt(api.desk.token))
    assert await secret.get() == TOKEN
    assert await asked.reprocess("ev_2", "key-2") == "accepted"
    with pytest.raises(NotFound, match="leh/nothing"):
        await asker(session, api.url, SecretToken(aws, client, "leh/nothing")).reprocess("ev_3", "key-3")


async def test_a_ping_asks_for_nothing_that_is_protected(
    api: LocalAdminApi, session: aiohttp.ClientSession, token: FileToken, tmp_path: Path
) -> None:
    """It is well while the address answers and there is a token; a server that fails is not, nor one that is not there."""
    await asker(session, api.url, token).ping()
    assert not api.desk.keys
    with Answering(Answer(404)) as server:
        asked = asker(session, server.url)
        await asked.ping()
        await asked.ping()
        assert [request.method for request in server.requests] == ["GET"]
    with Answering(Answer(502)) as server, pytest.raises(Unavailable, match="502"):
        await asker(session, server.url).ping()
    with pytest.raises(Unavailable, match="does not answer"):
        await asker(session, "http://127.0.0.1:1").ping()
    with pytest.raises(AccessDenied, match="cannot read"):
        await asker(session, api.url, FileToken(tmp_path / "nothing", "admin_api.token_file")).ping()
