"""Database URLs in wrong shapes: one message each that names the fix and never a part of the password."""

from __future__ import annotations

import pytest

from leh_guardian.dsn import check_dsn, place, without_password
from leh_guardian.errors import SettingsError


@pytest.mark.parametrize(
    "dsn",
    [
        "http://u:geheim@h/x",
        "geheim",
        "u:geheim@h/x",
        "postgresql://u:geheim@h:port/x",
        "postgresql://u:geheim@h:99999/x",
        "postgresql://u:geheim@h:0/x",
        "postgresql://u:geheim@[::1/x",
        "postgresql://u:ge/heim@h/x",
        "postgresql://u:12/geheim@h/x",
        "postgresql://u:ge#heim@h/x",
        "postgresql://u:12?geheim@h/x",
        "postgresql://u:ge@heim@h/x",
        "postgresql://u:geheim\u2100@h/x",
        "postgresql://u:geheim@h/x\n",
        "postgresql://u:geheim\udcff@h/x",
        "postgresql://u:geheim@h/x?sslmode",
        "postgresql://u:geheim@h/x?port=geheim",
        "postgresql://u:geheim@h/x?sslrootcert=/nowhere/ca.pem",
    ],
)
def test_what_is_no_url_is_refused(dsn: str) -> None:
    """It is refused before the driver sees it; no piece of the password is told."""
    with pytest.raises(SettingsError, match="LEH_DATABASE_URL") as raised:
        check_dsn(dsn)
    assert not any(piece in str(raised.value) for piece in ("geheim", "heim", "ge#", "12"))


@pytest.mark.parametrize(
    ("dsn", "where"),
    [
        ("postgresql://u:ge%2Fheim@db.internal/leh", "db.internal:5432/leh"),
        ("postgres://u@[::1]:6000/leh", "[::1]:6000/leh"),
        ("postgresql:///leh?host=/run/pg", "/run/pg:5432/leh"),
        ("postgresql://%2Frun%2Fpg/leh", "/run/pg:5432/leh"),
        ("postgresql://a:1,b:2/leh", "a:1,b:2/leh"),
        ("postgresql://h/?dbname=leh&port=77", "h:77/leh"),
    ],
)
def test_where_a_url_points(dsn: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that can be meant is accepted, and told without log-in."""
    for name in ("PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    check_dsn(dsn)
    assert place(dsn) == where


def test_the_drivers_words_lose_the_password() -> None:
    """What the driver quotes of the URL, encoded or not, is masked."""
    dsn = "postgresql://u:ge%2Fheim@h/x?sslpassword=anders"
    assert without_password("a ge/heim b ge%2Fheim c anders", dsn) == "a *** b *** c ***"
