"""Owns clean lines: audit records and log lines full of what looks like somebody's number; the one rule: nothing in them is.

Harsh on purpose: one line in eleven has an order's number of the form of a resident number, or a bare one of 13 digits.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from random import Random

from tests.support.leaks.values import digits, letters

MASKED = (
    "900101-1******",
    "900101-*******",
    "9001011******",
    "010-****-5678",
    "010-1234-****",
    "****-****-****-1234",
    "1234-56**-****-7890",
    "M****5678",
    "110-***-***456",
    "11-**-******-12",
    "h***@example.com",
    "[REDACTED]",
    "••••••••",
)
_HEX = "0123456789abcdef"


def _sixty(random: Random) -> str:
    return f"{random.randrange(60):02d}"


def _uuid(random: Random) -> uuid.UUID:
    return uuid.UUID(int=random.getrandbits(128))


def _milliseconds(random: Random) -> int:
    return 1_760_000_000_000 + random.randrange(10**10)


def _address(random: Random) -> str:
    return ".".join(str(random.randrange(1, 256)) for _ in range(4))


def _record(random: Random, **more: object) -> str:
    record: dict[str, object] = {
        "timestamp": f"2026-11-{random.randrange(10, 28)}T10:{_sixty(random)}:07.{digits(random, 3)}Z",
        "level": random.choice(["INFO", "WARNING", "ERROR"]),
        "action": random.choice(["UPLOAD", "VIEW", "LOGIN", "CLOSE_CASE", "DOWNLOAD"]),
        "user_id": f"user_{letters(random, 16, _HEX)}",
        "case_id": f"case_{letters(random, 8, _HEX)}",
        "request_id": str(_uuid(random)),
        "ip": _address(random),
    }
    return json.dumps(record | more, ensure_ascii=random.random() < 0.2)


def _shapes() -> dict[str, Callable[[Random], str]]:
    return {
        "audit": lambda r: _record(r, object_id=f"ev_{letters(r, 8, _HEX)}", size=r.randrange(10**7)),
        "epoch_ms": lambda r: _record(r, ts=_milliseconds(r), duration_ms=r.randrange(9000)),
        "epoch_text": lambda r: (
            f"REPORT RequestId: {_uuid(r)} at {_milliseconds(r)} Duration: {digits(r, 4)}.{digits(r, 2)} ms"
        ),
        "arn": lambda r: _record(
            r, arn=f"arn:aws:lambda:ap-northeast-2:{r.choice('12')}{digits(r, 11)}:function:leh-ai-worker"
        ),
        "account": lambda r: _record(r, account=f"2{digits(r, 11)}", region="ap-northeast-2"),
        "key": lambda r: _record(
            r, key=f"cases/case_{letters(r, 4, _HEX)}/raw/ev_{letters(r, 4, _HEX)}_녹취록_{digits(r, 4)}.m4a"
        ),
        "tokens": lambda r: _record(r, prompt_tokens=r.randrange(10**6), model="gpt-4o-2024-08-06"),
        "policy": lambda r: r.choice(
            [
                "비밀번호는 8자 이상이어야 합니다",
                "비밀번호: 8자 이상 입력하세요",
                "비밀번호가 변경되었습니다",
                "WARN 비밀번호를 5회 잘못 입력했습니다",
                "password: must be at least 8 characters",
                "Password reset requested for user_3f9c1a2b",
                "암호화 방식: AES-256",
                "패스워드 정책: 90일마다 변경",
            ]
        ),
        "changed": lambda r: _record(
            r, password_changed_at="2026-11-02T10:00:00Z", password_hash=f"$2b$12${letters(r, 53)}"
        ),
        "null": lambda r: _record(
            r, password=r.choice([None, "***", "[REDACTED]", "<password>", "${PASSWORD}", "changeme", True])
        ),
        "argon": lambda r: (
            f"INFO user created password=$argon2id$v=19$m=65536,t=3,p=4${letters(r, 22)}${letters(r, 43)} ok"
        ),
        "masked": lambda r: _record(r, message=f"확인: {r.choice(MASKED)}"),
        "masked_text": lambda r: f"2026-11-27 10:11:12 INFO 본인확인 값={r.choice(MASKED)} 처리 완료",
        "company": lambda r: (
            f"고객센터 15{digits(r, 2)}-{digits(r, 4)}, 대표번호 02-{digits(r, 3)}-{digits(r, 4)}"
            f" 팩스 02-{digits(r, 4)}-{digits(r, 4)}"
        ),
        "digest": lambda r: _record(r, sha256=letters(r, 64, _HEX), etag=letters(r, 32, _HEX)),
        "version": lambda r: (
            f"deploy worker version {r.randrange(9)}.{r.randrange(99)}.{r.randrange(9999)} build {digits(r, 10)}"
        ),
        "trace": lambda r: (
            f"[{letters(r, 12, _HEX)}] x-amzn-trace-id: Root=1-{letters(r, 8, _HEX)}-{letters(r, 24, _HEX)}"
        ),
        "access": lambda r: (
            f'{_address(r)} - - [27/Nov/2026:10:11:12 +0900] "GET /cases/case_{letters(r, 8, _HEX)}/evidence?page=3'
            f'&sort=created_at HTTP/1.1" 200 {digits(r, 5)}'
        ),
        "korean": lambda r: (
            f"사건 2026가합{digits(r, 5)} 증거 {r.randrange(200)}건 업로드. 합계 {r.randrange(1, 9)},{digits(r, 3)},000원"
        ),
        "dynamo": lambda r: _record(
            r, latency=f"{digits(r, 3)}.{digits(r, 6)}", consumed={"ReadCapacityUnits": 12.5}, table="leh-evidence"
        ),
    }


SHAPES = _shapes()
_ORDERS = (
    "주문번호 {}",
    '{{"order_no": "{}", "status": "PAID"}}',
    "order {} shipped",
    "결제 완료 {}",
    '{{"event": "paid", "ref": "{}"}}',
)


def clean_lines(random: Random, count: int) -> Iterator[str]:
    """Yield clean lines."""
    shapes = list(SHAPES.values())
    for number in range(count):
        if number % 22 == 7:
            yield random.choice(_ORDERS).format(f"{digits(random, 6)}-{digits(random, 7)}")
        elif number % 22 == 15:
            yield random.choice(_ORDERS).format(digits(random, 13))
        else:
            yield random.choice(shapes)(random)
