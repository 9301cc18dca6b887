"""Owns the reading of a certificate's few fields that the check needs; the one rule: bytes from outside never run beyond their end.

The standard library hands out the fields of a verified certificate alone, and the ones that matter here are those that failed. This
reads DER (X.690) of RFC 5280's Certificate: serial, validity, and the DNS names of subjectAltName. It verifies nothing: TLS does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_UTC_TIME: Final = 0x17
_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_DNS_NAME: Final = 0x82
_SUBJECT_ALT_NAME: Final = bytes.fromhex("0603551d11")
_LONG: Final = 0x80


class NotACertificate(ValueError):
    """The bytes are no certificate of RFC 5280."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is read of a certificate."""

    serial: int
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    """DNS names, in small letters."""


def read_leaf(der: bytes) -> Leaf:
    """Read a certificate.

    Raises:
        NotACertificate: it is none.
    """
    try:
        return _leaf(der)
    except (IndexError, ValueError, StopIteration) as error:
        raise NotACertificate(f"no certificate: {error}") from error


def _leaf(der: bytes) -> Leaf:
    certificate = _only(der, _SEQUENCE)
    fields = list(_parts(next(_parts(certificate))[1]))
    if fields[0][0] == _VERSION:
        fields = fields[1:]
    # serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ...
    (tag, serial), (_, validity) = fields[0], fields[3]
    if tag != _INTEGER:
        raise ValueError("no serial number")
    before, after = (_time(tag, value) for tag, value in _parts(validity))
    names = tuple(name for tag, value in fields[6:] if tag == _EXTENSIONS for name in _names(value))
    return Leaf(int.from_bytes(serial, "big", signed=True), before, after, names)


def _names(extensions: bytes) -> Iterator[str]:
    for _, extension in _parts(_only(extensions, _SEQUENCE)):
        if extension.startswith(_SUBJECT_ALT_NAME):
            # The value is the last part; `critical` may stand before it.
            value = list(_parts(extension))[-1][1]
            for tag, name in _parts(_only(value, _SEQUENCE)):
                if tag == _DNS_NAME:
                    yield name.decode("ascii", "backslashreplace").lower()


def _time(tag: int, value: bytes) -> datetime:
    """Read UTCTime or GeneralizedTime; two digits of a year are of 1950 to 2049."""
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _only(data: bytes, wanted: int) -> bytes:
    tag, value = next(_parts(data))
    if tag != wanted:
        raise ValueError(f"tag {tag:#x} in place of {wanted:#x}")
    return value


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, value) one after the other."""
    at = 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & _LONG:
            count = length & ~_LONG
            if not 1 <= count <= 4:
                raise ValueError("a length that DER does not have")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("cut off")
        yield tag, data[at : at + length]
        at += length


def covers(names: Sequence[str], host: str) -> bool:
    """Tell whether a certificate with these names is for a host: a wildcard stands for one label, the first (RFC 6125)."""
    host = host.rstrip(".").lower()
    rest = host.partition(".")[2]
    return any(
        name.lower() == host or (name.startswith("*.") and bool(rest) and name[2:].lower() == rest) for name in names
    )
