"""The settings of the ways to people: what is taken, and how what is not is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.errors import SettingsError
from leh_guardian.settings import Settings, load_settings
from leh_guardian.settings.people import WebhookSettings, has_place

BASE = {"LEH_DATABASE_URL": "postgresql://u@db/x", "LEH_QUEUE__ALERTS": "q", "AWS_REGION": "ap-northeast-2"}
ALL = """\
notify:
  channels:
    ops: {url: "https://hooks.example.com/x", secret_file: /s}
    named: {provider: webhook, url: "https://hooks.example.com/x", secret_file: /s}
    dm: {provider: slack, kind: dm, token_file: /s}
    team: {provider: slack, kind: channel, channel: C0123456, token_file: /s, broadcast: true}
    mail: {provider: ses, from: guardian@example.co.kr, region: ap-northeast-2}
    sns: {provider: sns}
    kakao: {provider: solapi, kind: alimtalk, key_file: /s, secret_file: /s, pf_id: KA01PF, templates: {triggered: KA01TP}}
    sms: {provider: solapi, kind: sms, key_file: /s, secret_file: /s, from: "029302266"}
    voice: {provider: solapi, kind: voice, key_file: /s, secret_file: /s, from: "029302266", repeat: 3}
    pd: {provider: pagerduty, routing_key_file: /s, region: eu}
"""


def load(text: str, folder: Path, **environ: str) -> Settings:
    """The settings of a file."""
    file = folder / "guardian.yaml"
    file.write_text(text)
    return load_settings({**BASE, "LEH_CONFIG": str(file), **environ})


def test_every_provider(tmp_path: Path) -> None:
    """Each is of its own kind; a channel that only gives a url is a webhook, as it always was."""
    found = load(ALL, tmp_path, LEH_NOTIFY__CHANNEL="team").notify.channels
    assert [wanted.provider for wanted in found.values()] == (
        "webhook webhook slack slack ses sns solapi solapi solapi pagerduty".split()
    )
    assert isinstance(found["ops"], WebhookSettings)
    assert [name for name, wanted in found.items() if has_place(wanted)] == ["ops", "named", "team", "pd"]


@pytest.mark.parametrize("name", ["dm", "mail", "sns", "kakao", "sms", "voice"])
def test_guardians_own_messages_name_nobody(tmp_path: Path, name: str) -> None:
    """What tells a person cannot be the channel of messages that are for no person in particular."""
    with pytest.raises(SettingsError, match="tells a person"):
        load(ALL, tmp_path, LEH_NOTIFY__CHANNEL=name)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("{provider: slak, kind: dm}", "guardian.yaml:1:24: notify.channels.x: name its provider (webhook, slack,"),
        ("{kind: dm}", "notify.channels.x: name its provider"),
        ("{provider: [slack]}", "notify.channels.x: name its provider"),
        ("7", "notify.channels.x: name its provider"),
        ("https://hooks.slack.com/services/geheim", "notify.channels.x: name its provider"),
        ("{url: 'https://x'}", "LEH_NOTIFY__CHANNELS__X__SECRET_FILE: missing"),
        ("{url: x, secret_file: /s}", "notify.channels.x.url: "),
        (
            "{provider: slack, kind: dm, tokenfile: /s, token_file: /s}",
            "there is no setting named notify.channels.x.tokenfile; did you mean",
        ),
        ("{provider: slack, kind: channel, token_file: /s}", "notify.channels.x: give `channel`"),
        ("{provider: slack, kind: dm, channel: C0123456, token_file: /s}", "notify.channels.x: give `channel`"),
        ("{provider: slack, kind: channel, channel: '#ops', token_file: /s}", "notify.channels.x.channel: "),
        ("{provider: ses, from: Guardian <g@x.kr>}", "notify.channels.x.from: write an address alone"),
        ("{provider: ses, from: g@x.kr, region: Seoul}", "notify.channels.x.region: "),
        ("{provider: solapi, kind: alimtalk, key_file: /s, secret_file: /s}", "an AlimTalk needs `pf_id`"),
        ("{provider: solapi, kind: sms, key_file: /s, secret_file: /s}", "texts and calls need `from`"),
        ("{provider: solapi, kind: sms, key_file: /s, secret_file: /s, from: 02-1}", "notify.channels.x.from: "),
        ("{provider: pagerduty, region: us}", "LEH_NOTIFY__CHANNELS__X__ROUTING_KEY_FILE: missing"),
    ],
)
def test_a_mistake_is_told_where_it_was_written(tmp_path: Path, channel: str, said: str) -> None:
    """By the setting's own name, with its line and column, and not by what the library makes of it."""
    with pytest.raises(SettingsError) as raised:
        load(f"notify: {{channels: {{x: {channel}}}}}\n", tmp_path)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "geheim" not in str(raised.value)
