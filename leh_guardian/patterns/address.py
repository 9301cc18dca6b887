"""IP addresses and address blocks.

Rule kept: an address is a (version, number) pair, however it was spelled, and the two versions never match each
other. event-ruler lets an IPv4 block match some IPv6 text; that is its slip, not a meaning.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from leh_guardian.patterns.errors import PatternError, Where

Address = tuple[int, int]
"""The IP version and the address as a number."""

_BITS = {4: 32, 6: 128}
_LONGEST_IPV4 = len("255.255.255.255")
_LONGEST_IPV6 = len("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
_MAPPED_IPV4 = 0xFFFF


@dataclass(frozen=True, slots=True)
class Block:
    """A CIDR block, its host bits masked off."""

    version: int
    network: int
    host_bits: int

    def holds(self, text: str) -> bool:
        """Tell whether the text is an address of this block."""
        address = parse_address(text)
        return address is not None and address[0] == self.version and address[1] >> self.host_bits == self.network


def parse_address(text: str) -> Address | None:
    """Read an IPv4 or IPv6 literal as Java's InetAddress does, or give None.

    Leading zeros are decimal, and IPv4-mapped IPv6 is IPv4. Zone ids and the dotted tail of IPv6 are no addresses here.
    """
    if ":" in text:
        return _parse_ipv6(text)
    if text.count(".") == 3 and len(text) <= _LONGEST_IPV4:
        return _parse_ipv4(text)
    return None


def parse_block(text: str, where: Where) -> Block:
    """Read a CIDR block, refusing what EventBridge refuses, in its words."""
    # Java's split, which event-ruler takes the block apart with, drops what is empty at the end.
    parts = text.rstrip("/").split("/")
    if len(parts) != 2:
        raise PatternError("Malformed CIDR, one '/' required", where)
    address_text, mask_text = parts
    mask = _mask_bits(mask_text, where)
    address = parse_address(address_text)
    if address is None:
        kind = "Invalid" if _looks_like_address(address_text) else "Nonstandard"
        raise PatternError(f"{kind} IP address: {address_text}", where)
    version, number = address
    if mask >= _BITS[version]:
        raise PatternError(f"IPv{version} mask bits must be < {_BITS[version]}", where)
    host_bits = _BITS[version] - mask
    return Block(version, number >> host_bits, host_bits)


def _mask_bits(text: str, where: Where) -> int:
    digits = text[1:] if text[:1] in {"+", "-"} else text
    # More digits than this are too many for Java's int, and for any mask.
    if not digits.isdecimal() or len(digits) > 10:
        raise PatternError("Malformed CIDR, mask bits must be an integer", where)
    bits = int(text)
    if bits < 0:
        raise PatternError("Malformed CIDR, mask bits must not be negative", where)
    return bits


def _parse_ipv4(text: str) -> Address | None:
    number = 0
    for octet in text.split("."):
        if not (octet.isascii() and octet.isdecimal() and int(octet) <= 255):
            return None
        number = number << 8 | int(octet)
    return 4, number


def _parse_ipv6(text: str) -> Address | None:
    if len(text) > _LONGEST_IPV6 or not _looks_like_address(text):
        return None
    try:
        number = int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except OSError:
        return None
    if number >> 32 == _MAPPED_IPV4:
        return 4, number & 0xFFFFFFFF
    return 6, number


def _looks_like_address(text: str) -> bool:
    # event-ruler's two shapes: four dotted runs of digits, or hex digits with a colon among them.
    if ":" in text:
        return not text.strip("0123456789abcdefABCDEF:")
    octets = text.split(".")
    return len(octets) == 4 and all(octet.isascii() and octet.isdecimal() for octet in octets)
