"""Owns families that the detectors were not made with: other shapes of lines, other names; the one rule: nobody tunes on them.

Written after the detectors. A miss found here is reported in docs/scan.md, and becomes a trap of its own only with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.support.leaks.planted import Planted, value_of

NAMES = {
    "kr_rrn": ["ssn", "user_rrn", "주민등록번호", "residentRegistrationNumber"],
    "kr_frn": ["foreignerNo", "외국인번호", "alienRegNo"],
    "kr_driver_license": ["driverLicenseNumber", "운전면허번호", "dl_no"],
    "kr_passport": ["passportNo", "여권", "passport"],
    "phone": ["tel", "hp", "휴대전화", "cellphone", "수신번호"],
    "card": ["credit_card", "카드", "pan", "creditCardNumber"],
    "bank_account": ["acct_no", "계좌", "payee_account_number", "국민은행 계좌"],
    "kr_brn": ["사업자번호", "businessNumber", "corp_reg_no"],
    "password": ["pwd", "PASSWORD", "login_pw", "패스워드", "db_password", "passphrase"],
    "aws_secret_key": ["AWS_SECRET_ACCESS_KEY", "secret_key", "SecretAccessKey"],
}
_TOKEN_NAMES = ["api_key", "access_token", "x", "자격증명"]

Family = Callable[[str, str], str]
FAMILIES: dict[str, Family] = {
    "logfmt": lambda name, value: (
        f'ts=2026-11-27T10:11:12Z level=warn msg="bad input" {name.replace(" ", "_")}="{value}" code=400'
    ),
    "repr": lambda name, value: f"WARNING payload={{'id': 7, '{name}': '{value}', 'ok': False}}",
    "yaml": lambda name, value: f"    {name}: {value}",
    "xml": lambda name, value: f'<entry id="7" {name.replace(" ", "_")}="{value}"/>',
    "sql": lambda name, value: f"DEBUG insert into t ({name}) values ('{value}') -- {name}='{value}'",
    "list": lambda name, value: f'["{name}", 3, {{"{name}": ["{value}"]}}]',
    "traceback": lambda name, value: f"ValueError: invalid {name}: '{value}' (case_3f9c1a2b)",
}


def held_out_lines(random: Random, kind: str, count: int) -> Iterator[Planted]:
    """Yield lines with a value of a kind, in each family in turn."""
    for number in range(count):
        family, make = list(FAMILIES.items())[number % len(FAMILIES)]
        name = random.choice(NAMES.get(kind, _TOKEN_NAMES))
        value = value_of(random, kind).replace("\n", "\\n")
        yield Planted(kind, make(name, value), value, family)
