"""What is typed wrong about circuits and use is refused before anything is asked of the database."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from leh_guardian.cli.breaker import breaker
from leh_guardian.cli.usage import usage


@pytest.mark.parametrize(
    "arguments",
    [
        ("open", "case_1", "--for", "2h"),
        ("open", "case_1", "--for", "soon", "--reason", "x"),
        ("open", "case_1", "--for", "90d", "--reason", "x"),
        ("open", "--for", "2h", "--reason", "x"),
        ("open", "case_1", "--scope", "fleet", "--for", "2h", "--reason", "x"),
        ("open", "case_1", "--scope", "all", "--for", "2h", "--reason", "x"),
        ("close", "case_1", "--reason", " "),
        ("close", "case_1", "--reason", "x", "--allow-for", "0s"),
        ("shadow", "case_1", "--for", "1h", "--reason", ""),
    ],
)
def test_a_change_needs_whom_why_and_how_long(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and a sentence."""
    monkeypatch.delenv("LEH_DATABASE_URL", raising=False)
    done = CliRunner().invoke(breaker, list(arguments))
    assert done.exit_code == 2, done.output


def test_a_span_is_a_duration() -> None:
    """Of `usage top`."""
    done = CliRunner().invoke(usage, ["top", "--over", "soon"])
    assert done.exit_code == 2
    assert "duration" in done.output
