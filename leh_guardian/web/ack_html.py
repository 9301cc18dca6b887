"""Owns what the acknowledge page looks like; the one rule: every text is escaped, and nothing runs: no script, nothing from elsewhere.

It shows level, rule, time, state and number. What an event says stays in guardian: a link ends up in histories and previews.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from leh_guardian.language import Locale
from leh_guardian.web import wording

_STYLE: Final = (
    "body{font-family:sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem;line-height:1.6}"
    "dt{color:#666}dd{margin:0 0 .6rem;font-weight:bold;overflow-wrap:anywhere}"
    "button{font-size:1.4rem;padding:.8rem 0;width:100%;margin-top:1rem}"
    "input{font-size:1.4rem;width:6rem;letter-spacing:.3rem}.say{font-size:1.2rem}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
"""What every page is sent with."""


def form(facts: Sequence[tuple[str, str]], locale: Locale, *, nonce: str, wants_code: bool, complaint: str = "") -> str:
    """Return the page with the button; nothing happens before a person presses it."""
    code = (
        f'<p><label>{escape(wording.CODE.of(locale))}<br><input name="code" inputmode="numeric" autocomplete="off"'
        ' maxlength="4" pattern="[0-9]{4}" required></label></p>'
        if wants_code
        else ""
    )
    # No action: it goes to the page's own address, whatever a proxy has put before it.
    button = (
        f'<form method="post"><input type="hidden" name="nonce" value="{escape(nonce)}">{code}'
        f'<button type="submit">{escape(wording.BUTTON.of(locale))}</button></form>'
    )
    return _page(locale, _complaint(complaint) + _facts(facts) + button)


def told(text: str, locale: Locale, facts: Sequence[tuple[str, str]] = ()) -> str:
    """Return a page that only tells something."""
    return _page(locale, f'<p class="say">{escape(text)}</p>' + _facts(facts))


def _complaint(text: str) -> str:
    return f'<p class="say"><strong>{escape(text)}</strong></p>' if text else ""


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f"<dl>{rows}</dl>" if rows else ""


def _page(locale: Locale, content: str) -> str:
    heading = wording.TITLE.of(locale)
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(heading)}</h1>{content}</body></html>\n"
    )
