"""Owns the look at the ways in which people answer; the one rule: secrets are read as the daemon reads them, and none is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from leh_guardian.adapters.channels.secret import secret_at, word_at
from leh_guardian.app.answers import link_keys
from leh_guardian.cli.examination.finding import Finding
from leh_guardian.errors import SettingsError
from leh_guardian.language import Text
from leh_guardian.settings import Settings

_SECRET = Text(
    ko="docs/answering.md의 키와 비밀 파일을 확인하세요 (링크 키는 한 줄에 32바이트 이상).",
    en="Look at the keys and secret files of docs/answering.md (a link key has 32 bytes or more on its line).",
)
_ADDRESS = Text(
    ko="http.public_url을 설정하면 메시지에 확인 링크가 들어갑니다.",
    en="With http.public_url messages have a link to acknowledge.",
)
_KEYS = Text(
    ko="openssl rand -hex 32로 키를 만들고 http.link_secret_file에 그 파일을 지정하세요.",
    en="Make a key with openssl rand -hex 32, and name its file in http.link_secret_file.",
)


def wanted(settings: Settings) -> bool:
    """Tell whether this installation means to be answered in any way but by command."""
    ways = settings.answers.model_dump().values()
    return any((*ways, settings.http.link_secret_file, settings.http.public_url))


async def look_at_answers(settings: Settings) -> list[Finding]:
    """Read every secret of theirs."""
    ways = settings.answers
    keyless = settings.http.link_secret_file is None
    found = [_links(settings, keyless=keyless)]
    look: Callable[[], object]
    if path := ways.slack_app_token_file:
        look = partial(word_at, "answers.slack_app_token_file", path)
        found.append(_looked("answers slack socket", look, keyless=keyless))
    if path := ways.slack_signing_secret_file:
        look = partial(secret_at, "answers.slack_signing_secret_file", path)
        found.append(_looked("answers slack actions", look, keyless=keyless))
    if path := ways.pagerduty_secret_file:
        look = partial(secret_at, "answers.pagerduty_secret_file", path)
        found.append(_looked("answers pagerduty events", look, keyless=False))
    return found


def _links(settings: Settings, *, keyless: bool) -> Finding:
    item, address = "answers links", settings.http.public_url
    if keyless:
        return Finding(item, "WARN", "messages have neither links nor buttons", _KEYS)
    found = _looked(item, partial(link_keys, settings), keyless=False)
    if found.status != "OK" or address:
        return found
    return Finding(item, "WARN", "messages have buttons, and no links", _ADDRESS)


def _looked(item: str, look: Callable[[], object], *, keyless: bool) -> Finding:
    try:
        look()
    except SettingsError as error:
        return Finding(item, "FAIL", str(error), _SECRET)
    if keyless:
        return Finding(item, "FAIL", "without http.link_secret_file no button can be told from a forged one", _KEYS)
    return Finding(item, "OK", "its secret is readable")
