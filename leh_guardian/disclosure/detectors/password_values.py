"""Owns what can be a password and what only stands where one could; the one rule: doubt grows with the looseness of the setting.

Not passwords: masks, placeholders (`<password>`, `${PASSWORD}`, `changeme`, which documents use), null and booleans, digests and
password hashes (bcrypt, argon2, crypt, PBKDF2, SCRAM), times, ids, paths, ARNs and references to vaults, code, and words that say
something about a password ("required", "8자 이상").
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from leh_guardian.disclosure.found import Tier


class Setting(Enum):
    """How clearly a value is said to be a password."""

    FIELD = "field"
    """The whole value of a JSON field so named."""
    SIGN = "sign"
    """After a name and a sign, or in quotation marks."""
    PROSE = "prose"
    """After a name and a colon, with words after it."""
    SAID = "said"
    """비밀번호는 …, password is …"""
    SAID_STRONGLY = "said strongly"
    """Right after a name, with nothing between: only a value that looks like nothing else."""
    WEAK = "weak"
    """Named by `pass`, which has other meanings."""
    MASKED = "masked"
    """After `***` and a sign."""


_SHORTEST: Final = 4
_LONGEST: Final = 256
_MASK: Final = re.compile(
    r"[*•●■█xX#_.?○-]{3,}|.{0,8}(?:\*{3}|•{3}|●{3}|x{4}|X{4}|…|\.{3}).{0,8}|(?i:[\[(<]?(?:redacted|masked?|filtered|hidden|removed|secret|"
    r"encrypted|protected|omitted|sanitized|scrubbed|비공개|마스킹|가림|삭제됨)[\])>]?)"
)
_PLACEHOLDER: Final = re.compile(
    r"<[^>]*>?|\$\{[^}]*\}?|\{\{?[^}]*\}{0,2}|\$\([^)]*\)?|\$[A-Z_][A-Z0-9_]*|%\([^)]*\)s|%[sdrv]|%[A-Z_]+%|#\{[^}]*\}|\[[^\]]*\]?"
    r"|!(?:vault|secret|env(?:_var)?|Ref|Sub|GetAtt|ImportValue)|(?i:(?:your|my|the|new|old|some|enter|insert|dummy|sample|example|test)?[_-]?(?:db|user|admin)?[_-]?(?:password|passwd|passphrase|pwd|pass|비밀번호)[_-]?(?:here|value|입력)?"
    r"|change[_-]?(?:me|it|this)!?|replace[_-]?me|placeholder|todo|tbd|example|n/?a|string|text|varchar\S*)"
)
_WORDS: Final = frozenset(
    (
        "null none nil undefined true false yes no empty blank unset set unknown default required optional invalid "
        "valid incorrect correct wrong missing mismatch mismatched expired changed unchanged reset failed failure "
        "fail success succeeded successful ok okay updated created deleted disabled enabled weak strong hashed "
        "hash encrypted plain plaintext field type policy must should cannot can't have has is was not may will "
        "forgot forgotten forget login logout sent send email sms otp mfa totp sso saml oauth oauth2 ldap kerberos "
        "bcrypt argon2 argon2id argon2i scrypt pbkdf2 sha1 sha256 sha-256 sha512 sha-512 sha3 md5 hmac aes aes128 "
        "aes-128 aes256 aes-256 aes-256-gcm aes-gcm rsa rsa2048 rsa-2048 ecdsa ed25519 tls tls1.2 tls1.3 tlsv1.2 "
        "tlsv1.3 ssl utf-8 utf8 base64 pending requested request attempt attempts verified verify rotation rotated "
        "confirmed accepted rejected denied str bool int float bytes"
    ).split()
)
_JOINED: Final = frozenset({"password", "passwd", "pwd", "too", "short", "long", "a", "the", "at"})
_HASH: Final = re.compile(
    r"\$(?:2[abxy]?|argon2\w*|1|5|6|y|apr1|scrypt|pbkdf2[\w-]*|s0|7)\$.*|\\?\$2[aby]\\?\$.*|(?i:pbkdf2_\w+|bcrypt(?:_sha256)?|argon2\w*|scrypt|sha\d{1,3}|md5|hmac|crypt)[$:].*"
    r"|\{[A-Z0-9-]{3,12}\}.*|SCRAM-SHA-\d+\$.*|(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})"
    r"|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{86}=="
)
_OTHER: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]|\Z)|(?:\d{4}[./]\d\d[./]\d\d|1[4-9]\d{8}|1[4-9]\d{11})\Z|\d\d:\d\d(?::\d\d|\Z)"
    r"|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z|arn:|https?://|(?:secretsmanager|ssm|vault|kms|env|file|op)[:/]"
    r"|ENC[(\[]|\./|[A-Za-z]:\\|/[A-Za-z0-9_.-]{1,40}(?:/|\Z)|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\Z|v?\d{1,4}(?:\.\d{1,4}){1,3}\Z"
    r"|[A-Za-z_]{1,40}(?:\.[A-Za-z_]{1,40}){1,6}(?:[(\[]|\Z)|[a-z_]{1,40}\(|[A-Za-z_][A-Za-z0-9_]{0,40}="
)
"""How times, ids, addresses, references and code begin."""
_ID: Final = re.compile(
    r"[A-Za-z]{1,16}[_-][0-9a-fA-F]{3,64}(?:[_-][0-9a-fA-F]{1,32}){0,4}|[A-Za-z]{1,8}[_-]?[0-9]{1,12}|[0-9a-fA-F]{8,64}"
    r"|[0-9][0-9.,:/-]{0,40}[a-zA-Z%]{0,3}|[A-Za-z0-9_.+-]{1,40}@[A-Za-z0-9_.-]{1,40}|[A-Za-z_]{1,64}|[A-Z]{2}[A-Z0-9_-]{0,62}"
    r"|[A-Za-z0-9_.-]{1,40}(?:/[A-Za-z0-9_.-]{1,40}){1,8}|[a-z]{1,40}(?:-[a-z0-9]{1,40}){1,8}"
)
"""What the worker's filter leaves beside `***` more often than a password."""
_FILE: Final = re.compile(
    r"(?i)\.(?:pdf|jpe?g|png|gif|heic|mp[34]|m4a|wav|mov|docx?|xlsx?|pptx?|hwpx?|txt|csv|zip|json|log|py|html?|com|net|kr)\Z"
)
_UNIT: Final = re.compile(
    r"\d{1,5}(?:자|글자|자리|개|회|번|일|월|년|분|초|시|주)[가-힣~,.]{0,20}|\d{1,3}[~-]\d{1,3}|\d{1,5}(?:%|days?|d|h|chars?|characters?|times?)"
)
_REMARK: Final = re.compile(r"[가-힣]{2,20}[(\[]")
"""변경됨(2026-11-27)"""
_HANGUL: Final = re.compile("[가-힣]")
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9가-힣\s_.:/,'\"-]")


def judge(value: str, setting: Setting) -> Tier | None:
    """Tell whether a value is a password."""
    if not _SHORTEST <= len(value) <= _LONGEST or _is_none(value):
        return None
    classes = _classes(value)
    if setting in {Setting.MASKED, Setting.SAID_STRONGLY}:
        return _judge_strictly(value, classes, setting)
    if setting is Setting.WEAK:
        return Tier.PROBABLE if classes >= 2 and len(value) >= 6 and not _ID.fullmatch(value) else None
    if setting in {Setting.SAID, Setting.PROSE} and classes < 2 and not value.isdecimal():
        return None
    if setting is Setting.SAID and _looks_said(value):
        return Tier.PROBABLE
    if setting is Setting.SAID:
        return None
    return Tier.CONFIRMED if classes >= 2 and len(value) >= 6 else Tier.PROBABLE


def _is_none(value: str) -> bool:
    small = value.lower().strip("'\"")
    return (
        small in _WORDS
        or all(
            part in _WORDS or part in {"password", "passwd", "pwd", "too", "short", "long", "a", "the"}
            for part in re.split(r"[_\s-]+", small)
        )
        or any(form.fullmatch(value) for form in (_MASK, _PLACEHOLDER, _HASH, _UNIT))
        or _OTHER.match(value) is not None
        or _is_sentence(value)
    )


def _is_sentence(value: str) -> bool:
    """Tell whether a value is words about a password: Hangul without anything else, or several words without a digit."""
    if _HANGUL.search(value):
        rest = _HANGUL.sub("", value)
        return " " in value or len(rest.strip(".,!?()~ ")) < 2 or bool(_UNIT.match(value) or _REMARK.match(value))
    words = value.split()
    if len(words) < 2:
        return False
    plain = [word.strip(".,!?:;'\"()").lower() for word in words]
    said = [word in _WORDS for word in plain]
    # Four small words and more are a passphrase, one of which may be such a word as well.
    loose = len(words) < 4 or any(not word.islower() for word in words)
    return sum(said) > 1 or said[-1] or (loose and (any(said) or all(map(str.isalpha, plain))))


def _judge_strictly(value: str, classes: int, setting: Setting) -> Tier | None:
    special = bool(_SPECIAL.search(value))
    if _HANGUL.search(value) or len(value) > 40 or _FILE.search(value) or (_ID.fullmatch(value) and not special):
        return None
    if setting is Setting.SAID_STRONGLY:
        return Tier.PROBABLE if special and classes >= 3 and "=" not in value and len(value) >= 6 else None
    return (
        Tier.PROBABLE if len(value) >= 6 and (classes >= 3 or (classes == 2 and (special or value.isalnum()))) else None
    )


def _looks_said(value: str) -> bool:
    return not (value.isdecimal() and len(value) > 8) and (_classes(value) >= 2 or value.isdecimal())


def _classes(value: str) -> int:
    """Count the kinds of letters: small, capitals, digits, others."""
    return (
        any(letter.islower() for letter in value)
        + any(letter.isupper() for letter in value)
        + any(letter.isdigit() for letter in value)
        + any(not letter.isalnum() for letter in value)
    )
