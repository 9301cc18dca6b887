"""Owns the form of a message in Slack; the one rule: no text of an event becomes markup, a mention or a link.

Texts are `plain_text`, where Slack reads no markup. The top-level `text`, which is what wakes people and what is read aloud,
is markup to Slack, so its three signs are escaped. Limits are those that Slack documents for Block Kit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from leh_guardian.language import Locale, Text, count
from leh_guardian.model.text import shown
from leh_guardian.ports import Button, Notice

_HEADER = 150
_SECTION = 3000
_SECTIONS = 12
_LINE = 1000
_TEXT = 3000
_LABEL, _VALUE, _URL, _ACTION = 75, 2000, 3000, 255
_CONFIRM_TITLE, _CONFIRM_TEXT, _CONFIRM_LABEL = 100, 300, 30
_MOST_BUTTONS = 24
"""One place of the 25 of an actions block is the link's."""
_OPEN: Final = Text(ko="열기", en="Open")
_CANCEL: Final = Text(ko="취소", en="Cancel")
ACTION: Final = "leh:"
"""What the ids of our buttons begin with."""
LINK: Final = f"{ACTION}link"


def escaped(text: str) -> str:
    """Return `text` as Slack's markup shows it literally."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(notice: Notice) -> str:
    """Return the top-level text: the title, and what a notification has room for."""
    lines = [shown(notice.title, 200), *(shown(line, 300) for line in notice.lines[:5])]
    return escaped("\n".join(lines)[:_TEXT]).strip() or "-"


def blocks(notice: Notice, *, buttons: bool) -> list[dict[str, Any]]:
    """Return the message's blocks, at most 50."""
    made: list[dict[str, Any]] = [{"type": "header", "text": _plain(notice.title, _HEADER)}]
    made += [{"type": "section", "text": _plain_lines(text)} for text in _sections(notice)]
    if marks := _marks(notice):
        made.append({"type": "context", "elements": [_plain(marks, _LINE)]})
    if buttons and (elements := list(_buttons(notice))):
        made.append({"type": "actions", "elements": elements})
    return made


def _sections(notice: Notice) -> Iterator[str]:
    """Yield the lines, packed; what is beyond Slack's room for a message is counted."""
    packed = ""
    given = 0
    for number, line in enumerate(notice.lines):
        text = shown(line, _LINE)
        if packed and len(packed) + 1 + len(text) > _SECTION:
            yield packed
            packed, given = "", given + 1
            if given == _SECTIONS:
                yield _more(len(notice.lines) - number).of(notice.locale)
                return
        packed = f"{packed}\n{text}" if packed else text
    if packed.strip():
        yield packed


def _more(lines: int) -> Text:
    return Text(ko=f"… {lines}줄 더", en=f"… {count(lines, 'more line')}")


def _buttons(notice: Notice) -> Iterator[dict[str, Any]]:
    # A button whose token Slack would refuse must not cost the reader the message.
    fitting = [button for button in notice.buttons if 0 < len(button.token) <= _VALUE]
    for number, button in enumerate(fitting[:_MOST_BUTTONS]):
        yield _button(button, number, notice.locale)
    if notice.link and len(notice.link) <= _URL:
        yield {"type": "button", "action_id": LINK, "text": _plain(_OPEN.of(notice.locale), _LABEL), "url": notice.link}


def _button(button: Button, number: int, locale: Locale) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "button",
        "action_id": f"{ACTION}{number}:{button.verb}"[:_ACTION],
        "text": _plain(button.label, _LABEL),
        "value": button.token,
    }
    if button.verb in {"ack", "approve"}:
        made["style"] = "primary"
    if button.confirm:
        made["confirm"] = {
            "title": _plain(button.label, _CONFIRM_TITLE),
            "text": _plain(button.confirm, _CONFIRM_TEXT),
            "confirm": _plain(button.label, _CONFIRM_LABEL),
            "deny": _plain(_CANCEL.of(locale), _CONFIRM_LABEL),
        }
    return made


def _marks(notice: Notice) -> str:
    marks = [notice.number, f"Lv{notice.level}" if notice.level else "", notice.status, notice.rule]
    return " · ".join(mark for mark in marks if mark)


def _plain(text: str, limit: int) -> dict[str, Any]:
    # Slack refuses an empty text.
    return _plain_lines(shown(text, limit) or "-")


def _plain_lines(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
