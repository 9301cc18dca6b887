r"""Owns what must not leave the process in a text: secrets and people's numbers; the one rule: redact first, cut afterwards.

A text that was cut first can end in half a secret that no pattern knows any more. Only what is far longer than anybody
reads is cut before, and then its edge is thrown away.

What can be told reliably is taken out: Korean resident and foreigner numbers (a date, six digits and more; no checksum, as
numbers given since October 2020 have none), driver licences, passports, payment cards (Luhn), mobile phones, and secrets by
their form or by the name beside them. What cannot is left, since it looks like any other number: bank accounts (each bank
has its own form, all met among order numbers), passports of the old form without the word beside them, landline phones, and
an AWS secret key or a password that stands alone. No `\b` anywhere: Hangul and `_` are letters to it, and numbers are met
glued to both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

LONGEST: Final = 4000
_MARGIN: Final = 12_000
"""Characters beyond the limit that are looked at: longer than any secret that must be known by its end."""
_EDGE: Final = 100
"""Characters at the end of a text that was cut unseen: longer than any number that could be half of one."""

_DEEPEST: Final = 8
_MOST_ITEMS: Final = 100
_SMALL: Final = 10**9
"""Numbers below it are too short to be a person's."""
_WORD: Final = 1 << 63
"""Integers beyond it are written as text: JSON readers differ on them."""

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_NAMES: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret|token|(?:api|access|private|client)[_-]?key|authorization|credentials?"
    r"|session[_-]?id|비밀번호|암호|비번|패스워드)"
)
_UNLESS: Final = r"(?![_-]?(?:counts?|usage|limits?|budget|bucket|file)(?![a-z]))"
SECRET_NAME: Final = re.compile(rf"(?i){_NAMES}{_UNLESS}|cookie")
"""A name whose value is secret, whatever it looks like."""


def _named(found: re.Match[str]) -> str:
    return f"{found[1]}[redacted]"


def _mark(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def _card(found: re.Match[str]) -> str:
    digits = [int(digit) for digit in found[0] if digit.isdigit()]
    doubled = [digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(digits[::-1])]
    return "[카드번호]" if 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0 else found[0]


_SECRETS: Final[tuple[Rule, ...]] = (
    (
        re.compile(r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"),
        _mark("[redacted]"),
    ),
    (re.compile(r"(?<=://)([^\s:/@?#\"'<>]{0,200}:)[^\s/\"'<>]{1,300}(?=@)"), _named),
    (
        re.compile(
            r"(?i)((?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks"
            r"|\.webhook\.office\.com)/|api\.telegram\.org/bot)[^\s\"'<>]+"
        ),
        _named,
    ),
    (
        re.compile(
            r"(?i)([?&;](?:sig|signature|key|code|auth|x-amz-(?:signature|credential|security-token))=)[^\s&\"'<>]+"
        ),
        _named,
    ),
    (re.compile(r"(?i)((?:set-)?cookie[\"'\\]{0,4}\s{0,5}[:=]\s{0,5})[^\r\n]+"), _named),
    (
        # The name, a suffix such as _access_key, the sign, and a value: quoted, quoted within a text, or up to a gap.
        re.compile(
            rf"(?i)({_NAMES}{_UNLESS}(?:[_-]?(?:access[_-]?)?key|[_-][a-z0-9_-]{{1,40}})?[\"'\\]{{0,4}}\s{{0,5}}(?:=>|[=:])\s{{0,5}}"
            r"(?:(?:bearer|basic|digest|token|apikey)\s{1,5})?)"
            r"(?:\"(?:[^\"\\]|\\.)*|\\{1,4}\"[^\"]*|'(?:[^'\\]|\\.)*|[^\s\"',;&\\]{3,})"
        ),
        _named,
    ),
    (
        re.compile(r"(?i)((?<![a-z])(?:bearer|basic)\s{1,5})(?=[a-z._~+/-]{0,200}[0-9=])[a-z0-9._~+/-]{8,}=*"),
        _named,
    ),
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|sk-[A-Za-z0-9_-]{16,}|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}"
            r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
            r"|glpat-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,})"
        ),
        _mark("[redacted]"),
    ),
    (
        # Begun anew within itself it would be looked through again and again; its end may have been cut off.
        re.compile(r"(?<![A-Za-z0-9-])(?<![A-Za-z0-9-]_)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]*"),
        _mark("[redacted]"),
    ),
)
_SPACE: Final = r"(?:[\s+]|\\{1,8}(?:[nrt]|x[0-9a-f]{2,4}))"
"""Also as queries, JSON in JSON and Python spell it."""
_GAP: Final = rf"(?:{_SPACE}{{0,3}}[-_~·‐-―⁃−─ー\u1173\u3161]{_SPACE}{{0,3}}|{_SPACE}{{1,3}})"
_BIRTH: Final = r"\d\d(?<!\d\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_RUNS: Final[tuple[Rule, ...]] = (
    # Without a gap the digit for sex and century must be one in use, or every second clock reading would be a person.
    (re.compile(rf"{_BIRTH}(?:{_GAP}\d|[1-8])\d{{6}}(?!\d)"), _mark("[주민번호]")),
    (re.compile(r"(?:1[1-9]|2[0-8])(?<!\d\d\d)[-\s]\d{2}[-\s]\d{6}[-\s]\d{2}(?!\d)"), _mark("[운전면허번호]")),
    (
        re.compile(
            r"(?:서울|부산|대구|인천|광주|대전|울산|경기|강원|충북|충남|전북|전남|경북|경남|제주)[-\s]?"
            r"\d{2}[-\s]\d{6}[-\s]\d{2}(?!\d)"
        ),
        _mark("[운전면허번호]"),
    ),
    (
        re.compile(
            r"[3-6]\d{3}(?<![0-9A-Za-z-]\d{4})[-\s]?(?:\d{6}[-\s]?\d{5}|\d{4}[-\s]?\d{4}[-\s]?\d{1,7})(?![0-9A-Za-z]|-[0-9])"
        ),
        _card,
    ),
)
_PASSPORTS: Final[tuple[Rule, ...]] = (
    # What may stand before a number is looked at after its first digits: an expression that begins with letters is quick.
    (re.compile(r"[MSRODG](?<![0-9A-Za-z].)\d{3}[A-Z]\d{4}(?![0-9A-Za-z])"), _mark("[여권번호]")),
    (
        re.compile(r"(?:여권|[Pp](?:assport|ASSPORT))[^\n]{0,20}?(?<![0-9A-Za-z])[MSRODG]\d{8}(?![0-9A-Za-z])"),
        _mark("[여권번호]"),
    ),
)
_PHONES: Final[tuple[Rule, ...]] = (
    (
        re.compile(r"01[016789](?<!\d01\d)[-.\s)]{1,2}\d{3,4}[-.\s]\d{4}(?!\d|-[0-9A-Fa-f]{4})"),
        _mark("[전화번호]"),
    ),
    (
        re.compile(r"82(?<!\d82)[-.\s]?\(?0?\)?1[016789][-.\s)]{1,2}\d{3,4}[-.\s]\d{4}(?!\d|-[0-9A-Fa-f]{4})"),
        _mark("[전화번호]"),
    ),
    (
        re.compile(r"(?:010(?<![0-9A-Fa-f]010)|\+8210)\d{8}(?![0-9A-Fa-f])"),
        _mark("[전화번호]"),
    ),
)
_FOUR_DIGITS: Final = re.compile(r"\d{4}")
"""Every number of a person's has as many in a row."""
_RUN: Final = re.compile(r"\d{6}|\d{4}[-\s]\d{4}")
"""Those of `_RUNS` have this."""
_SECRET_WORDS: Final = (
    *"pass pwd secret token key auth cred cookie session 비 암호 패스워드 begin :// bearer basic eyj".split(),
    *"akia asia abia acca sk- _live_ _test_ xox xapp gho ghp ghu ghs ghr github_pat_ glpat- aiza sig= signature= code=".split(),
    *"hooks. api/webhooks .webhook. telegram x-amz-".split(),
)
"""In small letters: what every secret has, one of them at least."""
_ESCAPED: Final = re.compile(r"\\{1,8}u([0-9A-Fa-f]{4})")
_INVISIBLE: Final = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_OTHER_DIGIT: Final = re.compile(r"[^\D0-9]")


def redact(text: str, limit: int = LONGEST, *, phones: bool = True) -> str:
    """Return `text` without secrets and people's numbers, of at most `limit` characters, as text that UTF-8 can say.

    `phones=False` leaves phone numbers: people are told whom to call.
    """
    whole = len(text) <= limit + _MARGIN
    text = text if whole else text[: limit + _MARGIN]
    clean = _without(text.encode("utf-8", "backslashreplace").decode("utf-8"), phones=phones)
    # Full-width digits are digits, too, and a file name comes percent-encoded or with \u escapes: what only shows
    # after folding is redacted in the folded text.
    folded = _fold(clean)
    if folded != clean:
        # One sign can unfold into eighteen.
        whole, folded = whole and len(folded) <= limit + _MARGIN, folded[: limit + _MARGIN]
        if (again := _without(folded, phones=phones)) != folded:
            clean = again
    if not whole:
        clean = clean[:-_EDGE] + "…"
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def redact_all(value: Any, levels: int = _DEEPEST) -> Any:
    """Return `value` with every text in it redacted, values by their secret names too: plain data of a bounded size."""
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _SMALL):
        return value
    if isinstance(value, int) and abs(value) < _WORD:
        text = str(value)
        return value if redact(text) == text else redact(text)
    if isinstance(value, Mapping | list | tuple) and levels == 0:
        return "…"
    if isinstance(value, Mapping):
        some = [(as_text(name), item) for name, item in islice(value.items(), _MOST_ITEMS)]
        return {redact(name): _by_name(name, item, levels - 1) for name, item in some}
    if isinstance(value, list | tuple):
        return [redact_all(item, levels - 1) for item in value[:_MOST_ITEMS]]
    return redact(as_text(value))


def _by_name(name: str, value: Any, levels: int) -> Any:
    return "[redacted]" if SECRET_NAME.search(name) and value is not None else redact_all(value, levels)


def as_text(value: object) -> str:
    """Return `str(value)`, or why there is none."""
    try:
        return str(value)
    except Exception as error:  # whatever a library's object does when it is asked for its text
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"


def one_line(text: str) -> str:
    r"""Return `text` in one line: what is not printable, bidi overrides and every kind of line end included, as \xNN."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _without(text: str, *, phones: bool) -> str:
    # Most texts are short and hold nothing: none of the patterns is tried where none of their signs is there.
    small = text.lower()
    rules = _SECRETS if any(word in small for word in _SECRET_WORDS) else ()
    if _FOUR_DIGITS.search(text):
        rules += (_RUNS if _RUN.search(text) else ()) + _PASSPORTS + (_PHONES if phones else ())
    for pattern, instead in rules:
        text = pattern.sub(instead, text)
    return text


def _fold(text: str) -> str:
    if text.isascii() and "%" not in text and "\\" not in text:
        return text
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    text = unicodedata.normalize("NFKC", unquote(text, errors="replace") if "%" in text else text)
    text = _OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0], "0")), _INVISIBLE.sub("", text))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
