"""Owns the settings of answers that come from elsewhere; the one rule: a way without its secret file is shut."""

from __future__ import annotations

from pathlib import Path

from leh_guardian.settings.sections import Section


class AnswersSettings(Section):
    """How people answer from Slack and PagerDuty."""

    slack_app_token_file: Path | None = None
    """A file with the app-level token (xapp-…) of Socket Mode, by which presses of buttons arrive without a public address."""
    slack_signing_secret_file: Path | None = None
    """A file with the app's signing secret: presses of buttons then arrive at `/slack/actions`."""
    pagerduty_secret_file: Path | None = None
    """A file with the secrets of PagerDuty's v3 webhook, one on each line: what happens there then arrives at `/pagerduty/events`."""
