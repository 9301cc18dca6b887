"""Owns lines with one planted value each: every kind in every place and spelling; the one rule: the line tells where it is.

The spellings of `dev` are those that the detectors were written with. `held_out` has other ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from tests.support.leaks import values

Line = tuple[str, str]
"""A line, and the value as it is written in it."""


@dataclass(frozen=True)
class Planted:
    """A line that holds one value of a kind."""

    kind: str
    line: str
    value: str
    family: str


WORDS = {
    "kr_rrn": (["rrn", "resident_number", "juminNo", "value"], ["주민번호", "주민등록번호는", "본인 확인"]),
    "kr_frn": (["frn", "alien_registration_no", "value"], ["외국인등록번호", "등록 번호"]),
    "kr_driver_license": (["driver_license", "licenseNo"], ["운전면허", "면허번호는"]),
    "kr_passport": (["passport_no", "passportNumber", "doc"], ["여권번호", "여권"]),
    "phone": (["phone", "mobileNumber", "contact", "memo"], ["연락처", "휴대폰은", "의뢰인"]),
    "card": (["card_no", "cardNumber", "memo"], ["카드번호", "결제 카드", "메모"]),
    "bank_account": (
        ["bank_account", "accountNumber", "account_no"],
        ["계좌번호", "환불계좌", "입금 계좌는", "신한은행"],
    ),
    "kr_brn": (["brn", "business_no", "bizRegNo"], ["사업자등록번호", "사업자번호는"]),
    "password": (
        ["password", "passwd", "user_pw", "newPassword", "비밀번호"],
        ["비밀번호:", "비번 =", "비밀번호는", "암호:", "패스워드="],
    ),
    "aws_secret_key": (["aws_secret_access_key", "secretAccessKey", "secret"], ["AWS secret", "시크릿 키:"]),
}
_TOKEN_WORDS = (["token", "key", "authorization", "value"], ["토큰", "키 값:", "Bearer"])


def in_field(random: Random, kind: str, value: str) -> Line:
    """A field of an audit record."""
    key = random.choice(WORDS.get(kind, _TOKEN_WORDS)[0])
    record = {"timestamp": "2026-11-27T10:11:12Z", "user_id": "user_3f9c1a2b", "detail": {key: value}, "status": 200}
    ascii_only = random.random() < 0.3
    return json.dumps(record, ensure_ascii=ascii_only), json.dumps(value, ensure_ascii=ascii_only)[1:-1]


def in_sentence(random: Random, kind: str, value: str) -> Line:
    """A Korean sentence, the number glued to its words now and then."""
    word = random.choice(WORDS.get(kind, _TOKEN_WORDS)[1])
    gap = random.choice([" ", "", " "]) if word[-1] > "\x7f" or word[-1] in ":=" else " "
    if (kind == "password" and word[-1] > "\x7f") or kind in {"jwt", "kr_passport"}:
        gap = " "
    after = random.choice(["", " 확인"] if kind == "password" else ["", " 확인", "입니다"])
    return f"2026-11-27 10:11:12 INFO {word}{gap}{value}{after}", value


def in_query(random: Random, kind: str, value: str) -> Line:
    """A query string."""
    key = random.choice(WORDS.get(kind, _TOKEN_WORDS)[0])
    written = quote(value, safe="!@*()-_.~/ABC") if random.random() < 0.7 else value
    if set(value) & set(" &#+%=?") or not value.isascii():
        written = quote(value, safe="-_.~")
    return f'10.0.0.1 "GET /search?page=2&{key}={written}&sort=asc HTTP/1.1" 200 1234', written


def in_json_in_json(random: Random, kind: str, value: str) -> Line:
    """A body that a log quotes, once or twice."""
    key = random.choice(WORDS.get(kind, _TOKEN_WORDS)[0])
    body = json.dumps({"id": 7, key: value}, ensure_ascii=False)
    written = json.dumps(value, ensure_ascii=False)[1:-1]
    if random.random() < 0.3:
        body = json.dumps({"raw": body}, ensure_ascii=False)
        written = json.dumps(written, ensure_ascii=False)[1:-1]
    line = json.dumps({"level": "INFO", "message": body}, ensure_ascii=False)
    return line, json.dumps(written, ensure_ascii=False)[1:-1]


PLACES: dict[str, Callable[[Random, str, str], Line]] = {
    "field": in_field,
    "sentence": in_sentence,
    "query": in_query,
    "json_in_json": in_json_in_json,
}


def spelled(random: Random, parts: tuple[str, ...]) -> str:
    """Return groups of digits in one of the spellings people and programs use."""
    way = random.randrange(7)
    joined = [" ", "-", "-", " - ", "–", ".", "-"][way].join(parts)
    if way == 6:
        return "".join(chr(ord(letter) + 0xFEE0) for letter in joined)
    return joined


def _resident(random: Random, *, foreign: bool) -> str:
    halves = values.resident(random, checked=random.random() < 0.5, foreign=foreign)
    return "".join(halves) if random.random() < 0.2 else spelled(random, halves)


def _phone(random: Random) -> str:
    parts = values.mobile(random)
    if random.random() < 0.2:
        return random.choice(["+82-10-", "+8210", "+82 10 "]) + f"{parts[1]}{parts[2]}"
    return "".join(parts) if random.random() < 0.2 else spelled(random, parts)


def _card(random: Random) -> str:
    number = values.card(random)
    if len(number) == 15:
        return spelled(random, (number[:4], number[4:10], number[10:]))
    return number if random.random() < 0.2 else spelled(random, tuple(number[n : n + 4] for n in range(0, 16, 4)))


def _account(random: Random) -> str:
    number = values.account(random)
    return number if random.random() < 0.7 else number.replace("-", "")


MAKERS: dict[str, Callable[[Random], str]] = {
    "kr_rrn": lambda random: _resident(random, foreign=False),
    "kr_frn": lambda random: _resident(random, foreign=True),
    "kr_driver_license": lambda random: "-".join(values.licence(random)),
    "kr_passport": values.passport,
    "phone": _phone,
    "card": _card,
    "bank_account": _account,
    "kr_brn": lambda random: "-".join(values.business(random)),
    "password": values.password,
    "aws_secret_key": values.aws_secret,
    "private_key": values.private_key,
}


def value_of(random: Random, kind: str) -> str:
    """Return a value of a kind, spelled somehow."""
    return MAKERS[kind](random) if kind in MAKERS else values.tokens(random)[kind]


KINDS = (
    *(
        "kr_rrn",
        "kr_frn",
        "kr_driver_license",
        "kr_passport",
        "phone",
        "card",
        "bank_account",
        "kr_brn",
        "password",
        "jwt",
    ),
    *("aws_access_key", "aws_secret_key", "openai_key", "private_key", "slack_token", "github_token"),
)


def planted_lines(random: Random, kind: str, count: int) -> Iterator[Planted]:
    """Yield lines with a value of a kind, in each place in turn."""
    places = list(PLACES.items())
    for number in range(count):
        family, place = places[number % len(places)]
        value = value_of(random, kind)
        if kind == "private_key" and family in {"sentence", "query"}:
            value = value.replace("\n", "\\n")
        line, written = place(random, kind, value)
        yield Planted(kind, line, written, family)
