"""Owns what a file's name says of who named it; the one rule: a name is looked at as a whole, and decides little by itself.

Four kinds. *human*: words, Korean ones above all. *device*: what scanners, cameras, phones and messengers write. *numbered*: a
plain word or nothing and a number, as loops write. *garbage*: letters without a word in them, hex, base 64.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote_plus

Kind = Literal["human", "device", "numbered", "garbage"]

_EVIDENCE: Final = re.compile(r"ev_[A-Za-z0-9-]{1,64}_", re.ASCII)
_HANGUL: Final = re.compile("[가-힣ㄱ-ㅎㅏ-ㅣ\u1100-\u11ff]")
_DEVICE: Final = re.compile(
    r"(?:img|dsc|dscn|dscf|pxl|vid|mov|mvi|gopr|scan|scn|scanned|epson|brw|doc|screenshot|screen[ _-]shot|kakaotalk"
    r"|photo|image|picture|recording|record|voice|call|aud|audio|whatsapp|telegram|signal|line|camscanner"
    r"|adobe[ _-]scan|xerox|canon|mfp|fax|fullsizerender|capture)"
    r"(?:[ _.()-]|\d|$)|(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d|p\d{7}$|\d{2,4}[-_]\d{2}[-_]\d{2}",
    re.ASCII,
)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_WORDS: Final = re.compile(r"[^\W\d_]{1,64}")
_RUNS: Final = re.compile(r"[a-z]{1,64}|\d{1,64}", re.ASCII)
_LONGEST: Final = 160
_PAIRS: Final = frozenset(
    (
        "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro "
        "ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so "
        "rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl "
        "ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt "
        "oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck "
        "ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af "
        "hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eu hy gy ey ja ji jo wn hw "
    ).split()
)
"""Pairs of letters that English and romanised Korean words are made of."""


def file_name(key: str | None, evidence: str | None = None) -> str | None:
    """Return the name that the user gave, out of an object's key: without folders and the id of the evidence."""
    if not key:
        return None
    name = key.rstrip("/").rpartition("/")[2][-_LONGEST:]
    if "%" in name:
        name = unquote_plus(name)
    if evidence and name.startswith(f"{evidence}_"):
        name = name[len(evidence) + 1 :]
    elif found := _EVIDENCE.match(name):
        name = name[found.end() :]
    return name or None


def split_name(name: str) -> tuple[str, str]:
    """Return stem and extension, the latter in small letters and without its dot; "" where there is none."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or not extension.isalnum() or len(extension) > 8:
        return name, ""
    return stem, extension.lower()


@lru_cache(maxsize=1 << 16)
def kind_of(stem: str) -> Kind:
    """Tell who is likely to have given a name, by its stem."""
    text = stem.strip().lower()[:_LONGEST]
    if _HANGUL.search(text) or not text.isascii():
        return "human"
    if _UUID.search(text):
        return "garbage"
    if _DEVICE.match(text):
        return "device"
    words = _WORDS.findall(text)
    letters = sum(map(len, words))
    if not letters:
        return "numbered"
    if _mixed(text) or _unreadable(words):
        return "garbage"
    if len(words) == 1 and letters <= 12 and any(letter.isdecimal() for letter in text):
        return "numbered"
    return "human"


def template(stem: str) -> str:
    """Return a stem with each number as `#`: what is numbered through has one template."""
    return re.sub(r"\d{1,64}", "#", stem[:_LONGEST])


def _mixed(text: str) -> bool:
    """Tell whether letters and digits alternate within a word as in hex and base 64."""
    for word in re.split(r"[^a-z0-9]", text, maxsplit=20, flags=re.ASCII):
        runs = len(_RUNS.findall(word))
        if len(word) >= 8 and (runs >= 5 or (runs >= 3 and runs * 3 >= len(word))):
            return True
    return False


def _unreadable(words: list[str]) -> bool:
    """Tell whether the words have few of the pairs of letters that words have."""
    pairs = [word[n : n + 2] for word in words if len(word) >= 4 for n in range(len(word) - 1)]
    return len(pairs) >= 5 and sum(pair in _PAIRS for pair in pairs) < 0.45 * len(pairs)
