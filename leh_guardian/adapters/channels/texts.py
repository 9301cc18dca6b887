"""Owns the texts for media that others may read, and their lengths; the one rule: nothing of an event, and what is cut is the summary.

A notice's `lines` and `facts` hold event content, its title may. What goes over a lock screen, a carrier or a dealer's log is
made of `short`, `spoken` and `variables`, which the engine writes for it, or of what guardian itself has counted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from leh_guardian.language import Text
from leh_guardian.model.text import shown
from leh_guardian.ports import Notice

AGAIN = Text(ko="(재전송)", en="(again)")
"""Marks what may have gone out before, by ways that cannot tell a repeated message from a new one."""
SUBJECT = Text(ko="guardian 알림", en="guardian")
"""What a message is called that has no words of its own."""
OPEN_PAGE = Text(ko="확인 페이지", en="Acknowledge page")
"""What the link of a message is called."""
_CUT = "…"
_LIKE = {"—": "-", "–": "-", "‑": "-", "−": "-", "•": "·", "‧": "·", "\u00a0": " ", "₩": "원", "«": "<", "»": ">"}
"""Characters outside CP949 and what stands for them."""


def brief(notice: Notice) -> str:
    """Return the text for media that others may read."""
    return shown(notice.short or " ".join([SUBJECT.of(notice.locale), *_marks(notice)]), 1000)


def spoken(notice: Notice) -> str:
    """Return what a voice says."""
    plain = Text(
        ko=f"레브 가디언 알림입니다. {notice.number} 확인해 주세요.",
        en=f"This is L E H guardian. Please look at {notice.number}.",
    )
    return shown(notice.spoken or notice.short or plain.of(notice.locale), 400)


def compose(notice: Notice, room: int, measure: Callable[[str], int], write: Callable[[str], str] = str) -> str:
    """Return the text of a short message with its link, as `write` spells it: at most `room` by `measure`.

    What is cut is the summary; level, number, code, link and the mark of a repeated message never are, even where they alone are
    longer than `room`.
    """
    before = f"{AGAIN.of(notice.locale)} " if notice.again else ""
    after = f" {write(notice.link)}" if notice.link else ""
    text = write(brief(notice))
    if measure(before + text + after) <= room:
        return before + text + after
    marks = _marks(notice)
    for mark in (f"[Lv{notice.level}]", *marks):
        text = text.replace(mark, " ")
    before += "".join(f"{mark} " for mark in marks)
    text = " ".join(text.split())
    while text and measure(f"{before}{text}{_CUT}{after}") > room:
        text = text[:-1]
    return f"{before}{text}{_CUT}{after}"


def ucs2(text: str) -> int:
    """Return the length of `text` in UCS-2 units, of which one segment of an SMS holds 70."""
    return len(text.encode("utf-16-be")) // 2


def cp949(text: str) -> int:
    """Return the bytes of `text` as Korean carriers count them: one for ASCII, two for Hangul."""
    return len(text.encode("cp949"))


def korean(text: str) -> str:
    """Return `text` with what Korean phones cannot show replaced: spelt otherwise, left out where it is a picture, else a `?`."""
    return " ".join("".join(map(_korean, unicodedata.normalize("NFC", text))).split())


def _korean(character: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if unicodedata.category(c) != "Mn")
    for variant in (character, _LIKE.get(character, ""), plain):
        if variant and _encodes(variant):
            return variant
    # Emoji, their modifiers and joiners: nothing is better than a row of question marks.
    return "" if unicodedata.category(character) in {"So", "Sk", "Mn", "Cf", "Cs", "Co"} else "?"


def _encodes(text: str) -> bool:
    try:
        text.encode("cp949")
    except UnicodeEncodeError:
        return False
    return True


def _marks(notice: Notice) -> list[str]:
    code = [Text(ko=f"코드 {notice.code}", en=f"code {notice.code}").of(notice.locale)] if notice.code else []
    return [*([f"Lv{notice.level}"] if notice.level else []), *code, *([notice.number] if notice.number else [])]
