"""One trap in a row: what must be found in a line, spelled as it is there, and what must not."""

from __future__ import annotations

import pytest

from leh_guardian.disclosure import Scanner
from tests.support.leaks.clean import MASKED
from tests.support.leaks.values import TODAY

SCANNER = Scanner(TODAY)
PEM = r"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890abcd\n-----END RSA PRIVATE KEY-----"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
FOUND = [
    ("주민번호900101-1234567입니다", "kr_rrn", "900101-1234567"),
    ("본인 900101-1234568", "kr_rrn", "900101-1234568"),
    ("주민등록번호: 900101 - 1234567", "kr_rrn", "900101 - 1234567"),
    ("900101–1234567", "kr_rrn", "900101–1234567"),
    ("900101—1234567", "kr_rrn", "900101—1234567"),
    ("900101.1234567", "kr_rrn", "900101.1234567"),
    ("900101 1234567", "kr_rrn", "900101 1234567"),
    ("９００１０１－１２３４５６７", "kr_rrn", "９００１０１－１２３４５６７"),
    ("GET /u?rrn=900101%2D1234567&x=1", "kr_rrn", "900101%2D1234567"),
    ("?q=%EC%A3%BC%EB%AF%BC900101%2D1234567", "kr_rrn", "900101%2D1234567"),
    ("resident_no=9001011234567", "kr_rrn", "9001011234567"),
    ('{"rrn": 9001011234567}', "kr_rrn", "9001011234567"),
    ("주민등록증_900101-1234567.pdf", "kr_rrn", "900101-1234567"),
    ("900101\u200b-1234567", "kr_rrn", "900101\u200b-1234567"),
    ("주민번호 850101-9123456", "kr_rrn", "850101-9123456"),
    ("외국인등록번호 900101-5234567", "kr_frn", "900101-5234567"),
    ("면허 11-26-123456-12", "kr_driver_license", "11-26-123456-12"),
    ("면허번호 112612345612", "kr_driver_license", "112612345612"),
    ("서울 99-123456-78", "kr_driver_license", "99-123456-78"),
    ("여권번호M12345678입니다", "kr_passport", "M12345678"),
    ("M123A4567", "kr_passport", "M123A4567"),
    ("passport m12345678", "kr_passport", "m12345678"),
    ("연락처 010-1234-5678", "phone", "010-1234-5678"),
    ("010.1234.5678", "phone", "010.1234.5678"),
    ("+82-10-1234-5678", "phone", "+82-10-1234-5678"),
    ("+821012345678", "phone", "+821012345678"),
    ("휴대폰01012345678로", "phone", "01012345678"),
    ("phone=011-234-5678", "phone", "011-234-5678"),
    ("자택 02-123-4567", "phone", "02-123-4567"),
    ("4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
    ("카드번호:4111111111111111", "card", "4111111111111111"),
    ("9410-1234-5678-9010", "card", "9410-1234-5678-9010"),
    ("amex 3782 822463 10005", "card", "3782 822463 10005"),
    ("환불계좌 110-123-456789", "bank_account", "110-123-456789"),
    ("110-123-456789 (신한은행)", "bank_account", "110-123-456789"),
    ('{"accountNumber": "3333011234567"}', "bank_account", "3333011234567"),
    ("사업자등록번호 123-45-67891", "kr_brn", "123-45-67891"),
    ("brn=1234567891", "kr_brn", "1234567891"),
    ("password=hunter2&x=1", "password", "hunter2"),
    ("비밀번호는 hunter2!입니다", "password", "hunter2!"),
    ("비밀번호: qwer1234!, 다음", "password", "qwer1234!"),
    ("암호=Qwer12!@", "password", "Qwer12!@"),
    ('pass "Qwer12!!"', "password", "Qwer12!!"),
    ("*** : Abc123!!", "password", "Abc123!!"),
    ('{"***": "Abc123!!"}', "password", "Abc123!!"),
    (r'body="{\"pwd\": \"Abc123!!\"}"', "password", "Abc123!!"),
    ('{"passphrase": "correct horse battery staple"}', "password", "correct horse battery staple"),
    ("postgres://leh:s3cr3t!@db/leh", "password", "s3cr3t!"),
    # A scanner that took what holds `_id` for an id found no password in any audit line.
    ('{"user_id": "user_3f9c", "case_id": "case_1a2b", "password": "Abc123!!"}', "password", "Abc123!!"),
    (r'{"\ube44\ubc00\ubc88\ud638": "qwer1234"}', "password", "qwer1234"),
    ("id AKIAIOSFODNN7EXAMPLE", "aws_access_key", "AKIAIOSFODNN7EXAMPLE"),
    ("aws_secret_access_key=" + SECRET, "aws_secret_key", SECRET),
    ("key sk-proj-" + "aB3_-" * 8, "openai_key", "sk-proj-" + "aB3_-" * 8),
    ("x=" + PEM, "private_key", PEM),
    ("xoxb-123456789012-abcdefABCDEF", "slack_token", "xoxb-123456789012-abcdefABCDEF"),
    ("ghp_" + "a1B2" * 9, "github_token", "ghp_" + "a1B2" * 9),
    (
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef-_123",
        "jwt",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef-_123",
    ),
]
CLEAN = [
    *MASKED,
    *(f"password: {value}" for value in ("***", "null", "true", "[REDACTED]", "<password>", "${PASSWORD}", "changeme")),
    "900101-1234567890",
    "990230-1234567",  # no such day
    "301231-3123456",  # a day to come
    "주문번호 900101-1234567",
    '{"order_id": "9001011234567"}',
    "arn:aws:lambda:ap-northeast-2:237906396216:function:leh-ai-worker",
    '{"account": "123456789012"}',
    '{"account_updated_at": 1764230000}',
    '{"ts": 1764230000123}',
    "550e8400-1234-4567-8901-446655440000",
    "cases/case_3f9c/raw/ev_1a2b_파일.pdf",
    "user_d87831116",
    "S20261127",
    "1588-1234, 대표 02-123-4567, 팩스 02-1234-5678",
    '{"prompt_tokens": 1234567, "password_changed_at": "2026-11-27T10:00:00Z"}',
    "비밀번호는 8자 이상이어야 합니다",
    "비밀번호를 5회 잘못 입력했습니다",
    "암호화: AES256",
    "password must be at least 8 characters",
    "password=$2b$12$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQ",
    "password=$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub",
    '{"errors": {"password": ["This field is required."]}}',
    "-----BEGIN PRIVATE KEY----- 로 시작하는 파일",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "task-management-with-a-very-long-name-1234567890",
    "10.12.34.56:8080 v1.2.3.4567",
    "in one pass (`Strata`).",
    f"ghp_{'x' * 36}",
    "pagination token AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCd",
    "validate_password(password: str) -> bool",
    "비밀번호: 변경됨(2026-11-27)",
    "PASS tests/unit/test_a.py::test_b[1-2]",
    "비밀번호: 8~20자",
    "password: !vault |",
    "EAN13 8806091234567",
    "Content-Length: 9001011234567",
]


@pytest.mark.parametrize(("line", "kind", "value"), FOUND)
def test_what_is_found(line: str, kind: str, value: str) -> None:
    """The value is found, and offset and length are the value's as it is written."""
    assert [(f.kind.value, line[f.offset : f.offset + f.length]) for f in SCANNER.scan_line(line)] == [(kind, value)]


@pytest.mark.parametrize("line", CLEAN)
def test_what_is_not(line: str) -> None:
    """What looks like somebody's number or a secret, and is none, is left."""
    assert SCANNER.scan_line(line) == []
