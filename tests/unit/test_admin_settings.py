"""The settings of the admin API: what is refused, with the variable's name and without what may be secret."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leh_guardian.errors import SettingsError
from leh_guardian.settings import load_settings

NEEDED = {"LEH_DATABASE_URL": "postgresql://db/x", "LEH_QUEUE__ALERTS": "alerts", "AWS_REGION": "ap-northeast-2"}


def test_what_is_said_is_taken() -> None:
    """Nothing is asked by default; a request whose answer is lost is not repeated unless somebody says that it may be."""
    plain = load_settings(NEEDED).admin_api
    assert (plain.url, plain.idempotent, plain.deadline) == (None, False, timedelta(seconds=20))
    given = {
        "URL": "https://api.example.com/v1",
        "TOKEN_SECRET": "leh/admin",
        "IDEMPOTENT": "true",
        "DEADLINE": "5s",
    }
    said = load_settings(NEEDED | {f"LEH_ADMIN_API__{name}": value for name, value in given.items()}).admin_api
    assert (said.url, said.token_secret, said.idempotent) == ("https://api.example.com/v1", "leh/admin", True)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"URL": "api.example.com"}, "LEH_ADMIN_API__URL"),
        ({"URL": "https://user:geheim@api.example.com"}, "LEH_ADMIN_API__URL"),
        ({"URL": "https://api.example.com?x=geheim"}, "LEH_ADMIN_API__URL"),
        ({"TOKEN_FILE": "/run/geheim", "TOKEN_SECRET": "geheim"}, "either"),
        ({"TOKEN_SECRET": "a b geheim"}, "LEH_ADMIN_API__TOKEN_SECRET"),
        ({"DEADLINE": "1h"}, "between 1s and 2m"),
        ({"REVOKE_SESSIONS": "/admin/revoke-sessions"}, "under `url`"),
        ({"URL": "https://api.example.com", "REVOKE_SESSIONS": "revoke?x=1"}, "LEH_ADMIN_API__REVOKE_SESSIONS"),
        ({"IDEMPOTENT": "perhaps"}, "LEH_ADMIN_API__IDEMPOTENT"),
        ({"TOKEN": "geheim"}, "there is no setting named admin_api.token; did you mean"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, str], word: str) -> None:
    """Each mistake has the name of its variable; no value is repeated that may hold a secret."""
    environ = NEEDED | {f"LEH_ADMIN_API__{name}": value for name, value in given.items()}
    with pytest.raises(SettingsError, match=word) as caught:
        load_settings(environ)
    assert "geheim" not in str(caught.value)
