"""Short texts: what is never cut, how they are measured, and what Korean phones can show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.adapters.channels.texts import AGAIN, SUBJECT, brief, compose, cp949, korean, spoken, ucs2
from leh_guardian.language import Locale
from leh_guardian.ports import Notice
from tests.support.people.notices import PLANTED, page


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("증거 처리 - 14:32", "증거 처리 - 14:32"),
        ("한—글 «x» é", "한-글 <x> e"),
        ("불 🔥 가족 👩‍👩‍👧 끝", "불 가족 끝"),
        ("똠방각하 뷁 …", "똠방각하 뷁 …"),
        ("ɣ", "?"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_what_korean_phones_show(given: str, shown: str) -> None:
    """Hangul of either form stays, dashes and accents are spelt otherwise, pictures are left out, the rest is a question mark."""
    assert korean(given) == shown


@given(st.text(max_size=200))
def test_every_text_becomes_one_of_cp949(text: str) -> None:
    """Whatever comes in, the carriers' encoding holds what goes out."""
    assert cp949(korean(text)) >= 0


@given(st.text(max_size=200), st.integers(0, 3), st.booleans())
def test_level_number_and_link_are_never_cut(summary: str, level: int, again: bool) -> None:
    """However long the summary is, the text keeps to its length and to what makes it useful."""
    notice = page(short=f"[Lv{level}] {summary} INC-1042", level=level, again=again, link="https://g.kr/a/abc")
    text = compose(notice, 70, ucs2)
    assert ucs2(text) <= 70
    assert text.endswith(notice.link)
    assert "INC-1042" in text
    assert level == 0 or f"Lv{level}" in text
    assert text.startswith(AGAIN.ko) is again


def test_what_cannot_be_cut_is_sent_whole() -> None:
    """A link longer than the room goes out all the same."""
    link = "https://guardian.example.kr/a/" + "x" * 80
    assert compose(page(link=link), 70, ucs2).endswith(link)


def test_a_notice_without_a_short_text_says_nothing_of_its_event() -> None:
    """What a rule tells over such a medium is that there is something to look up."""
    notice = Notice("id", PLANTED, [PLANTED], "i", "r", "sev2", number="INC-7", level=1)
    assert brief(notice) == "guardian 알림 Lv1 INC-7"
    assert "INC-7" in spoken(notice)
    assert PLANTED not in spoken(notice)


def test_the_code_of_a_link_is_never_cut() -> None:
    """Without it the link is no use: it stays where there is no room for anything else."""
    link = "https://g.example.kr/a/" + "x" * 52
    notice = page(link=link, code="0417", short="[Lv2] 코드 0417 증거 처리 INC-1042 14:32까지 확인 필요")
    text = compose(notice, 70, ucs2)
    assert "코드 0417" in text
    assert text.count("0417") == 1
    assert text.endswith(link)
    assert "코드 0417" in compose(notice, 300, ucs2)


@pytest.mark.parametrize(
    ("locale", "again", "code"), [(Locale.KO, "(재전송)", "코드 0417"), (Locale.EN, "(again)", "code 0417")]
)
def test_an_sms_keeps_to_its_bytes_in_both_languages(locale: Locale, again: str, code: str) -> None:
    """Ninety bytes hold level, code, number, the mark of a repeated message and the link, whatever the words are."""
    long = "증거 처리 " * 20 if locale is Locale.KO else "evidence processing " * 20
    link = "https://g.kr/a/0123456789abcdef"
    short = f"[Lv3] {code} {long} INC-1042"
    notice = page(locale=locale, again=True, level=3, code="0417", short=short, link=link)
    text = compose(notice, 90, cp949, korean)
    assert cp949(text) <= 90
    assert text.startswith(again)
    assert text.endswith(link)
    assert all(text.count(mark) == 1 for mark in ("Lv3", code, "INC-1042"))
    assert brief(replace(notice, short="")) == f"{SUBJECT.of(locale)} Lv3 {code} INC-1042"
