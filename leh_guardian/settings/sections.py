"""Owns the settings of guardian itself, a section each; the one rule: every default is one that a fresh installation can live with."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from leh_guardian.fields import Duration
from leh_guardian.model.mode import Mode


class Section(BaseModel):
    """A mapping of guardian.yaml: closed, frozen; attribute docstrings are its documentation."""

    # Not strict: every value of the environment is text.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class QueueSettings(Section):
    """Where alerts come from."""

    alerts: str = Field(min_length=1)
    """The alert queue, by name or URL."""
    urgent: str | None = None
    """A second queue, polled beside the first, so that a storm there delays nothing here."""
    wait: int = Field(20, ge=1, le=20)
    """Seconds of a long poll; also how long a clean stop may take."""
    visibility: int = Field(60, ge=5, le=43200)
    """Seconds an alert stays hidden while it is being taken in."""
    pollers: int = Field(3, ge=1, le=32)
    """Long polls in flight."""


class RuleSettings(Section):
    """Where rules are, and how far each may go here."""

    dir: Path = Path("rules")
    """The folder of rule files."""
    poll: Duration = timedelta(seconds=2)
    """How often the folder is looked at for changes."""
    modes: dict[str, Mode] = {}
    """{rule id: mode}: this installation's word over a rule file's."""


class HttpSettings(Section):
    """The status endpoint."""

    bind: str = "127.0.0.1"
    """Address; loopback by default."""
    port: int = Field(8080, ge=0, le=65535)
    """0 takes any free port; the log says which."""
    public_url: str | None = None
    """What links in messages begin with: where people reach this endpoint, through a proxy that speaks TLS."""
    link_secret_file: Path | None = None
    """A file with the keys of links and buttons, one of 32 bytes or more on each line; without one there are neither."""
    proxies: int = Field(0, ge=0, le=9)
    """How many proxies stand before this endpoint, each of which adds to X-Forwarded-For; with 0 the header is not believed."""
    token: SecretStr | None = Field(None, min_length=16)
    """Bearer token of the routes that change something; without one they refuse."""


class IncidentSettings(Section):
    """How incidents behave."""

    resolve_hold: Duration = timedelta(minutes=5)
    """How long an OK is held against flapping before it closes the incident."""


class ExecutorSettings(Section):
    """How actions run."""

    slots: int = Field(16, ge=1, le=256)
    """Actions running at once in one process."""
    grace: Duration = timedelta(seconds=25)
    """How long running actions may take to end after SIGTERM before they are given back."""


class HeartbeatSettings(Section):
    """Who is told, all the time, that guardian works; nobody unless `url` or `namespace` is set."""

    url: SecretStr | None = None
    """A healthchecks-type address that is posted to. It is a secret: whoever knows it can say that guardian lives."""
    namespace: str | None = Field(None, pattern=r"^[A-Za-z0-9._/#-]{1,255}$")
    """CloudWatch namespace of the metric `Heartbeat`."""
    installation: str | None = Field(None, pattern=r"^[!-9;-~]{1,255}$")
    """Value of the metric's dimension `Installation`; the alert queue's name unless given."""
    every: Duration = timedelta(seconds=60)
    """The period of canaries and heartbeats."""

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.fullmatch(r"https?://[^\s/]\S*", url.get_secret_value()):
            raise ValueError("write an address that begins with https:// (or http://)")
        return url

    @field_validator("namespace")
    @classmethod
    def _not_amazons(cls, namespace: str | None) -> str | None:
        if namespace is not None and namespace.startswith("AWS/"):
            raise ValueError("write a namespace of your own: those that begin with AWS/ are Amazon's")
        return namespace

    @field_validator("every")
    @classmethod
    def _in_bounds(cls, every: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= every <= timedelta(hours=1):
            raise ValueError("write a period between 1s and 1h")
        return every

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to tell."""
        return self.url is not None or self.namespace is not None


class ReconcileSettings(Section):
    """What is compared with AWS, for EventBridge delivers at best effort; a source that no rule is about is never asked."""

    alarms: bool = True
    """CloudWatch's alarms: a lost ALARM, a lost OK."""
    rds: bool = True
    """RDS's own record of its events."""
    deployments: bool = True
    """The functions that `after_deployment_of` names."""
    every: Duration = timedelta(minutes=5)
    """How often; the first time so long after the start."""
    grace: Duration = timedelta(minutes=2)
    """How old a happening must be that no event told of: what is younger may be on its way."""
    oldest: Duration = timedelta(days=14)
    """What is older is left alone: as long as an alert can stay in the queue."""

    @field_validator("every")
    @classmethod
    def _every(cls, every: timedelta) -> timedelta:
        if not timedelta(seconds=30) <= every <= timedelta(hours=1):
            raise ValueError("write a period between 30s and 1h")
        return every

    @field_validator("grace")
    @classmethod
    def _grace(cls, grace: timedelta) -> timedelta:
        if not timedelta(seconds=30) <= grace <= timedelta(hours=1):
            raise ValueError("write a time between 30s and 1h")
        return grace

    @field_validator("oldest")
    @classmethod
    def _oldest(cls, oldest: timedelta) -> timedelta:
        # The inbox forgets after 35 days what it has heard of.
        if not timedelta(hours=1) <= oldest <= timedelta(days=30):
            raise ValueError("write a time between 1h and 30d")
        return oldest


class RetentionSettings(Section):
    """How long things are kept."""

    event_log: Duration = timedelta(days=14)
    """Bodies of alerts, for `rules backtest`."""
    event_log_rows: int = Field(1_000_000, ge=1000)
    """... and at most so many."""
    journal: Duration = timedelta(days=800)
    """The journal: the law asks for two years of access records where unique identifiers are processed."""


class LogSettings(Section):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severity that is written."""
    format: Literal["auto", "json", "console"] = "auto"
    """auto: readable on a terminal, JSON elsewhere."""
