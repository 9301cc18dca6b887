"""What is taken out of texts that leave the process, and what must stay in them; how much is missed is counted."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leh_guardian.model.text import told
from leh_guardian.telemetry.redaction import LONGEST, one_line, redact
from tests.support.figures import show

TRIED: Final = 2000
FULL_WIDTH: Final = str.maketrans("0123456789-", "０１２３４５６７８９－")
ARABIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
GAPS: Final = [*"-‐‑‒–—―−－﹣─ㅡー_·~", " ", "  ", " - ", "\t", "\u00a0", "\u3000", "\u00ad", "\u200b", ""]


def resident_number(rng: random.Random) -> tuple[str, str]:
    """A date and seven digits as they are given; 5 to 8 are foreigners, and there is no checksum."""
    born = f"{rng.randrange(100):02}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    return born, f"{rng.randint(1, 8)}{rng.randrange(10**6):06}"


CONTEXTS: Final[dict[str, Callable[[str], str]]] = {
    "alone": lambda n: n,
    "glued to Hangul": lambda n: f"주민번호{n}입니다",
    "glued to an underscore": lambda n: f"홍길동_{n}_사본.pdf",
    "glued to Latin letters": lambda n: f"rrn{n}x",
    "in JSON": lambda n: json.dumps({"rrn": n}, ensure_ascii=False),
    "in JSON, escaped": lambda n: json.dumps({"주민": f"가{n}나"}),
    "in JSON in JSON, escaped": lambda n: json.dumps({"Message": json.dumps({"주민": f"가{n}나"})}),
    "in a query": lambda n: f"https://leh.example/cases?rrn={n}&page=2",
    "in a query, encoded": lambda n: f"https://leh.example/cases?name={quote_plus(f'홍길동{n}')}",
    "in an object's key": lambda n: f"cases/case_3f9c/raw/ev_1a2b_{n}.hwp",
    "in an object's key, encoded": lambda n: f"cases/case_3f9c/raw/ev_1a2b_{quote(f'홍길동{n}')}.hwp",
    "in a Windows path": lambda n: f"C:\\\\사건\\\\{n}\\\\녹취.mp3",
    "in brackets": lambda n: f"신청인(홍길동,{n})의",
    "in a repr": lambda n: repr({"a": [n]}),
    "among others": lambda n: f"1732300000123 {n}, 010-1234-5678; {n}",
    "at a far end": lambda n: "가" * (LONGEST - 30) + f" {n}",
}


def test_no_resident_number_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    """Two thousand numbers in every context, with every kind of dash and digits: the seven digits are never left."""
    rng, tried = random.Random(20261127), Counter[str]()
    for _ in range(TRIED):
        born, rest = resident_number(rng)
        for name, context in CONTEXTS.items():
            gap = rng.choice(GAPS)
            number = f"{born}{gap}{rest}"
            spelt = rng.choice([number, number.translate(FULL_WIDTH), number.translate(ARABIC)])
            clean = redact(context(spelt))
            tried[name] += 1
            assert "[주민번호]" in clean, (name, context(spelt))
            for digits in (rest, rest.translate(FULL_WIDTH), rest.translate(ARABIC)):
                assert digits not in clean, (name, context(spelt))
    assert len(tried) >= 12
    show(capsys, f"resident numbers: {TRIED} in {len(CONTEXTS)} contexts, 0 of {tried.total()} missed")


NEGATIVES: Final[dict[str, Callable[[random.Random], str]]] = {
    "clock in ms, this decade": lambda rng: str(rng.randint(1577836800000, 1893456000000)),
    "clock in seconds": lambda rng: str(rng.randint(1577836800, 1893456000)),
    "clock in us": lambda rng: str(rng.randint(1577836800000000, 1893456000000000)),
    "account": lambda rng: f"{rng.randrange(10**12):012}",
    "arn": lambda rng: f"arn:aws:sqs:ap-northeast-2:{rng.randrange(10**12):012}:leh-ai-worker-dlq",
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
    "order": lambda rng: f"ORD-2026{rng.randint(1, 12):02}{rng.randint(1, 28):02}-{rng.randrange(10**6):06}",
    "evidence": lambda rng: f"cases/case_{rng.getrandbits(32):08x}/raw/ev_{rng.getrandbits(48):012x}_녹취 1.mp3",
    "sha256": lambda rng: f"{rng.getrandbits(256):064x}",
    "etag": lambda rng: f"{rng.getrandbits(128):032x}",
    "sequencer": lambda rng: f"{rng.getrandbits(72):018X}",
    "request id": lambda rng: f"RequestId: {uuid.UUID(int=rng.getrandbits(128), version=4)}",
    "16 digits": lambda rng: str(rng.randrange(10**15, 10**16)),
    "money": lambda rng: f"{rng.randrange(10**9):,}원",
    "date and time": lambda rng: (
        f"2026-11-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00.{rng.randrange(10**6):06}Z"
    ),
    "address": lambda rng: ".".join(str(rng.randrange(256)) for _ in range(4)) + f":{rng.randint(1024, 65535)}",
    "landline": lambda rng: f"02-{rng.randint(200, 9999)}-{rng.randrange(10**4):04}",
}


def test_ordinary_numbers_stay(capsys: pytest.CaptureFixture[str]) -> None:
    """Clocks, accounts, ARNs, ids and orders are what operators read; how many are taken for a person's is printed."""
    rng = random.Random(7)
    texts = {name: [make(rng) for _ in range(TRIED)] for name, make in NEGATIVES.items()}
    taken = {name: sum(redact(text) != text for text in some) for name, some in texts.items()}
    wrong = ", ".join(f"{name} {count / TRIED:.2%}" for name, count in taken.items() if count)
    show(capsys, f"ordinary numbers: {TRIED} each of {len(NEGATIVES)} kinds; taken for a person's: {wrong or 'none'}")
    # A clock of early 2024 reads like a birth date without a gap; one number in ten of a card's length passes Luhn; and a
    # long digest may hold anything between two letters.
    doubtful = {"clock in ms, this decade": 0.06, "16 digits": 0.06, "sha256": 0.005, "etag": 0.005, "sequencer": 0.005}
    assert all(count <= TRIED * doubtful.get(name, 0) for name, count in taken.items()), taken


@pytest.mark.parametrize(
    "number",
    [
        "010-1234-5678",
        "01012345678",
        "010 1234 5678",
        "010.1234.5678",
        "011-234-5678",
        "+82 10-1234-5678",
        "+82-10-1234-5678",
        "+821012345678",
        "11-22-333333-44",
        "28-05-123456-01",
        "서울-12-345678-90",
        "경기 12-345678-90",
        "M123A4567",
        "S001B2345",
        "여권 M12345678",
        "passport no. S12345678",
        "4111-1111-1111-1111",
        "4111111111111111",
        "5555 5555 5555 4444",
        "3782-822463-10005",
        "378282246310005",
    ],
)
@pytest.mark.parametrize(
    "context", ["{}", "연락처{}입니다", "홍길동_{}_사본", '{{"a": "{}"}}', "({})", "a={}&b", "한글 {}."]
)
def test_other_numbers_of_people(number: str, context: str) -> None:
    """Mobile phones, driver licences, passports and cards, glued to Hangul or not, in full width or not."""
    for text in (context.format(number), context.format(number).translate(FULL_WIDTH)):
        clean = redact(text)
        assert clean != text
        assert not any(digits in clean for digits in (number[-4:], number[-4:].translate(FULL_WIDTH)))


def test_people_are_told_whom_to_call() -> None:
    """A phone number in a message to people stays; everything else of a person's does not."""
    text = "call 010-1234-5678 about 900101-1234567"
    assert told(text, phones=False) == "call 010-1234-5678 about [주민번호]"


JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
SECRETS: Final = [
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    JWT,
    "sk-proj-abcdefghijklmnop1234",
    "sk-abcdefghijklmnopqrstuvwx",
    "xoxb-1234567890-abcdefghij",
    "xapp-1-A0123456-abcdef",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl",
    "glpat-abcdefghijklmnopqrst",
    "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
    "sk_live_abcdefghijklmnop",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabcdef\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEA\\nabcdef",
]


@pytest.mark.parametrize("secret", SECRETS, ids=[secret[:12] for secret in SECRETS])
@pytest.mark.parametrize("context", ["{}", "키는{}입니다", "홍길동_{}", '{{"v": "{}"}}', "x ({}) y", "?v={}", "a: {}"])
def test_secrets_that_show_by_their_form(secret: str, context: str) -> None:
    """Wherever they stand, Hangul and underscores beside them included."""
    clean = redact(context.format(secret))
    assert "[redacted]" in clean
    assert secret[-8:] not in clean
    assert secret[8:20] not in clean


NAMED: Final = [
    "password={}",
    "PASSWORD: {}",
    "passwd={}",
    "db_password = '{}'",
    '{{"password": "{}"}}',
    '{{"client_secret":"{}"}}',
    "{{'SecretAccessKey': '{}'}}",
    "aws_secret_access_key = {}",
    "AWS_SECRET_ACCESS_KEY={}",
    "export API_KEY={}",
    "X-Api-Key: {}",
    "Authorization: Bearer {}",
    "Authorization: Basic {}",
    "authorization: token {}",
    "비밀번호: {}",
    "비밀번호={}입니다",
    "session_id={}",
    "Cookie: a=1; sid={}; b=2",
    "Set-Cookie: sid={}; Path=/",
    '{{"body": "{{\\"password\\": \\"{}\\"}}"}}',
    "https://leh.example/x?token={}&a=1",
    "https://leh.example/x?a=1&sig={}",
    "https://leh.example/x?signature={}",
    "https://b.s3.amazonaws.com/k?X-Amz-Signature={}&X-Amz-Expires=1",
    "https://user:{}@host/path",
    "postgresql://guardian:p@{}@db.example:5432/g",
    "redis://:{}@cache:6379/0",
    "https://hooks.slack.com/services/T0/B0/{}",
    "https://discord.com/api/webhooks/1/{}",
    "https://leh.webhook.office.com/webhookb2/{}",
    "https://api.telegram.org/bot1:{}/sendMessage",
    "the header was: Bearer {}",
    "token => {}",
]


@pytest.mark.parametrize("context", NAMED)
def test_secrets_that_show_by_the_name_beside_them(context: str) -> None:
    """No form tells a password; its name, its sign or its place in an address does."""
    secret = "wJalrXUtnFEMI7MDENGbPxRfiCY0"
    text = context.format(secret)
    assert secret not in redact(text), text
    assert secret not in redact(f"오류 {text} 끝"), text
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "User: arn:aws:iam::012345670123:user/k is not authorized to perform: secretsmanager:GetSecretValue",
        "cannot receive from queue x in ap-northeast-2: AccessDenied: sts:GetSessionToken",
        "total_tokens: 120000, token_count=5, token usage: 3",
        "password authentication failed for user guardian",
        "set LEH_HTTP__TOKEN to allow changes over HTTP",
        "task-abcdefghijklmnopqrstuvwxyz",
        "http://127.0.0.1:8080/status",
        "basic authentication, bearer tokens",
        "connection to postgresql://guardian@db:5432/g refused",
        "rules.yaml:12:5: `passwort` is unknown",
        "평범한 문장입니다. 사건 12-3456, 3월 4일 10:30-11:00",
        "leh-guardian actions approve 9001011a-1234-4567-8901-011234567890",
        "notify.channels.ops.secret_file: cannot read /x",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    """Permissions, names of settings, queues and addresses are no secrets."""
    assert redact(text) == text


@given(st.integers(0, 400), st.sampled_from(["900101-1234567", *SECRETS]), st.integers(20, 200))
def test_a_cut_never_leaves_half_of_it(before: int, secret: str, limit: int) -> None:
    """What is redacted and cut ends with the whole secret or with none of it: the cut comes second."""
    for pad in (before, LONGEST + before, 16_100 - before):
        assert secret[:9] not in told("x" * pad + " " + secret, limit)
        long = redact("x" * pad + " " + secret)
        assert secret[:9] not in long
        assert len(long) <= LONGEST


@given(st.text(st.characters(codec=None, exclude_categories=[]), max_size=300), st.integers(1, 300))
def test_what_is_told_is_one_harmless_line(text: str, limit: int) -> None:
    """Whatever the text: one line, printable, within its limit, and sayable in UTF-8."""
    assert told(text, limit).isprintable()
    assert len(told(text, limit)) <= limit
    assert one_line(text).isprintable()
    redact(text).encode("utf-8")
    assert len(redact(text, limit)) <= limit
