"""Owns the scan of a file in bounded memory: bytes to lines to findings; the one rule: offsets are those of the physical line.

A physical line ends at LF (CR before it is not part of it) and is read as UTF-8, what is not UTF-8 replaced letter by letter; a byte
order mark is no letter. A line that is no UTF-8 but good CP949 with Hangul in it is read as that. A line longer than a window is
looked at in windows that overlap, as text: its JSON is not put together. Private keys over several lines are one finding, at the
first. Whole lines are read many at a time, and only those that could hold something (`sieve`) are looked at closely.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Final

from leh_guardian.disclosure.armour import Armour
from leh_guardian.disclosure.detectors.private_key import SIGN
from leh_guardian.disclosure.found import Found
from leh_guardian.disclosure.scanner import Scanner
from leh_guardian.disclosure.sieve import could_hold

LONGEST: Final = 1 << 20
"""Bytes of a line that is still looked at as a whole."""
_SIGN: Final = SIGN.encode()
_BLOCK: Final = 1 << 16
"""Bytes that are asked for at a time."""
_OVERLAP: Final = 8192
"""Letters of a window that are looked at again with the next: longer than anything but a private key."""
_CONTEXT: Final = 64
"""Letters before a window that are looked at with it: they may say what its first number is."""
_HANGUL: Final = re.compile("[가-힣]{2}")
_NOT_TEXT: Final = (
    (b"\x1f\x8b", "it is compressed (gzip): unpack it first"),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd): unpack it first"),
    (b"BZh", "it is compressed (bzip2): unpack it first"),
    (b"\xfd7zXZ", "it is compressed (xz): unpack it first"),
    (codecs.BOM_UTF16_LE, "it is UTF-16: convert it to UTF-8 first"),
    (codecs.BOM_UTF16_BE, "it is UTF-16: convert it to UTF-8 first"),
)
"""What would be looked through without anything being seen: silence must never look like a clean file."""


class NotText(Exception):
    """The file is not text that can be scanned."""


def scan_stream(stream: BufferedIOBase, scanner: Scanner) -> Iterator[tuple[int, Found]]:
    """Yield (line, finding), lines counted from 1, in the order of the file.

    Raises:
        NotText: what it holds would not be seen.
        OSError: it cannot be read.
    """
    armour = Armour(scanner)
    number = 1
    for long, block in _blocks(stream):
        if long:
            yield from armour.give_up()
            yield from ((number, found) for found in _scan_long(long, stream, scanner))
            number += 1
        lines, raw = _lines_of(block)
        looked = could_hold(lines, raw)
        if armour.open or _SIGN in block:
            yield from _with_keys(lines, set(looked), number, scanner, armour)
        else:
            yield from ((number + at, found) for at in looked for found in scanner.scan_line(lines[at]))
        number += len(lines)
    yield from armour.give_up()


def _blocks(stream: BufferedIOBase) -> Iterator[tuple[bytes, bytes]]:
    """Yield how a line begins that is too long to be looked at as a whole (mostly nothing), and the whole lines after it."""
    for number, block in enumerate(_pieces(stream)):
        end = block.find(b"\n") + 1 or len(block)
        is_long = end > LONGEST or (end == LONGEST and not block.endswith(b"\n", 0, end))
        begun = block if number else _begun(block)
        yield (begun[: end - len(block)] or begun, block[end:]) if is_long else (b"", begun)


def _pieces(stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield whole lines, many at a time; of a line that is too long, and of the last one, what there is."""
    held: list[bytes] = []
    size = 0
    while data := stream.read1(_BLOCK):
        if end := data.rfind(b"\n") + 1:
            yield b"".join([*held, data[:end]])
            held, size, data = [], 0, data[end:]
        held.append(data)
        size += len(data)
        if size >= LONGEST:
            yield b"".join(held)
            held, size = [], 0
    if size:
        yield b"".join(held)


def _lines_of(block: bytes) -> tuple[list[str], bytes | None]:
    """Return the lines of a block as texts, without their ends; and their bytes, each with LF at its end, if that is all they are."""
    if not block:
        return [], None
    raw = (block if block.endswith(b"\n") else block + b"\n").replace(b"\r\n", b"\n")
    try:
        return raw.decode().split("\n")[:-1], raw
    except UnicodeDecodeError:
        return [decode(line) for line in block.removesuffix(b"\n").split(b"\n")], None


def _with_keys(
    lines: list[str], looked: set[int], number: int, scanner: Scanner, armour: Armour
) -> Iterator[tuple[int, Found]]:
    """Yield what lines hold among which are private keys; the first of them has a number."""
    for at, line in enumerate(lines):
        if armour.open or armour.begins(line):
            yield from armour.take(number + at, line)
        elif at in looked:
            yield from ((number + at, found) for found in scanner.scan_line(line))


def decode(data: bytes) -> str:
    """Return a physical line as text, without its end."""
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return data.decode()
    except UnicodeDecodeError:
        replaced = data.decode("utf-8", "replace")
    # Two bytes of CP949 are two of UTF-8 now and then, three are not in a row: Hangul in UTF-8 has three.
    if any("\u07ff" < letter != "\ufffd" for letter in replaced):
        return replaced
    try:
        korean = data.decode("cp949")
    except UnicodeDecodeError:
        return replaced
    return korean if _HANGUL.search(korean) else replaced


def _begun(data: bytes) -> bytes:
    """Return a file's first bytes without a byte order mark."""
    for magic, why in _NOT_TEXT:
        if data.startswith(magic):
            raise NotText(why)
    return data.removeprefix(codecs.BOM_UTF8)


def _scan_long(data: bytes, stream: BufferedIOBase, scanner: Scanner) -> Iterator[Found]:
    """Yield the findings of a line of any length; `data` is how it begins, the rest is read from `stream`."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text, at, done = "", 0, 0  # what is held, where in the line it begins, and up to where findings were told
    last = False
    while not last:
        last = data.endswith(b"\n") or not data
        text += decoder.decode(data.removesuffix(b"\n").removesuffix(b"\r") if last else data, last)
        limit = len(text) if last else len(text) - _OVERLAP
        for found in scanner.scan_text(text):
            if at + found.offset >= done and found.offset < limit:
                done = at + found.offset + found.length
                yield Found(found.kind, found.tier, at + found.offset, found.length, found.fingerprint)
        if not last:
            done = max(done, at + limit)
            keep = max(0, min(limit, done - at) - _CONTEXT)
            text, at = text[keep:], at + keep
            data = stream.readline(LONGEST)
