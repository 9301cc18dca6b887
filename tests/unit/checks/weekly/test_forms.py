"""The forms of the weekly report: golden files, a schema for programs, and hostile content that stays text in each."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from leh_guardian.checks.weekly.report import Report, compose
from tests.support.json_schema import faults
from tests.unit.checks.weekly.sample import NAMES, NOW, SEOUL, forms, golden, kept, sample, words

SCHEMA = json.loads(Path("docs/weekly-report.schema.json").read_text(encoding="utf-8"))
KEY = "AKIA" + "IOSFODNN7EXAMPLE"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a | b\n# heading\n| c |",
    "[click](https://evil.example) <@U123> @everyone `x`",
    "\u202egnp.exe \u2066rtl\u2069",
    "אבג مرحبا",
    "\x1b[2J\x00\r\n\u2028",
    "\ud800",
    f"key {KEY}",
    "긴" * 5_000,
    "${event.detail} {{7*7}} %s",
]


def hostile(text: str) -> Report:
    """Return a report in which everything that a result holds is hostile."""
    foreign = {
        text: text,
        "list": [text] * 60,
        "deep": {text: {text: {text: {text: {text: text}}}}},
        "n": float("nan"),
    }
    facts: dict[str, Any] = {
        "measured": foreign,
        "threshold": foreign,
        "evidence": foreign,
        "reasons": [words(text, text)] * 3,
        "what_to_do": [words(text, text)],
        "statement": words(text, text),
    }
    return compose([kept("check_s3_tmp", "FAIL", **facts), kept("check_s3_tmp", "OK", 1)], ["check_s3_tmp"], NOW, SEOUL)


class Reader(HTMLParser):
    """What a browser would make of a page: its elements and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("name", forms(sample()))
def test_golden(name: str) -> None:
    """Each form of the sample is what it was; `python -m tests.unit.checks.weekly.sample` writes them anew."""
    assert forms(sample())[name] == golden(name)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_content_stays_text(text: str) -> None:
    """No element, table cell, control character or secret comes of it, whatever the form; and its length is bounded."""
    plain, odd = forms(hostile("x")), forms(hostile(text))
    known = Reader(plain["report.ko.html"])
    page = Reader(odd["report.ko.html"])
    assert page.elements == known.elements
    assert page.attributes == known.attributes
    for name in ("report.ko.md", "report.en.md", "report.ko.txt"):
        assert len(odd[name].splitlines()) == len(plain[name].splitlines()), name
    columns = [len(re.findall(r"(?<!\\)\|", line)) for line in odd["report.ko.md"].splitlines()]
    assert columns == [len(re.findall(r"(?<!\\)\|", line)) for line in plain["report.ko.md"].splitlines()]
    assert not re.search(r"(?<!\\)[<\[@]|(?<!\\)`", odd["report.ko.md"])
    for name, form in odd.items():
        assert KEY not in form, name
        if name != "report.json":
            assert all(letter.isprintable() or letter == "\n" for letter in form), name
            assert len(form) < 30_000, name
    assert faults(SCHEMA, json.loads(odd["report.json"])) == []


def test_nothing_runs_and_nothing_is_fetched() -> None:
    """The page has no script, no handler, no link and no source of anything."""
    page = Reader(golden("report.ko.html"))
    assert not {"script", "link", "img", "iframe", "object", "form", "a", "use", "image"} & set(page.elements)
    assert not [name for name in page.attributes if name.startswith("on") or name in {"src", "href", "style"}]
    assert "url(" not in golden("report.ko.html")


def test_json_is_what_its_schema_says() -> None:
    """The sample fits, and what breaks the promise does not: a field that is gone, a status that there is not, another version."""
    good = json.loads(golden("report.json"))
    assert faults(SCHEMA, good) == []
    assert faults(SCHEMA, json.loads(forms(compose([], NAMES, NOW, SEOUL))["report.json"])) == []
    for broken in broken_ones(good):
        assert faults(SCHEMA, broken)


def broken_ones(good: dict[str, Any]) -> list[dict[str, Any]]:
    """Return documents that are none."""
    check = good["checks"][0]
    return [
        good | {"schema": 2},
        good | {"overall": "GREEN"},
        good | {"week": "W49"},
        {name: value for name, value in good.items() if name != "checks"},
        good | {"checks": [check | {"since": "yesterday"}]},
        good | {"checks": [check | {"reasons": ["words"]}]},
    ]


def test_the_picture_says_each_week() -> None:
    """For each check a bar for each week, and the same in words for who sees no colours."""
    page = golden("report.ko.html")
    assert page.count("<rect") == 4 * 8
    assert "2026-W48 OK, 2026-W49 FAIL" in page
