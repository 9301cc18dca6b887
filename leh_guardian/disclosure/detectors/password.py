r"""Owns passwords: where a text, a query or a JSON key names one; the one rule: the name is not enough, the value must be one.

`password=x`, `"pwd": "x"` (also escaped, as JSON within JSON), `비밀번호는 x입니다`, `user:x@host`, and `*** : x`: the AI worker's own
log filter writes `***` for every run of Hangul, so the name 비밀번호 is gone while the password is not. A name that goes on
(`password_changed_at`, 암호화) names something else. `password_values` judges values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from leh_guardian.disclosure.detectors.password_values import Setting, judge
from leh_guardian.disclosure.found import Hit, Kind

SIGNS: Final = ("pass", "pwd", "pw", "비밀", "비번", "암호", "패스", "***")
"""In small letters: a text with a password and its name has one of them; an address with one has "://" and "@"."""
_SPOT: Final = re.compile(r"p(?:ass|w)|비(?:밀|번)|암호|패스|\*{3}")
"""Each name has one of these; they begin with a letter each, which lets the search run from one such letter to the next."""
_BEFORE_PW: Final = re.compile(r"(?<![a-z])(?:user|login|new|old|db)_?\Z")
_LONGEST_BEFORE: Final = 6
_NAME: Final = re.compile(
    r"(?P<sure>pass ?(?:word|wd|phrase|code)|pwd|(?<![a-z])(?:(?:user|login|new|old|db)_?)?pw(?![a-z])"
    r"|비밀 ?번호|비번|패스 ?워드|암호)"
    r"|(?P<weak>(?<![a-z])pass(?![a-z]))|(?P<masked>(?<!\*)\*{3}(?!\*))"
)
_TAIL: Final = re.compile(
    r"(?i)(?:[_ -]?(?:confirm(?:ation)?|check|again|repeat|new|old|current|plain(?:_?text)?|raw|value|input|[0-9])(?![a-z0-9]))?"
    r"(?: ?(?:확인|재입력|입력값|입력|값|변경))?(?: ?[(\[][^)\]\n]{0,16}[)\]])?"
    r"(?P<close>\\{0,8}[\"'`])?"
    r"(?:(?P<sign>\s{0,4}(?:=>|->|:=|={1,2}|:)\s{0,4})|(?P<says>\s?(?:은|는|이|가|을|를|로|란)(?:\s{1,3}|(?=[!-~]))|\s{1,3}(?:is|was|to)\s{1,3}|\s{1,3}))"
    r"(?P<open>\\{0,8}[\"'`‘“「])?"
)
_BARE: Final = re.compile(r"[!-~가-힣ㄱ-ㅣ]{1,300}")
_ASCII: Final = re.compile(r"[!-~]{1,300}")
_QUOTED: Final = re.compile(r"[^\"'`‘’“”「」\\\n]{1,256}")
_IN_QUERY: Final = re.compile(r"[?&][^?&=\s]{0,60}\Z")
_NEXT: Final = re.compile(r"[&,;]\s{0,2}[A-Za-z_][A-Za-z0-9_.-]{0,40}[=:]|[,;](?=\s|[\"'}]|\Z)|[\"'<>]|\\{1,4}[nrt\"]")
"""What ends a bare value: the next name, a quotation mark, an escaped line end."""
_CLOSING: Final = (("(", ")"), ("[", "]"), ("{", "}"))
_USERINFO: Final = re.compile(r"://[^\s:/@\"'<>?#]{0,100}:(?P<value>[^\s/@\"'<>]{3,200})@[A-Za-z0-9가-힣\[]")
KEY: Final = re.compile(
    r"(?i)(?:pass ?(?:word|wd|phrase|code)|pwd|(?<![a-z])pass|(?<![a-z])pw|비밀 ?번호|비번|암호|패스 ?워드|\*{3})"
    r"(?:[_ -]?(?:confirm(?:ation)?|check|again|repeat|new|old|current|plain(?:_?text)?|raw|value|input|[0-9]|확인|값)){0,2}\Z"
)
"""The end of a JSON key whose value is a password, capitals within words parted."""


def find(text: str) -> Iterator[Hit]:
    """Yield the passwords that a folded text names."""
    done = 0
    for name in _names(text):
        if name.start() < done:
            continue
        tail = _TAIL.match(text, name.end())
        if tail is None or (name["weak"] and _only_stands_before(tail)):
            continue
        span = _value(text, name, tail)
        if span is None:
            continue
        tier = judge(text[slice(*span)], _setting(text, name, tail, span))
        if tier is not None:
            yield Hit(Kind.PASSWORD, tier, *span)
            done = span[1]
    for found in _USERINFO.finditer(text):
        if (tier := judge(found["value"], Setting.SIGN)) is not None:
            yield Hit(Kind.PASSWORD, tier, *found.span("value"))


def _only_stands_before(tail: re.Match[str]) -> bool:
    """Tell whether nothing but a blank parts a name and what follows: of `pass` that is any sentence, and any report of tests."""
    return tail["says"] is not None and not tail["says"].strip() and not tail["open"]


def _names(text: str) -> Iterator[re.Match[str]]:
    """Yield the names in a text, in small letters."""
    # İ would grow, and ſ would stay: both are letters of a name where capitals do not matter.
    small = text.lower() if text.isascii() else text.replace("İ", "i").replace("ſ", "s").lower()
    done = 0
    for spot in _SPOT.finditer(small):
        start, name = spot.start(), None
        if spot[0] == "pw" and (before := _BEFORE_PW.search(small, max(done, start - _LONGEST_BEFORE), start)):
            name = _NAME.match(small, before.start())
        if start >= done and (name := name or _NAME.match(small, start)):
            done = name.end()
            yield name


def find_value(text: str, setting: Setting) -> Iterator[Hit]:
    """Yield the password that is the whole value of a JSON field so named."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if (tier := judge(text[start:end], setting)) is not None:
        yield Hit(Kind.PASSWORD, tier, start, end)


def _value(text: str, name: re.Match[str], tail: re.Match[str]) -> tuple[int, int] | None:
    """Return where the value stands that follows a name."""
    at = tail.end()
    if tail["open"]:
        quoted = _QUOTED.match(text, at)
        return quoted.span() if quoted else None
    bare = (_BARE if tail["sign"] else _ASCII).match(text, at)
    if bare is None:
        return None
    end = bare.end()
    if tail["sign"] and (ascii_part := _ASCII.match(text, at)) and ascii_part.end() - at >= 4:
        end = ascii_part.end()  # what follows in Hangul is the sentence's
    if _IN_QUERY.search(text, max(0, name.start() - 64), name.start()):
        end = min([end, *(place for place in (text.find("&", at, end),) if place >= 0)])
    if following := _NEXT.search(text, at + 1, end):
        end = following.start()
    return at, _without_punctuation(text, at, end)


def _without_punctuation(text: str, start: int, end: int) -> int:
    while end > start and (text[end - 1] in ".,;:" or _closes_nothing(text, start, end)):
        end -= 1
    return end


def _closes_nothing(text: str, start: int, end: int) -> bool:
    return any(text[end - 1] == close and opens not in text[start:end] for opens, close in _CLOSING)


def _setting(text: str, name: re.Match[str], tail: re.Match[str], span: tuple[int, int]) -> Setting:
    """Return how clearly what was found is said to be a password."""
    if name["masked"]:
        return Setting.MASKED if tail["sign"] else Setting.SAID_STRONGLY
    if tail["says"] and not (tail["open"] and tail["close"]):
        if not tail["says"].strip():
            return Setting.SAID_STRONGLY
        return Setting.SAID
    if name["weak"]:
        return Setting.WEAK
    if tail["open"] or "=" in (tail["sign"] or "") or (tail["close"] and tail["sign"]):
        return Setting.SIGN
    followed = re.match(r"\s{1,3}[A-Za-z가-힣]", text[span[1] : span[1] + 5])
    return Setting.PROSE if followed or text[span[1] : span[1] + 1].isalpha() else Setting.SIGN
