"""Owns what kinds of file there are; the one rule: what browsers and phones really send is no contradiction.

A kind is what an extension or a content type promises. Ceilings are sizes that evidence of this kind hardly ever has.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 1 << 20

_EXTENSIONS: Final = {
    "text": "txt csv tsv log md json xml html htm srt vtt ics vcf yaml yml",
    "image": "jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif avif svg psd",
    "audio": "mp3 m4a wav wma aac amr ogg oga opus flac caf qcp",
    "video": "mp4 mov avi mkv wmv webm 3gp 3g2 mpg mpeg m4v mts flv asf",
    "pdf": "pdf",
    "office": "doc docx docm xls xlsx xlsm ppt pptx hwp hwpx hwt cell show odt ods odp rtf pages numbers key",
    "mail": "eml msg mbox pst",
    "archive": "zip 7z rar alz egg tar gz tgz",
}
_KIND_OF: Final = {extension: kind for kind, names in _EXTENSIONS.items() for extension in names.split()}
_CEILINGS: Final = {
    "text": 5,
    "image": 40,
    "audio": 600,
    "video": 6000,
    "pdf": 250,
    "office": 80,
    "mail": 80,
    "archive": 3000,
}
"""MiB. A KakaoTalk export of years has some MiB of text; the worker sends text to the model as it is."""
_UNKNOWN_CEILING: Final = 150

_TYPES: Final = (
    ("application/pdf", "pdf"),
    ("application/x-pdf", "pdf"),
    ("message/rfc822", "mail"),
    ("application/vnd.ms-outlook", "mail"),
    ("application/json", "text"),
    ("application/xml", "text"),
    ("application/csv", "text"),
    ("application/rtf", "office"),
    ("text/rtf", "office"),
    ("application/msword", "office"),
    ("application/vnd.", "office"),
    ("application/haansoft", "office"),
    ("application/x-hwp", "office"),
    ("application/hwp", "office"),
    ("application/zip", "archive"),
    ("application/x-zip", "archive"),
    ("application/x-7z", "archive"),
    ("application/x-rar", "archive"),
    ("application/x-tar", "archive"),
    ("application/gzip", "archive"),
    ("application/x-gzip", "archive"),
    ("application/ogg", "audio"),
    ("text/", "text"),
    ("image/", "image"),
    ("audio/", "audio"),
    ("video/", "video"),
)
_UNTOLD: Final = ("application/octet-stream", "binary/octet-stream", "application/x-unknown", "application/download")
_ALIKE: Final = (
    {"audio", "video"},  # containers hold both
    {"office", "archive"},  # docx and hwpx are archives
    {"mail", "text"},
    {"mail", "office"},
)


def kind_of_extension(extension: str) -> str | None:
    """Return the kind that an extension promises; None where evidence does not have it."""
    return _KIND_OF.get(extension)


def kind_of_type(content_type: str | None) -> str | None:
    """Return the kind that a content type promises; None where it says nothing, as browsers do of hwp."""
    plain = (content_type or "").partition(";")[0].strip().lower()
    if not plain or plain in _UNTOLD:
        return None
    return next((kind for begin, kind in _TYPES if plain.startswith(begin)), "other")


def contradicts(extension: str, content_type: str | None) -> bool:
    """Tell whether a file is of no kind that evidence has, or its content type is of another kind than its extension."""
    promised, told = _KIND_OF.get(extension), kind_of_type(content_type)
    if promised is None:
        return bool(extension) or told in {None, "other"}
    if told is None or told == promised or {told, promised} in _ALIKE:
        return False
    # Windows with Excel calls csv a spreadsheet.
    return not (extension in {"csv", "tsv"} and told == "office")


def ceiling(kind: str | None) -> int:
    """Return the bytes that evidence of this kind hardly ever has."""
    return _CEILINGS.get(kind or "", _UNKNOWN_CEILING) * MIB
