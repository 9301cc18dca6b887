"""Files as they come: encodings, line ends, long lines, private keys over several lines."""

from __future__ import annotations

import io

import pytest

from leh_guardian.disclosure import Scanner, Seal
from leh_guardian.disclosure.stream import LONGEST, NotText, scan_stream
from tests.support.leaks.values import TODAY

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ==\nAKIAIOSFODNN7EXAMPLE\n-----END PRIVATE KEY-----"


def scan(data: bytes) -> list[tuple[int, str, int, int]]:
    """Return (line, kind, offset, length) of each finding."""
    scanner = Scanner(TODAY, Seal(b"0123456789abcdef"))
    return [(n, f.kind.value, f.offset, f.length) for n, f in scan_stream(io.BytesIO(data), scanner)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("가 010-1234-5678\r\n\r\n주민 900101-1234567".encode(), [(1, "phone", 2, 13), (3, "kr_rrn", 3, 14)]),
        (b"\xef\xbb\xbf" + "주민 900101-1234567\n".encode(), [(1, "kr_rrn", 3, 14)]),
        (b"\xff\xfe\xed\xa0\x80 x 010-1234-5678\n", None),
        (b"a \xff\xc3( 010-1234-5678\n", [(1, "phone", 6, 13)]),
        ("주민번호 900101-1234567\n".encode("cp949"), [(1, "kr_rrn", 5, 14)]),
        ("가 ".encode() + b"\xb0\xa1 010-1234-5678", [(1, "phone", 5, 13)]),
        (b"a\rb\x0b\x0c\xc2\x85 010-1234-5678\n", [(1, "phone", 7, 13)]),
        (f"x\n{KEY}\n010-1234-5678".encode(), [(2, "private_key", 0, 27), (6, "phone", 0, 13)]),
        (b"-----BEGIN PRIVATE KEY-----\n010-1234-5678\n", [(2, "phone", 0, 13)]),
        (b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n", [(1, "private_key", 0, 27)]),
        (b"", []),
    ],
)
def test_lines(data: bytes, expected: list[tuple[int, str, int, int]] | None) -> None:
    """Lines end at LF alone; offsets are those of the line decoded with replacement, or as CP949 where it is that."""
    if expected is None:
        with pytest.raises(NotText, match="UTF-16"):
            scan(data)
    else:
        assert scan(data) == expected


def test_one_key_is_one_key() -> None:
    """A private key over lines has the fingerprint of the same key in one line."""
    scanner = Scanner(TODAY, Seal(b"0123456789abcdef"))
    data = f"{KEY}\n{KEY!r}\n".encode()
    assert len({found.fingerprint for _, found in scan_stream(io.BytesIO(data), scanner)}) == 1


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"PK\x03\x04", b"\xfe\xff\x00a", b"BZh9"])
def test_what_would_not_be_seen(magic: bytes) -> None:
    """A file whose content is packed is refused: silence would look like a clean one."""
    with pytest.raises(NotText):
        scan(magic + b"x" * 100)


def test_long_lines() -> None:
    """A line of any length is looked at whole, also across the edges of windows, each finding once, at its own place."""
    line = bytearray(b"x " * (LONGEST + 50_000))
    places = [10, LONGEST - 7, LONGEST - 8192 - 5, LONGEST + 100_000, 2 * LONGEST - 6, len(line) - 14]
    for at in places:
        line[at : at + 15] = b" 010-1234-5678 "
    expected = [(1, "phone", at + 1, 13) for at in sorted(places)]
    assert scan(bytes(line) + b"\n010-1234-5678\n") == [*expected, (2, "phone", 0, 13)]
