"""Owns what SOLAPI's status codes mean for us; the one rule: two of them are waiting, one is delivered, every other has failed.

Source: SOLAPI's documentation, "메시지 상태 코드" (github.com/solapi/documents, api-reference/message-status-codes): 1xxx could
not be taken, 2000 taken, other 2xxx failed inside SOLAPI, 3000 with the carrier and its report awaited, other 3xxx failed
there, 4000 received. HTTP statuses and the form of an error's body are those of SOLAPI's own Python client (solapi 5.0.3). What
the documentation does not list is a refusal: another way to the person costs less than the silence of retries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Unavailable
from leh_guardian.ports import Receipt

_RECEIPTS: Final = {"2000": Receipt.PENDING, "3000": Receipt.PENDING, "4000": Receipt.DELIVERED}
_BALANCE = "charge SOLAPI's balance"
_SENDER = "register the sender's number with SOLAPI (발신번호 사전등록)"
_TEMPLATE = "check pf_id, templates and the variables of the approved template"
_NUMBER = "check the person's phone number, and whether it refuses messages"
_DEFECT = "a defect of guardian's, or a limit of SOLAPI's that has changed"

CODES: Final[Mapping[str, tuple[type[HandlerError], str]]] = {
    **dict.fromkeys(("1024", "2024", "3012", "3024"), (Unavailable, "")),
    "1020": (AccessDenied, "check key_file and secret_file"),
    **dict.fromkeys(("1030", "2230"), (Refused, _BALANCE)),
    **dict.fromkeys(("1062", "2062", "3013", "3059"), (AccessDenied, _SENDER)),
    **dict.fromkeys(("1041", "1042", "3101", "3105", "3106"), (NotFound, _TEMPLATE)),
    **dict.fromkeys(
        ("1033", "1043", "1044", "1045", "1046", "1047", "1048", "1049", "1050", "1052"), (Refused, _TEMPLATE)
    ),
    **dict.fromkeys(("1058", "1060", "1061", "1064", "2060", "2061", "2064"), (Refused, _NUMBER)),
    "2063": (AccessDenied, "SOLAPI has blocked the account"),
    "2254": (Refused, "SOLAPI takes the text for spam"),
    **dict.fromkeys(
        ("1010", "1011", "1013", "1014", "1025", "1026", "1027", "1028", "1029", "1031", "1032", "2011"),
        (Refused, _DEFECT),
    ),
}
"""{status code that a message may be refused with: what it means, and what to do}."""


def taken(code: str) -> bool:
    """Return whether a message of this status is on its way."""
    return code in _RECEIPTS


def receipt(code: str) -> Receipt:
    """Return what became of a message of this status."""
    if len(code) != 4 or not code.isdecimal():
        return Receipt.PENDING
    return _RECEIPTS.get(code, Receipt.FAILED)


def judged(code: str, said: str) -> HandlerError:
    """Return what a refused message's status means; `said` is SOLAPI's own text."""
    kind, fix = CODES.get(code, (Refused, "not a code that SOLAPI's documentation lists for it"))
    return kind(f"SOLAPI refused the message: {code} {said}{f' - {fix}' if fix else ''}")
