"""Whom AWS's clients trust: what one has read of authorities serves the next, and each bundle is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leh_guardian.adapters.aws import Aws, _SharedTrust, open_aws
from leh_guardian.errors import Unavailable
from tests.support.tls_server import TlsServer, issue

REGION = "ap-northeast-2"


async def said(bundle: Path, deadline: float) -> str:
    """What comes of a question where only the bundle's authorities count."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CA_BUNDLE", str(bundle))
        async with open_aws(REGION) as aws:
            client = await aws.client("sqs")
            with pytest.raises(Unavailable) as found:
                await aws.call("look", client.list_queues, tries=1, deadline=deadline)
    return str(found.value)


async def test_each_bundle_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that one bundle vouches for is not trusted by a client with another, whichever was read before."""
    ours, other = (issue(name, authority=True) for name in ("ours", "other"))
    bundles = [tmp_path / "ours.pem", tmp_path / "other.pem"]
    for path, authority in zip(bundles, (ours, other), strict=True):
        path.write_bytes(authority.pem)
    with TlsServer(tmp_path) as server:
        server.serve("localhost", issue("localhost", by=ours))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{server.port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        # It shakes hands and says nothing.
        assert "no answer" in await said(bundles[0], 1.0)
        assert "certificate verify failed" in await said(bundles[1], 10.0)
        assert "no answer" in await said(bundles[0], 1.0)


async def test_authorities_are_read_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second client has what the first has read; where there is a proxy, whose certificate may go into it, it has its own."""
    made: list[Any] = []
    real = _SharedTrust._build_ssl_contexts
    monkeypatch.setattr(
        _SharedTrust, "_build_ssl_contexts", lambda session, proxy: (made.append(real(session, proxy)), made[-1])[1]
    )
    for _ in range(2):
        async with open_aws(REGION) as opened:
            await (await opened.client("sqs")).list_queues()
    assert len(made) == 2
    assert made[0][0] is made[1][0]
    assert _SharedTrust(verify=True)._build_ssl_contexts("http://127.0.0.1:1")[0] is not made[0][0]
