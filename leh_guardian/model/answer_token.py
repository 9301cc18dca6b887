"""Owns the signed words by which a person who was called answers; the one rule: whatever text comes in, the answer is a value.

A token is base64url(body || HMAC-SHA256 over the body, cut to twelve bytes). Its body says what may be done, to which incident, as
of which of its moves, by whom, and until when; nothing is kept of it anywhere. It is no secret from whoever has it: it is a proof
that guardian wrote it. Keys are told apart by a byte of their digest, so that an old one goes on verifying while a new one signs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from leh_guardian.model.policy import GRAVE

LEAST_KEY: Final = 32
"""Bytes that a key has at least."""
LONGEST: Final = 512
"""Characters of the longest token that is looked at; an honest one has less than a hundred and fifty."""
_VERSION: Final = 1
_MAC: Final = 12
_HEAD: Final = struct.Struct(">BBBBBII")
"""Version, length of the body, key id, purpose, level, minute of expiry, number of the incident."""
_MOVE: Final = struct.Struct(">II")
_NO_ACTION: Final = UUID(int=0)
_LONGEST_TARGET: Final = 100
CASE: Final = "case:"
"""Before the id of a case, as a target."""


class Purpose(StrEnum):
    """What a token is for. That of a link can do one thing, and no button's token opens a page."""

    LINK = "link"
    """Opens the page on which the incident can be acknowledged."""
    ACK = "ack"
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    SNOOZE = "snooze"
    APPROVE = "approve"
    REJECT = "reject"
    RESTORE = "restore"
    """Asks for the restore of a case; bound to no incident."""


_PURPOSES: Final = tuple(Purpose)
"""Their places are what a token holds: new ones go to the end."""


class Refusal(StrEnum):
    """Why a token does nothing."""

    MALFORMED = "malformed"
    """No token of ours at all."""
    TRUNCATED = "truncated"
    """The beginning of one: a message was cut."""
    VERSION = "version"
    """Of another version of guardian."""
    FORGED = "forged"
    """Its signature is no key's of ours: made up, changed, or of a key that was thrown away."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class AnswerToken:
    """One thing that one reader of one message may do."""

    purpose: Purpose
    number: int
    """Of the incident: INC-1042 is 1042."""
    target: str
    """Whom the message was for: `person:ID` or `channel:NAME`; of RESTORE `case:ID`, what it is about."""
    expires: datetime
    """To the minute."""
    level: int = 0
    """The level that the message called."""
    epoch: int = 0
    seq: int = 0
    """Which move of the escalation the reader saw ("escalate as of")."""
    action: UUID | None = None
    """What is approved or rejected."""

    @property
    def person(self) -> str:
        """The id of the person that it was made for; empty where it was made for a place."""
        return self.target.removeprefix("person:") if self.target.startswith("person:") else ""

    @property
    def case(self) -> str:
        """The id of the case that it is about; empty where it is about none."""
        return self.target.removeprefix(CASE) if self.target.startswith(CASE) else ""

    @property
    def wants_code(self) -> bool:
        """Whether its page asks for the code of its message."""
        return self.purpose is Purpose.LINK and self.level >= GRAVE


class Keys:
    """The keys that tokens are signed with: the first signs, all verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys, one at least.

        Raises:
            ValueError: there is none, or one is shorter than 32 bytes.
        """
        if not keys or any(len(key) < LEAST_KEY for key in keys):
            raise ValueError(f"a key of {LEAST_KEY} bytes or more is needed")
        self._keys = tuple(keys)

    def sign(self, token: AnswerToken) -> str:
        """Return the token's text: letters, digits, `-` and `_`.

        Raises:
            ValueError: its target is longer than 100 bytes.
        """
        key = self._keys[0]
        body = _body(token, _key_id(key))
        return _text(body + _mac(key, body))

    def read(self, text: str, now: datetime) -> AnswerToken | Refusal:
        """Return what `text` says if we have signed it and it has not expired, else why not."""
        raw = _raw(text)
        if raw is None or len(raw) < 2:
            return Refusal.MALFORMED
        if raw[0] != _VERSION:
            return Refusal.VERSION
        whole = raw[1] + _MAC
        if len(raw) < whole:
            return Refusal.TRUNCATED
        # The same bytes have one spelling, or a press could be told from its copy.
        if len(raw) > whole or _text(raw) != text:
            return Refusal.MALFORMED
        body, mac = raw[: raw[1]], raw[raw[1] :]
        if not self._signed(body, mac):
            return Refusal.FORGED
        token = _token(body)
        if token is None:
            return Refusal.MALFORMED
        return token if now < token.expires else Refusal.EXPIRED

    def code(self, number: int, target: str) -> str:
        """Return the four digits that a reader of a message at level 3 types in: proof that it was read, not only followed."""
        return _code(self._keys[0], number, target)

    def is_code(self, given: str, number: int, target: str) -> bool:
        """Return whether `given` is such a code, by any of the keys, in constant time."""
        said = given.strip().encode("utf-8", "replace")
        found = False
        for key in self._keys:
            found |= hmac.compare_digest(_code(key, number, target).encode(), said)
        return found

    def nonce(self, text: str, window: int) -> str:
        """Return what a page of the token `text`, made in that window of time, sends back: whoever has not seen it has none."""
        return _nonce(self._keys[0], text, window)

    def is_nonce(self, given: str, text: str, windows: Sequence[int]) -> bool:
        """Return whether `given` is the nonce of one of `windows`, by any of the keys, in constant time."""
        said = given.encode("utf-8", "replace")
        found = False
        for key in self._keys:
            for window in windows:
                found |= hmac.compare_digest(_nonce(key, text, window).encode(), said)
        return found

    def _signed(self, body: bytes, mac: bytes) -> bool:
        found = False
        for key in self._keys:
            same = hmac.compare_digest(_mac(key, body), mac)
            found |= same and len(body) > 2 and body[2] == _key_id(key)
        return found


def parse_keys(content: bytes) -> Keys:
    """Return the keys of a secret file: one on each line, empty lines left out.

    Raises:
        ValueError: there is none, or one is shorter than 32 bytes.
    """
    return Keys([line.strip() for line in content.splitlines() if line.strip()])


def _body(token: AnswerToken, key_id: int) -> bytes:
    target = token.target.encode()
    if len(target) > _LONGEST_TARGET:
        raise ValueError(f"a target longer than {_LONGEST_TARGET} bytes: {token.target[:40]}")
    rest = target
    if token.purpose is not Purpose.LINK:
        # What a link is short for: it can only acknowledge, whatever has happened since.
        action = (token.action or _NO_ACTION).bytes
        rest = _MOVE.pack(token.epoch, token.seq) + action + target
    minute = int(token.expires.timestamp()) // 60
    purpose = _PURPOSES.index(token.purpose)
    length = _HEAD.size + len(rest)
    return _HEAD.pack(_VERSION, length, key_id, purpose, min(token.level, 255), minute, token.number) + rest


def _token(body: bytes) -> AnswerToken | None:
    """Read a body back; None where a key of ours has signed something else."""
    try:
        _, _, _, purpose, level, minute, number = _HEAD.unpack_from(body)
        rest, epoch, seq, action = body[_HEAD.size :], 0, 0, _NO_ACTION
        if _PURPOSES[purpose] is not Purpose.LINK:
            epoch, seq = _MOVE.unpack_from(rest)
            action, rest = UUID(bytes=rest[_MOVE.size : _MOVE.size + 16]), rest[_MOVE.size + 16 :]
        return AnswerToken(
            purpose=_PURPOSES[purpose],
            number=number,
            target=rest.decode(),
            expires=datetime.fromtimestamp(minute * 60, UTC),
            level=level,
            epoch=epoch,
            seq=seq,
            action=None if action == _NO_ACTION else action,
        )
    except (struct.error, IndexError, ValueError, OverflowError, OSError):
        return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _raw(text: str) -> bytes | None:
    """Return the bytes of a text, those of its whole quarters where it was cut amidst one; None where it is no base64url."""
    if not 0 < len(text) <= LONGEST or not text.isascii():
        return None
    given = text if len(text) % 4 != 1 else text[:-1]
    try:
        return base64.b64decode(given.encode("ascii") + b"=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"answer\x00" + body, hashlib.sha256).digest()[:_MAC]


def _key_id(key: bytes) -> int:
    return hashlib.sha256(b"key\x00" + key).digest()[0]


def _code(key: bytes, number: int, target: str) -> str:
    digest = hmac.new(key, f"code\x00{number}\x00{target}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10_000:04}"


def _nonce(key: bytes, text: str, window: int) -> str:
    return _text(hmac.new(key, f"page\x00{window}\x00{text}".encode("utf-8", "replace"), hashlib.sha256).digest()[:12])
