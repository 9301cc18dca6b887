r"""Owns the words beside a number that say what it is; the one rule: the nearest word decides, and it may say "not a person's".

Looked for in the 40 letters before a number, then in the keys of its JSON field, then in the 16 letters after it. No `\b`:
Hangul is glued to its neighbours, and `_` and camelCase are word ends in keys.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final


class Label(Enum):
    """What the nearest word calls a number."""

    NONE = "none"
    RESIDENT = "resident"
    DRIVER = "driver"
    PASSPORT = "passport"
    PHONE = "phone"
    LANDLINE = "landline"
    """A telephone that is a person's at home."""
    COMPANY = "company"
    """A telephone that is a company's."""
    CARD = "card"
    BANK = "bank"
    ACCOUNT = "account"
    """A bank account, or an AWS account."""
    BUSINESS = "business"
    OTHER = "other"
    """Something that is nobody's: an order, a case, a time, a size."""
    ID = "id"
    """A key that ends in `id`."""


_KOREAN: Final = (
    ("RESIDENT", "주민|민증|신분증|외국인|거소"),
    ("DRIVER", "면허"),
    ("PASSPORT", "여권"),
    ("COMPANY", "대표|고객센터|콜센터|팩스|회사|사무실|법원|상담"),
    ("LANDLINE", "자택|집 ?전화|연락처|보호자|유선"),
    ("PHONE", "휴대|핸드폰|폰|전화|모바일|수신|발신|문자"),
    ("CARD", "카드|신용"),
    ("BUSINESS", "사업자"),
    (
        "OTHER",
        "주문|송장|운송|배송|택배|접수|사건|문서|거래|일련|모델|상품|품번|바코드|예약|영수증|승인|관리번호|참조|계정|금액|잔액|일시|시각|용량|크기",
    ),
    ("BANK", "계좌|입금|송금|이체|예금|은행|뱅크|농협|신협|수협|우체국|새마을금고|환불"),
)
_ENGLISH: Final = (
    ("RESIDENT", "rrn|frn|ssn|jumin|resident|alien|foreign|(?:national|personal|social)[ _-]?id"),
    ("DRIVER", "driver|dl[ _-]?n"),
    ("COMPANY", "fax|office|company|support|customer center"),
    ("LANDLINE", "home[ _-]?(?:phone|tel)"),
    ("PHONE", "mobile|phone|cell|tel(?![a-z])|hp(?![a-z])|contact|sms|msisdn|call(?:er|ee)?(?![a-z])"),
    ("CARD", "card|credit|pan(?![a-z])|cc[ _-]?n"),
    ("BUSINESS", "brn|biz|business|tax[ _-]?(?:id|no)|corp[ _-]?(?:no|num|reg)"),
    (
        "OTHER",
        "order|tracking|invoice|ticket|request|req(?![a-z])|trace|span|txn|transaction|seq|serial|sku|barcode|isbn|ean(?![a-z])|upc(?![a-z])|gtin|epoch|timestamp|ts(?![a-z])"
        r"|build|version|commit|booking|reserv|receipt|approval|arn(?![a-z])|aws|lambda|job|batch|session|nonce|hash|digest|etag|md5|sha\d|offset|size|length|bytes"
        "|count|amount|price|total|balance|shipment|parcel|product|item|model|(?:account|owner)[ _-]?id",
    ),
    (
        "BANK",
        "bank(?:[ _-]?(?:account|acct))?(?:[ _-]?(?:id|no|num|number))?|acct|iban"
        "|account[ _-]?n(?:o|um|umber)?(?![a-z])|deposit|payee|refund",
    ),
    ("ACCOUNT", "account"),
    ("ID", "u?u?ids?(?![a-z])"),
)
"""What begins with a word; of two that begin at one letter, the first counts."""
_ANYWHERE: Final = (
    ("DRIVER", "licen[cs]e"),
    ("PASSPORT", "passport"),
    ("OTHER", "(?<=_)(?:at|ms)(?![a-z])"),
)


def _one_of(words: tuple[tuple[str, str], ...], mark: str) -> str:
    """Return an expression that names what it finds: a group's name is its label's, and a mark, since no two may be alike."""
    return "|".join(f"(?P<{label}{mark}>{forms})" for label, forms in words)


# What all of a kind need is asked once, before any of them is tried: most letters of a text begin none of these.
_WORDS: Final = re.compile(
    f"(?=[가-힣])(?:{_one_of(_KOREAN, '')})|(?<![a-z])(?=[a-z])(?:{_one_of(_ENGLISH, '_')})|(?=[aplm])(?:{_one_of(_ANYWHERE, '__')})"
)


def _loosely(label: str) -> str:
    """Return an expression for what can call something so, wherever the word ends."""
    forms = [forms for words in (_KOREAN, _ENGLISH, _ANYWHERE) for its, forms in words if its == label]
    return "|".join(forms).replace("(?![a-z])", "")


_RESIDENTS: Final = _loosely("RESIDENT")
_DRIVERS: Final = _loosely("DRIVER")
_LANDLINES: Final = _loosely("LANDLINE")
_BUSINESSES: Final = _loosely("BUSINESS")
_LOOSE: Final[dict[Label, tuple[tuple[str, ...], re.Pattern[str]]]] = {
    Label.RESIDENT: (("",), re.compile(_RESIDENTS)),
    Label.DRIVER: (("driver", "dl", "licen", "면허"), re.compile(_DRIVERS)),
    Label.LANDLINE: (("home", "자택", "집", "연락처", "보호자", "유선"), re.compile(_LANDLINES)),
    Label.BUSINESS: (("brn", "biz", "business", "tax", "corp", "사업자"), re.compile(_BUSINESSES)),
}
"""Of each label, letters of which every one of its forms has some, since literals are found faster, and the forms."""
_BANK_WORDS: Final = ("bank", "acct", "iban", "deposit", "payee", "refund")
_SHORT_BANKS: Final = ("kb", "nh", "ibk", "sc", "kdb")
_ACCOUNT_NUMBER: Final = re.compile("account[ _-]?n")
_BANK_BEFORE: Final = re.compile(r"(?<![a-z])(?:kb|nh|ibk|sc|kdb)[\s:)(]{0,3}[0-9]")
_BANKS: Final = re.compile(
    r"(?:국민|신한|우리|하나|기업|씨티|제일|카뱅|토스|산업|(?<![a-z])(?:kb|nh|ibk|sc|kdb))[\s:)(]{0,3}\Z"
)
"""Banks by their short names, which are everyday words unless they stand right before a number."""
_KOREAN_ACCOUNTS: Final = re.compile(
    "계좌|입금|송금|이체|예금|은행|뱅|농협|신협|수협|우체국|금고|환불|카뱅"
    "|국민|신한|우리|하나|기업|씨티|제일|토스|산업|부산|대구|카카오|케이"
)
_BANKS_AFTER: Final = re.compile(r"[\s(]{1,3}(?:국민|신한|우리|하나|기업|농협|부산|대구|카카오|토스|케이|제일|씨티)")
_DIGIT: Final = re.compile("[0-9]")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_BANK: Final = 6
"""Letters: those of a bank's short name and what may stand between it and a number."""
_BEFORE: Final = 40
_AFTER: Final = 16
_ENDS: Final = re.compile(r"[\"'{}\[\]<>|;\n]")
"""Letters that end what is said of a number that stands before them."""


def could_call(text: str, label: Label) -> bool:
    """Tell whether a text in lower case could call anything in it so, in a field's name as well: camelCase has no word ends here."""
    begins, form = _LOOSE[label]
    return any(map(text.__contains__, begins)) and form.search(text) is not None


def names_bank(text: str) -> bool:
    """Tell whether a text in lower case could call anything in it a bank's account, and not an account of another kind."""
    return (
        any(map(text.__contains__, _BANK_WORDS))
        or _ACCOUNT_NUMBER.search(text) is not None
        or (any(map(text.__contains__, _SHORT_BANKS)) and _BANK_BEFORE.search(text) is not None)
        or (not text.isascii() and _KOREAN_ACCOUNTS.search(text) is not None)
    )


def names_account(text: str) -> bool:
    """Tell whether a text in lower case could call anything in it a bank account."""
    return (
        "acc" in text
        or "bank" in text
        or "iban" in text
        or "deposit" in text
        or "payee" in text
        or "refund" in text
        # A single letter is found at once, two take their time.
        or ("k" in text and ("kb" in text or "ibk" in text or "kdb" in text))
        or "nh" in text
        or "sc" in text
        or (not text.isascii() and _KOREAN_ACCOUNTS.search(text) is not None)
    )


def label_in(text: str, start: int, end: int, key: Label) -> Label:
    """Return what the number at [start:end] of a text in lower case is called; `key` is what its field is."""
    before = text[max(0, start - _BEFORE) : start]
    # Only its last letters can be one.
    if before and _BANKS.search(before, max(0, len(before) - _LONGEST_BANK)):
        return Label.BANK
    if (last := _last(before)) is not Label.NONE:
        return last
    if key is not Label.NONE:
        return key
    after = _ENDS.split(text[end : end + _AFTER], maxsplit=1)[0]
    if _BANKS_AFTER.match(after):
        return Label.BANK
    found = _WORDS.search(after)
    # What follows a number mostly belongs to the next one; only a word that names a person's is believed.
    label = _label_of(found) if found else Label.NONE
    return Label.NONE if label in {Label.OTHER, Label.ID, Label.ACCOUNT, Label.COMPANY} else label


@lru_cache(maxsize=4096)
def label_of_key(key: str) -> Label:
    """Return what a JSON key calls its value: its last word that is known."""
    return _last(_CAMEL.sub("_", key).lower())


def _last(text: str) -> Label:
    if not text:
        return Label.NONE
    # Only the 5 of md5 is part of a word; lines of one form differ in digits most.
    return _last_word(text if "md5" in text else _DIGIT.sub("0", text))


@lru_cache(maxsize=4096)
def _last_word(text: str) -> Label:
    found = None
    for found in _WORDS.finditer(text):  # noqa: B007 - the last one is what is asked for
        pass
    return _label_of(found) if found else Label.NONE


def _label_of(found: re.Match[str]) -> Label:
    return Label[(found.lastgroup or "NONE").rstrip("_")]
