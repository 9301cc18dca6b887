"""The first look at many lines at once loses nothing: a file holds what each of its lines holds when every detector looks at it."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leh_guardian.disclosure import Found, Scanner, Seal, gates, scanner, stream
from leh_guardian.disclosure.armour import Armour
from leh_guardian.disclosure.detectors import passport, password, private_key, tokens
from leh_guardian.disclosure.sieve import as_line, could_hold
from leh_guardian.disclosure.stream import LONGEST, decode, scan_stream
from tests.support.leaks import clean, held_out, planted, values

SCANNER = Scanner(values.TODAY, Seal(b"0123456789abcdef"))
NAMES = (
    "password passValue userPassword adminPw password_hash pw 비밀번호 암호 *** **** 계좌 account accountNo dlNo homeTel telNo phone"
    " ts passport PassPort 여권번호 taxId rrn order_no secret paſſword checK pass_checK %7bank 연락처 card 면허 kb message body"
).split()
ODD = [
    *(
        "",
        " ",
        "-",
        " - ",
        "----",
        ".",
        "/",
        "\\/",
        "\\n",
        "\\\\",
        '\\"',
        '"',
        "'",
        "`",
        "\t",
        "\x00",
        "\x0b",
        "\x0e",
        "\r",
        "화",
        "ſ",
        "İ",
    ),
    *(
        "%2D",
        "%22",
        "%5C",
        "%EC%95%94",
        "\\u0022",
        "\\u002d",
        "\\uff11",
        "＂",
        "＼",
        "－",
        "１",
        "\u200b",
        "\u00a0",
        "\u1100\u1161",
        "가",
    ),
    *(
        "null",
        "true",
        "_hash",
        "s",
        "!",
        ")",
        "}",
        "]",
        ",",
        ":",
        "=",
        "@",
        "://a:bcd12!@h",
        "eyJ",
        "sk-",
        "x",
        "9",
        "+82 ",
        "국민 ",
    ),
    *(
        "<password>",
        "${PASSWORD}",
        "$2b$12$abc",
        "[REDACTED]",
        "changeme",
        "Qwer12!!",
        "010-****-1234",
        "****** 처리",
        "***",
    ),
]
BYTES = [b"", b"\xff", b"\xc3(", b"\xed\xa0\x80", "주민".encode("cp949"), b"\xef\xbb\xbf"]


def _slowly(line: str) -> list[Found]:
    """Return what a line holds where every detector looks at every text of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "signs_of", lambda text, among=gates.ANYTHING: gates.ANYTHING)
        patch.setattr(scanner, "is_odd", lambda text: True)
        return SCANNER.scan_line(line)


def _one_by_one(data: bytes) -> Iterator[tuple[int, Found]]:
    """Yield what a file holds, each line looked at by itself and by every detector."""
    armour = Armour(SCANNER)
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = decode(raw)
        if armour.open or armour.begins(line):
            yield from armour.take(number, line)
        else:
            yield from ((number, found) for found in _slowly(line))
    yield from armour.give_up()


def _in_blocks(data: bytes, size: int) -> list[tuple[int, Found]]:
    """Return what a file holds that is read so many bytes at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_BLOCK", size)
        return list(scan_stream(io.BytesIO(data), SCANNER))


def _text(random: Random) -> str:
    """Return what people and programs write, and what nobody does."""
    pieces = []
    for _ in range(random.randrange(1, 4)):
        value = planted.value_of(random, random.choice(planted.KINDS))
        if random.random() < 0.5:
            value = "".join(random.choice("0123456789") if letter.isdigit() else letter for letter in value)
        name = random.choice(NAMES) + random.choice([": ", "=", "는 ", '": "', "=>"])
        pieces.append(random.choices([value, name, random.choice(ODD)], [1, 2, 2])[0])
    return random.choice(["", " "]).join(pieces)


def _document(random: Random, level: int = 0) -> object:
    kind = random.random()
    if level > 2 or kind < 0.5:
        return random.choice([_text(random), random.choice(ODD), None, True, 9001011234567, 12345678])
    if kind < 0.85:
        return {
            random.choice(NAMES) + random.choice(["", "", random.choice(ODD)]): _document(random, level + 1)
            for _ in "ab"
        }
    if kind < 0.93:
        return [_document(random, level + 1) for _ in "ab"]
    return json.dumps(_document(random, level + 1), ensure_ascii=random.random() < 0.5)


def _line(random: Random) -> str:
    if random.random() < 0.3:
        return _text(random)
    document = _document(random)
    line = json.dumps(document if isinstance(document, dict) else {"a": document}, ensure_ascii=random.random() < 0.5)
    return line.replace("/", random.choice(["/", "\\/"]))


def _file(random: Random) -> bytes:
    """Return lines of all sorts with ends of both sorts, some of them no UTF-8."""
    lines = [
        _line(random).replace("\n", " ").encode() + random.choice(BYTES if random.random() < 0.1 else [b""])
        for _ in range(30)
    ]
    return b"".join(line + random.choice([b"\n", b"\n", b"\r\n"]) for line in lines)


@given(st.integers(0, 1 << 32), st.integers(1, 5_000))
@settings(max_examples=60, deadline=None)
def test_files_of_any_lines(seed: int, size: int) -> None:
    """Line for line the same is found, wherever blocks end, however lines end and whatever they hold."""
    data = _file(Random(seed))
    assert _in_blocks(data, size) == list(_one_by_one(data))


@given(st.lists(st.one_of(st.text(), st.sampled_from(ODD), st.sampled_from(NAMES)), max_size=60).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text(text: str) -> None:
    """However strange a text, the same is found."""
    data = text.encode("utf-8", "replace")
    if not data.startswith(b"BZh"):
        assert _in_blocks(data, 16) == list(_one_by_one(data))


@pytest.mark.parametrize("kind", planted.KINDS)
def test_no_value_is_lost(kind: str) -> None:
    """Of every kind, in every place and spelling, the same is found as by looking at everything."""
    random = Random(f"sieve {kind}")
    lines = [one.line for make in (planted.planted_lines, held_out.held_out_lines) for one in make(random, kind, 30)]
    lines += [json.dumps({"message": line, "ip": "10.20.30.40"}) for line in lines]
    lines += [json.dumps({"body": json.dumps([{"note": line}])}).replace("/", "\\/") for line in lines[:60]]
    data = "\n".join(line.replace("\n", "\\n") for line in lines).encode()
    assert _in_blocks(data, 1 << 12) == list(_one_by_one(data))


TOLD = [
    *(
        f'{{"{name}": "Qwer12!!"}}'
        for name in ("adminPw", "passValue", "passwordConfirm", "비번 확인", "****2", "pa\u017f\u017fword")
    ),
    *(f'{{"password": "${{A}}{mark}x!Y1"}}' for mark in ('\\"', "%22", "\uff02", "\\u0022", '\\u0022,\\"b')),
    '{"pass_chec\u212a": "Qwer12!!"}',
    '{"password": ["Qwer12!!"]}',
    '{"a": "password\\n: Qwer12!!"}',
    '{"a": "\\nsk-proj-abcdefghij0123456789"}',
    '{"a": "1\\n010-1234-5678"}',
    '{"dlNo": "112233445566"}',
    '{"homeTel": "02-123-4567"}',
    '{"taxId": "1208147521"}',
    '{"accountN": "110123456789"}',
    '{"%7bank": "110123456789"}',
    '{"PASSPort": "m12345678"}',
    "kb:110123456789",
    "password=***,Qwer12!! x",
    "a *** : Qwer12!!",
]
"""Lines that hold something, each in a spelling that a first look could be blind to."""


@pytest.mark.parametrize("line", TOLD)
def test_what_a_first_look_could_miss(line: str) -> None:
    """What hides behind an escape, a name without word ends, letters that are like others, or a value that begins as none does."""
    assert [found for _, found in _in_blocks(line.encode(), 16)] == _slowly(line) != []


@pytest.mark.parametrize("sign", [*tokens.SIGNS, *password.SIGNS, *passport.NAMES, private_key.SIGN])
def test_every_sign_of_a_detector(sign: str) -> None:
    """A sign that a detector goes by lets its line through, so that none is added to the detectors alone."""
    follows = {"xox": "b-", "***": " : "}.get(sign, "" if sign in tokens.SIGNS else ": ")
    assert could_hold([f"a {sign}{follows}Qwer12Qwer12Qwer12Qwer12"]) == [0]


HARMLESS = [
    '{"password": null, "password_hash": "$2b$12$abcdefghijklmnopqrstuv", "passwordChangedAt": "2026-11-02T10:00:00Z"}',
    '{"password": "***", "pw": "[REDACTED]", "pwd": "<password>", "pass": "${PASSWORD}", "b": "changeme"}',
    '{"account": "123456789012", "arn": "arn:aws:lambda:ap-northeast-2:123456789012:function:dlq-handler"}',
    '{"ts": 1760000000000, "card": "****-****-****-1234", "phone": "010-****-5678", "rrn": "900101-1******"}',
    '{"message": "{\\"password_hash\\": \\"x\\", \\"ip\\": \\"10.20.30.40\\"}"}',
    "INFO passenger passed task-1234567890123456789 암호화 방식 https://host/a:b/c@d",
]


def test_what_is_known_to_be_harmless() -> None:
    """What lines by the thousand hold is not looked at closely; it would be as right, and slow."""
    assert could_hold(HARMLESS) == []


def test_clean_lines_do_not_go_through() -> None:
    """Of lines that hold nothing few are looked at closely, and nothing more or less is found of them."""
    lines = list(clean.clean_lines(Random("sieve"), 1_500))
    assert len(could_hold(lines)) < 0.1 * len(lines)
    data = "\n".join(lines).encode()
    assert _in_blocks(data, 1 << 16) == list(_one_by_one(data))


@given(st.integers(0, 1 << 32))
@settings(max_examples=100, deadline=None)
def test_records(seed: int) -> None:
    """A row of a table that holds something goes through, as does a line."""
    random = Random(seed)
    rows = [{random.choice(NAMES): str(_document(random)) for _ in "abc"} for _ in range(10)]
    could = could_hold([as_line(row) for row in rows])
    assert {number for number, row in enumerate(rows) if SCANNER.scan_record(row)} <= set(could)


@pytest.mark.parametrize("begins", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1, LONGEST + (1 << 17)])
def test_lines_about_as_long_as_a_window(length: int, begins: bytes) -> None:
    """Lines are counted right wherever the length lies at which a line is no longer looked at as a whole."""
    line = b" 010-1234-5678 ".rjust(length - 1 - len(begins), b"x")
    data = begins + line + b"\n010-1234-5678\n\n" + line + b"\n\n010-1234-5678"
    at = len(line) - 14
    expected = [(1, at), (2, 0), (4, at), (6, 0)]
    for size in (1 << 16, LONGEST, 3 * LONGEST):
        assert [(number, found.offset) for number, found in _in_blocks(data, size)] == expected


def test_what_is_remembered_is_bounded() -> None:
    """Lines made to be remembered, each with a number, a name or an escape as long as itself, take no room afterwards."""
    lines = [f"{number:09d}" + "-1" * (6_000 + number) for number in range(6)]
    lines += [json.dumps({f"{number}password" * 5_000: "x" * 10}) for number in range(6)]
    lines += [f"{number} pw=" + "%EA%B0%80" * (4_000 + number) for number in range(6)]
    scans = [scan_stream(io.BytesIO(f"{line}\n".encode()), SCANNER) for line in lines]
    assert list(scan_stream(io.BytesIO(b"password=Qwer12!! 900101-1234567\n"), SCANNER))
    tracemalloc.start()
    try:
        assert not any(found for scan in scans for found in scan)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 200_000
