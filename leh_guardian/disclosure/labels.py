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

    ANY = "any"
    """Whatever is asked for: used to ask whether a text could hold anything at all."""
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


_WORDS: Final = re.compile(
    r"(?P<RESIDENT>주민|민증|신분증|외국인|거소|(?<![a-z])(?:rrn|frn|ssn|jumin|resident|alien|foreign"
    r"|(?:national|personal|social)[ _-]?id))"
    r"|(?P<DRIVER>면허|licen[cs]e|(?<![a-z])driver|(?<![a-z])dl[ _-]?n)"
    r"|(?P<PASSPORT>여권|passport)"
    r"|(?P<COMPANY>대표|고객센터|콜센터|팩스|회사|사무실|법원|상담|(?<![a-z])(?:fax|office|company|support|customer center))"
    r"|(?P<LANDLINE>자택|집 ?전화|연락처|보호자|(?<![a-z])home[ _-]?(?:phone|tel)|유선)"
    r"|(?P<PHONE>휴대|핸드폰|폰|전화|모바일|수신|발신|문자|(?<![a-z])(?:mobile|phone|cell|tel(?![a-z])|hp(?![a-z])|contact|sms|msisdn|call(?:er|ee)?(?![a-z])))"
    r"|(?P<CARD>카드|신용|(?<![a-z])(?:card|credit|pan(?![a-z])|cc[ _-]?n))"
    r"|(?P<BUSINESS>사업자|(?<![a-z])(?:brn|biz|business|tax[ _-]?(?:id|no)|corp[ _-]?(?:no|num|reg)))"
    r"|(?P<OTHER>주문|송장|운송|배송|택배|접수|사건|문서|거래|일련|모델|상품|품번|바코드|예약|영수증|승인|관리번호|참조|계정|금액|잔액|일시|시각|용량|크기"
    r"|(?<![a-z])(?:order|tracking|invoice|ticket|request|req(?![a-z])|trace|span|txn|transaction|seq|serial|sku|barcode|isbn|epoch|timestamp|ts(?![a-z])"
    r"|build|version|commit|booking|reserv|receipt|approval|arn(?![a-z])|aws|lambda|job|batch|session|nonce|hash|digest|etag|md5|sha\d|offset|size|bytes"
    r"|count|amount|price|total|balance|shipment|parcel|product|item|model|(?:account|owner)[ _-]?id|(?<=_)(?:at|ms)(?![a-z])))"
    r"|(?P<BANK>계좌|입금|송금|이체|예금|은행|뱅크|농협|신협|수협|우체국|새마을금고|환불"
    r"|(?<![a-z])(?:bank(?:[ _-]?(?:account|acct))?(?:[ _-]?(?:id|no|num|number))?|acct|iban"
    r"|account[ _-]?n(?:o|um|umber)?(?![a-z])|deposit|payee|refund))"
    r"|(?P<ACCOUNT>(?<![a-z])account)"
    r"|(?P<ID>(?<![a-z])u?u?ids?(?![a-z]))"
)
_BANKS: Final = re.compile(
    r"(?:국민|신한|우리|하나|기업|씨티|제일|카뱅|토스|산업|(?<![a-z])(?:kb|nh|ibk|sc|kdb))[\s:)(]{0,3}\Z"
)
"""Banks by their short names, which are everyday words unless they stand right before a number."""
HINTS: Final = {
    Label.DRIVER: ("면허", "licen", "driver", "dl"),
    Label.BUSINESS: ("사업자", "brn", "biz", "business", "tax", "corp"),
    Label.LANDLINE: ("자택", "집", "연락처", "보호자", "유선", "home"),
}
"""Of the labels without which a number is nothing: one of these is in every text in which a word says so."""
_ACCOUNTS: Final = ("acc", "bank", "iban", "deposit", "payee", "refund", "kb", "nh", "ibk", "sc", "kdb")
_KOREAN_ACCOUNTS: Final = (
    *("계좌", "입금", "송금", "이체", "예금", "은행", "뱅", "농협", "신협", "수협", "우체국", "금고", "환불", "카뱅"),
    *("국민", "신한", "우리", "하나", "기업", "씨티", "제일", "토스", "산업", "부산", "대구", "카카오", "케이"),
)
_BANKS_AFTER: Final = re.compile(r"[\s(]{1,3}(?:국민|신한|우리|하나|기업|농협|부산|대구|카카오|토스|케이|제일|씨티)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BEFORE: Final = 40
_AFTER: Final = 16
_ENDS: Final = re.compile(r"[\"'{}\[\]<>|;\n]")
"""Letters that end what is said of a number that stands before them."""


def names_account(text: str) -> bool:
    """Tell whether a text in lower case could call anything in it a bank account."""
    return any(map(text.__contains__, _ACCOUNTS)) or (
        not text.isascii() and any(map(text.__contains__, _KOREAN_ACCOUNTS))
    )


def label_in(text: str, start: int, end: int, key: Label) -> Label:
    """Return what the number at [start:end] of a text in lower case is called; `key` is what its field is."""
    before = text[max(0, start - _BEFORE) : start]
    if _BANKS.search(before):
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
    label = Label[found.lastgroup or "NONE"] if found else Label.NONE
    return Label.NONE if label in {Label.OTHER, Label.ID, Label.ACCOUNT, Label.COMPANY} else label


@lru_cache(maxsize=4096)
def label_of_key(key: str) -> Label:
    """Return what a JSON key calls its value: its last word that is known."""
    return _last(_CAMEL.sub("_", key).lower())


def _last(text: str) -> Label:
    found = [found.lastgroup for found in _WORDS.finditer(text)]
    return Label[found[-1] or "NONE"] if found else Label.NONE
