"""Owns what of a message is not the program's own words; the one rule: a file's name or a quotation decides nothing.

Whoever uploads a file chooses its name, and evidence is quoted in errors: "429 timeout insufficient_quota.pdf" is no error.
"""

from __future__ import annotations

import re
from typing import Final

_FILE: Final = (
    r"(?:pdf|hwpx?|docx?|xlsx?|pptx?|txt|rtf|csv|json|xml|html?|eml|msg|jpe?g|png|gif|webp|bmp|tiff?|heic"
    r"|mp[34]|m4a|wav|mov|avi|mkv|webm|ogg|flac|zip|7z|rar|log)"
)
_KEY: Final = re.compile(
    rf"cases/[^\s/]{{1,200}}/(?:raw|processed)/(?:[^\n\"']{{0,300}}?\.{_FILE}(?![A-Za-z0-9])|\S{{1,300}})"
)
_NAMED: Final = re.compile(
    # First those that hold another quote: half of such a name would leave a quotation without its end.
    rf"(?<![=(])\"[^\n\"]{{0,200}}?\.{_FILE}\"|(?<![A-Za-z0-9=(])'[^\n']{{0,200}}?\.{_FILE}'|[\"'`(\[<][^\n\"'`]{{0,200}}?\.{_FILE}[\"'`)\]>]"
)
_BARE: Final = re.compile(rf"[^\s\"'=:(]{{1,200}}\.{_FILE}(?![A-Za-z0-9.])")
_EVIDENCE: Final = re.compile(r"ev_[0-9A-Za-z][^\s:,\"')]{0,200}")
_DOUBLE: Final = re.compile(r'(?<![=(])"[^"\n]{1,2000}"')
_SINGLE: Final = re.compile(r"(?<![A-Za-z0-9=(])'[^'\n]{0,300} [^'\n]{0,2000}'(?![A-Za-z0-9])")


def without_names(text: str) -> str:
    """Return `text` with file names and keys of evidence blanked, as long as it was."""
    if "cases/" in text:
        text = _KEY.sub(_blank, text)
    if "." in text:
        text = _BARE.sub(_blank, _NAMED.sub(_blank, text))
    return _EVIDENCE.sub(_blank, text) if "ev_" in text else text


def without_quotations(text: str) -> str:
    """Return `text` with what stands in quotes blanked, as long as it was; `error="…"` and `Error("…")` quote nothing."""
    return _SINGLE.sub(_blank, _DOUBLE.sub(_blank, text))


def _blank(found: re.Match[str]) -> str:
    return "…" * len(found[0])
