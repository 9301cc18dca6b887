"""docs/channels.md is true of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from leh_guardian.adapters.channels import aws_errors, ses, slack_errors, sns_sms, solapi_codes
from leh_guardian.settings import load_settings
from leh_guardian.settings.people import CHANNELS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/channels.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("Slack", {**slack_errors.CODES, **dict.fromkeys(slack_errors.GONE)}),
        ("SES", aws_errors.SES),
        ("SNS", aws_errors.SNS),
        ("SOLAPI", solapi_codes.CODES),
    ],
)
def test_every_code_is_documented(heading: str, codes: dict[str, object]) -> None:
    """Whoever meets a code finds what it means and what to do, in its provider's section."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert not [code for code in codes if f"`{code}`" not in section]


def test_permissions_are_documented() -> None:
    """Each IAM action stands here and in docs/deploy.md's table."""
    deploy = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    for permission in (*ses.PERMISSIONS, *ses.PING_PERMISSIONS, *sns_sms.PERMISSIONS, *sns_sms.PING_PERMISSIONS):
        assert f"`{permission}`" in TEXT
        assert f"`{permission}`" in deploy


def test_the_example_is_taken(tmp_path: Path) -> None:
    """The settings that a reader copies are whole, and show every provider."""
    file = tmp_path / "guardian.yaml"
    file.write_text(TEXT.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    settings = load_settings(
        {
            "LEH_CONFIG": str(file),
            "LEH_DATABASE_URL": "postgresql://u@db/x",
            "LEH_QUEUE__ALERTS": "q",
            "AWS_REGION": "ap-northeast-2",
        }
    )
    assert {wanted.provider for wanted in settings.notify.channels.values()} == set(CHANNELS)
