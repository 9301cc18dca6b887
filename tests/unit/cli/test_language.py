"""In which language commands speak."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.cli.language import languages, locale, said
from leh_guardian.errors import SettingsError
from leh_guardian.language import Locale, Text
from leh_guardian.settings import load_settings
from tests.support.on_call import on_call_text


@pytest.mark.parametrize(
    ("variable", "file", "spoken"),
    [
        (None, None, Locale.KO),
        (None, "version: 1\nlocale: en\n", Locale.EN),
        (None, "version: 1\nlocale: 'en'  # as agreed\n", Locale.EN),
        (None, "version: 1\npeople: {x: {name: X,\n  locale: en}}\n", Locale.KO),
        (None, "\x00 locale: en", Locale.KO),
        ("en", None, Locale.EN),
        ("ko", "locale: en\n", Locale.KO),
        ("fr", "locale: en\n", Locale.EN),
    ],
)
def test_what_commands_speak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, file: str | None, spoken: Locale
) -> None:
    """LEH_LOCALE, else the installation's; Korean where neither says anything, and no file makes it fail."""
    monkeypatch.setenv("LEH_RULES__DIR", str(tmp_path))
    monkeypatch.delenv("LEH_LOCALE", raising=False)
    if variable is not None:
        monkeypatch.setenv("LEH_LOCALE", variable)
    if file is not None:
        (tmp_path / "oncall.yaml").write_text(file, encoding="utf-8")
    assert locale() is spoken
    assert said(Text(ko="예", en="yes")) == ("yes" if spoken is Locale.EN else "예")


def test_who_is_told_of_a_typed_answer_is_told_in_their_own_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file says who reads what; one that is broken or not there says nothing."""
    monkeypatch.setenv("LEH_RULES__DIR", str(tmp_path))
    assert languages() is None
    (tmp_path / "oncall.yaml").write_text("people: [", encoding="utf-8")
    assert languages() is None
    text = on_call_text().replace("{name: 최서연,", "{name: 최서연, locale: en,")
    (tmp_path / "oncall.yaml").write_text(text, encoding="utf-8")
    found = languages()
    assert found is not None
    assert [found.language(f"person:{one}") for one in ("minsu", "seoyeon", "stranger")] == ["ko", "en", "ko"]


def test_the_variable_is_no_setting_of_the_daemon() -> None:
    """Commands that read the settings, and the daemon, run with it; a language that is none is told by the variable's name."""
    known = {"LEH_DATABASE_URL": "postgresql://x@127.0.0.1/x", "LEH_QUEUE__ALERTS": "q", "AWS_REGION": "ap-northeast-2"}
    assert load_settings({**known, "LEH_LOCALE": "en"}) == load_settings(known)
    with pytest.raises(SettingsError, match="LEH_LOCALE: must be one of ko, en"):
        load_settings({**known, "LEH_LOCALE": "fr"})
