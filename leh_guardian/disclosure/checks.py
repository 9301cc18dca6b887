"""Owns the arithmetic of numbers: dates of birth, Luhn and Korea's check digits; the one rule: digits in, truth out.

Sources: the enforcement rules of the Resident Registration Act (check digit, century digit; since October 2020 the six digits
after it are random, so a wrong check digit proves nothing), ISO/IEC 7812-1 (Luhn), the National Tax Service's key for business
registration numbers (weights 1 3 7 1 3 7 1 3 5, the ninth product's tens added).
"""

from __future__ import annotations

from datetime import date
from typing import Final

_RESIDENT_WEIGHTS: Final = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_BUSINESS_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_CENTURIES: Final = {"1": 19, "2": 19, "3": 20, "4": 20, "5": 19, "6": 19, "7": 20, "8": 20, "9": 18, "0": 18}
"""By the seventh digit: 1-4 citizens, 5-8 foreigners, 9 and 0 citizens born before 1900."""


def birth(number: str, today: date) -> date | None:
    """Return the date of birth that a resident number of 13 digits says, if there is such a day and it has come."""
    year = _CENTURIES[number[6]] * 100 + int(number[:2])
    month, day = int(number[2:4]), int(number[4:6])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    try:
        born = date(year, month, day)
    except ValueError:  # 30 February
        return None
    return born if born <= today else None


def resident_check(number: str) -> bool:
    """Tell whether the 13th digit is the one that citizens' numbers had until October 2020."""
    return (11 - _weighed(number) % 11) % 10 == int(number[12])


def foreigner_check(number: str) -> bool:
    """Tell whether the 13th digit is the one of foreigners' numbers, by the old formula (13) or the citizens' (11)."""
    rest = _weighed(number) % 11
    return int(number[12]) in {(13 - rest) % 10, (11 - rest) % 10}


def _weighed(number: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number[:12], _RESIDENT_WEIGHTS, strict=True))


def luhn(number: str) -> bool:
    """Tell whether a card number's digits add up."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def business_check(number: str) -> bool:
    """Tell whether ten digits are a business registration number's."""
    digits = list(map(int, number))
    total = sum([digit * weight for digit, weight in zip(digits[:9], _BUSINESS_WEIGHTS, strict=True)])
    return (10 - (total + digits[8] * 5 // 10) % 10) % 10 == digits[9]
