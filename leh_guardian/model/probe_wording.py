"""Owns what is said of looks at the service; the one rule: of an answer nothing but numbers, types and what is masked.

What a step expected and saw is made where it is looked (adapters/service_probe.py), and told in the sentence of the incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from leh_guardian.language import Text, count, day_and_time, length

ALLOWED: Final = Text(ko="설정이 허용하는 주소", en="an address that the settings allow")
OTHER_SERVER: Final = Text(
    ko="다른 서버로 보내는 응답이라 따라가지 않음", en="an answer that leads to another server, which is not followed"
)
OTHER_HOST: Final = Text(
    ko="응답의 주소가 이 단계의 hosts에 없음", en="the address in the answer is none of the step's hosts"
)
NO_PART: Final = Text(ko="주소에 넣을 수 없는 값", en="a value that cannot be put into an address")
ANSWER: Final = Text(ko="응답", en="an answer")
NO_ANSWER: Final = Text(ko="응답 없음", en="no answer")
JSON: Final = Text(ko="JSON 응답", en="an answer in JSON")
LONGER: Final = Text(ko="더 긴 응답", en="a longer answer")
GONE_FROM_FILE: Final = Text(
    ko="guardian.yaml의 probes에서 빠져 더 점검하지 않습니다",
    en="no more in the probes of guardian.yaml, so it is no longer looked at",
)
_REQUEST: Final = Text(ko="요청", en="request")
_OR: Final = Text(ko="또는", en="or")
_NOTHING: Final = Text(ko="없음", en="nothing")


def step(name: str) -> Text:
    """Return what a step is called; one without a name is a request."""
    return Text.same(name) if name else _REQUEST


def within(seconds: float) -> Text:
    """Return that an answer was expected in time."""
    return Text(ko=f"{seconds:g}초 안에 응답", en=f"an answer within {seconds:g} s")


def not_reached(kind: str) -> Text:
    """Return that nothing could be asked; `kind` is the error's type."""
    return Text(ko=f"연결 실패({kind})", en=f"no connection ({kind})")


def led_on(times: int) -> Text:
    """Return that an answer leads on once more than may be followed."""
    return Text(ko=f"리다이렉트가 {times}번을 넘음", en=f"more than {count(times, 'redirect')}")


def status(those: Sequence[int]) -> Text:
    """Return which HTTP statuses were expected; without any, one that says that it went well."""
    if not those:
        return Text.same("HTTP 2xx")
    return Text.each(lambda locale: f"HTTP {f' {_OR.of(locale)} '.join(map(str, those))}")


def in_body(text: str) -> Text:
    """Return what the body was expected to have."""
    return Text(ko=f"본문에 {text!r}", en=f"{text!r} in the body")


def not_in_body(size: int, excerpt: str) -> Text:
    """Return that the body has it not; of `size` bytes."""
    return Text(ko=f"본문에 없음({size}바이트){excerpt}", en=f"not in the body ({count(size, 'byte')}){excerpt}")


def taken(name: str, expression: str) -> Text:
    """Return that something was expected to be taken from the answer."""
    return Text(ko=f"응답에서 {name}({expression})", en=f"{name} in the answer ({expression})")


def no_value(kind: str | None) -> Text:
    """Return what was there in its place: a value of a type that cannot be taken, or nothing."""
    return Text(ko=f"{kind} 값", en=f"a value of type {kind}") if kind else _NOTHING


def short_json(kilobytes: int) -> Text:
    """Return that JSON of at most so much was expected."""
    return Text(ko=f"{kilobytes} KB 이하의 JSON", en=f"JSON of {kilobytes} KB at most")


def no_json(size: int) -> Text:
    """Return that the answer, of `size` bytes, is no JSON."""
    return Text(ko=f"JSON이 아님({size}바이트)", en=f"no JSON ({count(size, 'byte')})")


def compared(expected: Text, seen: Text) -> Text:
    """Return what was expected, and what was seen."""
    return Text(ko=f"기대: {expected.ko} · 실제: {seen.ko}", en=f"expected: {expected.en} · seen: {seen.en}")


def failing(name: str, at: Text, seen: Text, times: int, since: datetime, now: datetime, zone: tzinfo) -> Text:
    """Say which step of a probe failed how often, since when, and what was expected and seen."""
    begun, lasts = day_and_time(since, zone), length(now - since)
    return Text(
        ko=f"{name}: '{at.ko}' 단계가 {times}회 연속 실패 ({begun.ko}부터 {lasts.ko}째) · {seen.ko}",
        en=f"{name}: the step '{at.en}' failed {'once' if times == 1 else f'{times} times in a row'}"
        f" (since {begun.en}, for {lasts.en}) · {seen.en}",
    )
