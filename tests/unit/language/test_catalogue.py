"""Every message of the program, in both languages: the golden table, and what holds of each by how it is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from leh_guardian.cli.report.writing import written
from leh_guardian.language import Locale
from tests.unit.language import samples

GOLDEN = Path(__file__).with_name("messages.txt")
HANGUL = re.compile("[ㄱ-ㅎ가-힣]")
MADE_OF_OTHERS = {
    "checks.audit.statement",
    "cli.report.writing",
    "engine.wording._about",
    "engine.wording._look",
    "engine.wording._told",
    "engine.wording._who",
    "handlers.upload_analysis._brief",
    "handlers.upload_analysis._held",
    "uploads.wording._account",
    "uploads.wording._unread",
    "uploads.wording._untold",
    "model.oncall.duty._joined",
    "web.ack_page._clock_of",
}
"""What says nothing that another function's sample does not say, and the report, which has a test of its own."""
KOREAN_DATA = {
    "adapters.channels.solapi": {"요약", "링크"},
    "disclosure.stream": {"[가-힣]{2}"},
    "engine.notices": {"등급", "서비스", "요약", "사건번호", "기한"},
    "engine.trial": {"등급", "서비스", "요약", "사건번호", "기한", "시험", "훈련/시험: 실제 장애가 아닙니다"},
    "adapters.channels.texts": {"원"},
    "model.oncall.review": {"자리표시"},
    "model.provider.wording": {"이", "가"},
    "cli.report.words": set(),
}
"""What is Korean for everybody: AlimTalk's templates, a placeholder's name, letters."""
TEXTS = [(module, node) for module, tree in samples.modules() for node in ast.walk(tree) if isinstance(node, ast.Call)]
MESSAGES = [
    (f"{module}:{node.lineno}", {word.arg: word.value for word in node.keywords})
    for module, node in TEXTS
    if isinstance(node.func, ast.Name) and node.func.id == "Text"
]


def test_every_message_is_said_as_in_the_table() -> None:
    """`python -m tests.unit.language.samples > tests/unit/language/messages.txt` writes it anew: look at what has changed."""
    assert samples.table() == GOLDEN.read_text(encoding="utf-8")


def test_every_function_that_says_something_has_a_sample() -> None:
    """A new message is in the table, in both languages, before anybody gets it."""
    said = {name.partition("/")[0] for name in samples.messages()}
    made = {
        f"{module}.{node.name}"
        for module, tree in samples.modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) == "Text"
    }
    lacking = {name for name in made - said if not any(name.startswith(other) for other in MADE_OF_OTHERS)}
    # The parts of a message that has a sample are in it.
    assert lacking == set()


def test_both_languages_say_the_same_things() -> None:
    """What stands in one language's words stands in the other's: no number, name or time is lost in translation."""
    assert len(MESSAGES) > 300
    different = {
        place: (sorted(_used(said["ko"])), sorted(_used(said["en"])))
        for place, said in MESSAGES
        if _used(said["ko"]) != _used(said["en"])
    }
    assert different == {}


def test_each_language_is_itself() -> None:
    """No Korean letter in English, and Korean wherever English has words; names of things are alike."""
    mixed = [place for place, said in MESSAGES if HANGUL.search(_literal(said["en"]))]
    untranslated = [
        place
        for place, said in MESSAGES
        if not HANGUL.search(_literal(said["ko"])) and re.search("[a-z]{3}", _literal(said["en"]))
    ]
    assert (mixed, untranslated) == ([], [])


def test_nothing_is_said_in_korean_alone() -> None:
    """Where messages are made, Korean letters stand in the Korean of a message, and nowhere else but in what is data."""
    found = {
        f"{module}:{node.lineno} {node.value!r}"
        for module, tree in samples.modules()
        for node in _outside(tree)
        if HANGUL.search(node.value) and node.value not in KOREAN_DATA.get(module, set())
    }
    assert found == set()


@pytest.mark.parametrize("locale", list(Locale))
def test_a_report_is_in_one_language(locale: Locale) -> None:
    """Headings, tables and questions: Korean letters in an English report are the event's."""
    found = {
        "id": "0199f7c3",
        "rule": "down",
        "dedup_key": "db",
        "severity": "sev2",
        "level": 0,
        "status": "resolved",
        "opened_at": None,
        "events": 1,
        "run": 2,
        "times": dict.fromkeys(
            ("called_at", "acknowledged_at", "resolved_at", "acknowledged_seconds", "resolved_seconds")
        ),
        "levels": [],
        "journal": [{"at": None, "kind": "incident.called", "data": {"level": 1, "by": "minsu"}, "reason": ""}],
        "deliveries": [],
        "untold": [],
        "actions": [],
        "event": {},
    }
    made = written(found, str, locale)
    assert bool(HANGUL.search(made)) is (locale is Locale.KO)
    assert ("1 event, 2 runs" in made) is (locale is Locale.EN)


def _used(said: ast.expr) -> set[str]:
    """Return the names that a message's words are made with; helpers of one language, and languages, left out."""
    names = {node.id for node in ast.walk(said) if isinstance(node, ast.Name)}
    return {name for name in names if not name.startswith("_") and name not in {"count", "len", "str"}}


def _literal(said: ast.expr) -> str:
    return "".join(
        node.value for node in ast.walk(said) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _outside(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield the strings of a module that are in no `Text` and are no documentation."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
            continue
        children = ast.iter_child_nodes(node)
        waiting += [c for c in children if not (isinstance(c, ast.Expr) and isinstance(c.value, ast.Constant))]
