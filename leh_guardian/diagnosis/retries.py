"""Owns what is said on the way and is no failure; the one rule: whoever tries again has not failed yet, whoever gives up has.

openai-python and httpx, tenacity, backoff, botocore, urllib3 and opensearch-py all log what they are about to try again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from leh_guardian.diagnosis.evidence_text import without_names, without_quotations

_LONGEST: Final = 2000
_BEGINS: Final = re.compile(
    r"(?i)\W{0,4}(?:[\w.]{1,80}: )?(?:retrying\b|retry (?:\d|attempt|in|after|#)|backing off\b|raising status error"
    r"|encountered (?:a )?(?:httpx|timeout|exception)"
    r"|not retrying\b|starting new https? connection|connection pool is full|resetting dropped connection"
    r"|finished call to '|sending http request"
    r"|http (?:request|response): |request options:|incremented retry for|http request: )"
)
_GOES_ON: Final = re.compile(
    r"(?i)(?:\b(?:will|going to|about to) (?:be )?(?:retry|retried|try again)|[,;(–—.-] ?(?:now )?retrying\b"
    r"|\bretrying (?:in|after|with|now|once|again|shortly|\(|\d|the request)|\bretry (?:in|after) \d"
    r"|\bnext attempt in\b|\btrying again (?:in|after)\b|\bwaiting \d[\d.]{0,10} ?s"
    r"|\bbacking off (?:for )?\d)"
)
_ENDS: Final = re.compile(
    r"(?i)\b(?:giving up|gave up|given up|exhausted|no more (?:retries|attempts)|max(?:imum)? (?:retries|attempts)"
    r"|after (?:all )?(?:\d{1,3} )?(?:retries|attempts|tries|retrying)"
    r"|permanent(?:ly)? fail|failed permanently|final attempt failed|aborting|will not (?:be )?retr|won't (?:be )?retr|not be retried"
    r"|moved to (?:the )?(?:dlq|dead)|dead[- ]letter|retries failed|last attempt)"
)
_ACCESS: Final = re.compile(r'"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) [^"\n]{1,400} HTTP/[\d.]{1,3}"')
_CARRIES_ON: Final = re.compile(
    r"(?i)\b(?:ignor(?:ed|ing)|skipp(?:ed|ing)|continu(?:e|ed|es|ing)|fall(?:ing)?[ -]?back|fell back"
    r"|recovered|non[- ]fatal|best[- ]effort|suppressed|deprecated)\b"
)

_WORDS: Final = (
    *"retr try tries trying attempt back wait giv gave exhaust permanent abort dead http sending raising encounter pool".split(),
    *"resetting finished request starting ignor skip continu fall fell recover fatal suppress deprecat best".split(),
)
"""In small letters: every one of the signs has one of them."""


def is_retry(message: str) -> bool:
    """Tell whether a message says that something is tried again."""
    return _says(message, _BEGINS.match, _GOES_ON.search) and not gives_up(message)


def gives_up(message: str) -> bool:
    """Tell whether a message says that nothing more is tried."""
    return _says(message, _ENDS.search)


def is_access(message: str) -> bool:
    """Tell whether a message is a line of an access log: what was answered to somebody is no failure of ours."""
    return bool(_ACCESS.search(message[:_LONGEST]))


def carries_on(message: str) -> bool:
    """Tell whether a message says that the work goes on in spite of it."""
    return _says(message, _CARRIES_ON.search)


def _says(message: str, *signs: Callable[[str], re.Match[str] | None]) -> bool:
    line = message[:_LONGEST].partition("\n")[0]
    # Most lines have none of the signs, and looking closely takes time.
    small = line.lower()
    if not any(word in small for word in _WORDS) or not any(sign(line) for sign in signs):
        return False
    own = without_quotations(without_names(line))
    return any(sign(own) for sign in signs)
