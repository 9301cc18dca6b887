"""Owns values that look like people's and like secrets, none of them anybody's; the one rule: all come from a given random."""

from __future__ import annotations

import base64
import json
import string
from datetime import date, timedelta
from random import Random

from leh_guardian.disclosure.checks import luhn

TODAY = date(2026, 11, 27)
_ALNUM = string.ascii_letters + string.digits


def digits(random: Random, count: int) -> str:
    """Return digits."""
    return "".join(random.choices(string.digits, k=count))


def letters(random: Random, count: int, alphabet: str = _ALNUM) -> str:
    """Return letters of an alphabet."""
    return "".join(random.choices(alphabet, k=count))


def resident(random: Random, *, checked: bool, foreign: bool = False) -> tuple[str, str]:
    """Return the two halves of a number."""
    born = date(1935, 1, 1) + timedelta(days=random.randrange((date(2024, 12, 31) - date(1935, 1, 1)).days))
    century = (5, 7) if foreign else (1, 3)
    sex = century[born.year >= 2000] + random.randrange(2)
    front, back = f"{born:%y%m%d}", f"{sex}{digits(random, 5)}"
    total = sum(int(d) * w for d, w in zip(front + back, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True))
    last = ((13 if foreign else 11) - total % 11) % 10 if checked else random.randrange(10)
    return front, f"{back}{last}"


def licence(random: Random) -> tuple[str, ...]:
    """Return a driver's licence's four groups."""
    region = random.choice([*range(11, 27), 28])
    return str(region), digits(random, 2), digits(random, 6), digits(random, 2)


def passport(random: Random) -> str:
    """Return a passport of the old or the new form."""
    first = random.choice("MMMMSRD")
    if random.random() < 0.5:
        return f"{first}{random.randrange(10**7, 10**8):08d}"
    return f"{first}{digits(random, 3)}{random.choice(string.ascii_uppercase)}{digits(random, 4)}"


def mobile(random: Random) -> tuple[str, str, str]:
    """Return a mobile number's three groups."""
    return "010", str(random.randrange(2000, 9999)), digits(random, 4)


def card(random: Random) -> str:
    """Return a card's number that passes Luhn."""
    start = random.choice(["4", "51", "53", "55", "35", "62", "94", "9", "2223", "37"])
    length = 15 if start == "37" else 16
    body = start + digits(random, length - 1 - len(start))
    return next(body + last for last in string.digits if luhn(body + last))


def account(random: Random) -> str:
    """Return a bank account, grouped as one of the banks does."""
    forms = [(3, 3, 6), (3, 2, 6), (6, 2, 6), (4, 3, 6), (4, 2, 7), (3, 6, 2, 3), (3, 4, 4, 2), (3, 6, 5)]
    parts = random.choice(forms)
    return "-".join(str(random.randrange(1, 10)) + digits(random, n - 1) for n in parts)


def business(random: Random) -> tuple[str, str, str]:
    """Return a business registration number's three groups."""
    body = str(random.randrange(101, 999)) + digits(random, 6)
    weighed = [int(d) * w for d, w in zip(body, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True)]
    last = (10 - (sum(weighed) + weighed[8] // 10) % 10) % 10
    return body[:3], body[3:5], f"{body[5:]}{last}"


def password(random: Random) -> str:
    """Return what people take for a password."""
    word = random.choice(
        ["summer", "hunter", "qwer", "asdf", "Dragon", "leh", "Seoul", "kimchi", "P@ss", "tiger", "admin"]
    )
    kind = random.randrange(6)
    if kind == 0:
        return f"{word}{digits(random, random.randrange(2, 5))}{random.choice('!@#$%^*')}"
    if kind == 1:
        return (
            letters(random, random.randrange(8, 16), _ALNUM + "!@#$%^*_-+") + random.choice("a1Z") + random.choice("7!")
        )
    if kind == 2:
        return f"{word}{digits(random, 4)}"
    if kind == 3:
        return random.choice(["1q2w3e4r!", "qwer1234!", "abcd1234@", "rkskek12#", "Wkdqhrh!23", "!dkssud99"]) + digits(
            random, 1
        )
    if kind == 4:
        return f"{random.choice('!@#$')}{word}{digits(random, 2)}"
    return f"{word.title()}-{digits(random, 3)}{letters(random, 3)}!"


def jwt(random: Random) -> str:
    """Return a token with a header, claims and a signature."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"sub": letters(random, 8), "exp": 1_790_000_000 + random.randrange(10**6)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{letters(random, 43, _ALNUM + '_-')}"


def private_key(random: Random) -> str:
    """Return a private key in PEM."""
    name = random.choice(["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED "])
    body = [letters(random, 64, _ALNUM + "+/") for _ in range(random.randrange(3, 9))]
    return "\n".join(
        [f"-----BEGIN {name}PRIVATE KEY-----", "MII" + body[0][3:], *body[1:], f"-----END {name}PRIVATE KEY-----"]
    )


def tokens(random: Random) -> dict[str, str]:
    """Return one secret of each kind that is told by its form."""
    hyphened = _ALNUM + "_-"
    openai = random.choice(
        [
            f"sk-{letters(random, 48)}",
            f"sk-proj-{letters(random, 120, hyphened)}7",
            f"sk-svcacct-{letters(random, 60, hyphened)}3",
            f"sk-admin-{letters(random, 60, hyphened)}9",
            f"sk-{letters(random, 20)}T3BlbkFJ{letters(random, 20)}",
        ]
    )
    slack = random.choice(
        [
            f"xoxb-{digits(random, 12)}-{digits(random, 12)}-{letters(random, 24)}",
            f"xoxp-{digits(random, 11)}-{digits(random, 11)}-{digits(random, 12)}-{letters(random, 32, '0123456789abcdef')}",
            f"xapp-1-A0{letters(random, 8).upper()}-{digits(random, 13)}-{letters(random, 64, '0123456789abcdef')}",
        ]
    )
    github = random.choice(
        [f"gh{random.choice('pousr')}_{letters(random, 36)}", f"github_pat_{letters(random, 22)}_{letters(random, 59)}"]
    )
    return {
        "jwt": jwt(random),
        "aws_access_key": random.choice(["AKIA", "ASIA", "ABIA", "ACCA"])
        + letters(random, 16, string.ascii_uppercase + "234567"),
        "openai_key": openai,
        "slack_token": slack,
        "github_token": github,
    }


def aws_secret(random: Random) -> str:
    """Return forty letters of base64."""
    return letters(random, 40, _ALNUM + "+/")
