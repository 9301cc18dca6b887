"""Rule files that nobody should write, each with its name and a word of the reason for which it must be refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

RULE: Final = "  - {{id: {}, pattern: {{source: [my.own]}}}}\n"
HEAD: Final = "version: 1\nrules:\n"
MIB: Final = 1 << 20


def _filled(unit: str, head: str = "", tail: str = "") -> bytes:
    """Return as many of `unit` as a file may hold."""
    return (head + unit * ((MIB - len(head.encode()) - len(tail.encode())) // len(unit.encode())) + tail).encode()


def _laughs(written: str) -> bytes:
    """Return the billion laughs, in block or in flow style."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    return written.join(lines).encode() if written == "\n" else f"{{{written.join(lines)}}}".encode()


def _merges() -> bytes:
    """Return the 22 lines that took seconds in readers that merge."""
    lines = ["a0: &a0 {k0: 1, l0: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: 1}}" for n in range(1, 22))]
    return "\n".join(lines).encode()


def _rule(text: str) -> bytes:
    return (HEAD + text).encode()


def _one(rest: str) -> bytes:
    """Return one rule with `rest` among its keys."""
    return _rule(f"  - {{id: a, pattern: {{source: [s]}}, {rest}}}\n")


def _branches(count: int, name: str) -> str:
    return ", ".join(f"{{{name}{number}: [1]}}" for number in range(count))


KEYS: Final = ", ".join(f"k{number}: 1" for number in range(9000))
CROSSED: Final = (
    f"  - {{id: a, pattern: {{$or: [{_branches(1001, 'a')}], detail: {{$or: [{_branches(1001, 'b')}]}}}}}}\n"
)
TAGGED: Final = b"%TAG ! tag:yaml.org,2002:python/\n---\nversion: 1\nrules: [!name:os.system x]\n"
TWICE: Final = "  - {id: a, mode: off, mode: act, pattern: {source: [s]}}\n"
LATE: Final = HEAD + "  - {id: a, pattern: {source: [s]},"
REFERENCES: Final = f'actions: [{{uses: notify, with: {{text: "{"${event.id}" * 60_000}"}}}}]'
RULE_FILES: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "100,000 brackets": (partial(bytes, b"[" * 100_000), "too-deep"),
    "1 MiB of brackets": (partial(_filled, "["), "too-deep"),
    "1 MiB of braces": (partial(_filled, "{a: "), "too-deep"),
    "1 MiB of dashes": (partial(_filled, "- "), "too-deep"),
    "1 MiB of question marks": (partial(_filled, "? "), "too-deep"),
    "brackets in a pattern": (partial(_rule, RULE.replace("[my.own]", "[" * 5000).format("a")), "too-deep"),
    "billion laughs": (partial(_laughs, "\n"), "alias"),
    "billion laughs in flow style": (partial(_laughs, ", "), "alias"),
    "22 lines of merge keys": (_merges, "merge-key"),
    "1 MiB of anchors": (partial(_filled, "&a "), "yaml-syntax"),
    "1 MiB of aliases": (partial(_filled, "- *a\n"), "alias"),
    "1 MiB of tags": (partial(_filled, "- !x y\n"), "tag"),
    "Python tags": (partial(_rule, "  - !!python/object/apply:os.system [reboot]\n"), "tag"),
    "verbatim tags": (partial(_rule, "  - !<tag:yaml.org,2002:python/name:os.system> x\n"), "tag"),
    "a tag directive": (partial(bytes, TAGGED), "tag"),
    "1 MiB of documents": (partial(_filled, "---\na: 1\n"), "several-documents"),
    "1 MiB of doubled keys": (partial(_filled, "a: 1\n"), "duplicate-key"),
    "doubled keys of a rule": (partial(_rule, TWICE), "duplicate-key"),
    "a text of 1 MiB": (partial(_filled, "x"), "not-a-rule-file"),
    "a quoted text of 1 MiB": (partial(_filled, "x", '"', '"'), "not-a-rule-file"),
    "an open quote of 1 MiB": (partial(_filled, "x", '"'), "yaml-syntax"),
    "a block text of 1 MiB": (partial(_filled, "  x\n", "a: |\n"), "not-a-rule-file"),
    "a key of 1 MiB": (partial(_filled, "k", tail=": 1"), "yaml-syntax"),
    "an id of 1 MiB": (partial(_filled, "i", HEAD + '  - {id: "', '", pattern: {source: [s]}}'), "bad-value"),
    "a line of 1 MiB with its mistake at the end": (partial(_filled, " ", LATE, "]"), "yaml-syntax"),
    "a number of 1 MiB": (partial(_filled, "9", "version: ", "\nrules: []"), "bad-value"),
    "1 MiB of comments": (partial(_filled, "# x\n"), "empty"),
    "1 MiB of line breaks": (partial(_filled, "\n"), "empty"),
    "more than 1 MiB": (partial(bytes, b"#" * (MIB + 1)), "too-large"),
    "thousands of rules of one id": (partial(_filled, RULE.format("same"), HEAD), "duplicate-id"),
    "thousands of rules that are none": (partial(_filled, "  - x\n", HEAD), "bad-value"),
    "thousands of unknown keys": (partial(_one, KEYS), "unknown-key"),
    "a pattern of a thousand branches in a thousand": (partial(_rule, CROSSED), "bad-pattern"),
    "wildcards": (
        partial(_rule, '  - {id: a, pattern: {source: [{wildcard: "' + "*a" * 500 + '"}]}}\n'),
        "bad-pattern",
    ),
    "an expression of 100,000 brackets": (partial(_one, f'dedup: "{"(" * 100_000}"'), "bad-expression"),
    "60,000 references": (partial(_one, REFERENCES), "bad-reference"),
    "NUL": (partial(bytes, HEAD.encode() + b"\x00"), "unprintable"),
    "a control character": (partial(bytes, HEAD.encode() + b"\x1b[2J"), "unprintable"),
    "bidi": (partial(bytes, (HEAD + "  - {id: a\u202e, pattern: {source: [s]}}").encode()), "bad-value"),
    "UTF-16": (partial(bytes, (HEAD + RULE.format("a")).encode("utf-16")), "encoding"),
    "UTF-32": (partial(bytes, (HEAD + RULE.format("a")).encode("utf-32-le")), "unprintable"),
    "Latin 1": (partial(bytes, "version: 1 # é\nrules: []".encode("latin-1")), "encoding"),
    "a byte order mark twice": (partial(bytes, b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD.encode()), "bad-value"),
    "torn": (partial(bytes, (HEAD + RULE.format("a"))[:-9].encode()), "yaml-syntax"),
    "torn in a character": (partial(bytes, "version: 1\n# 가".encode()[:-1]), "encoding"),
    "an empty list": (partial(bytes, b"version: 1\nrules: []\n"), "empty"),
    "no list": (partial(bytes, b"version: 1\nrules:\n"), "bad-value"),
    "nothing": (bytes, "empty"),
}
"""By name: the file, and the code of one of its diagnostics."""
