"""Owns the settings: guardian.yaml (LEH_CONFIG) with LEH_<SECTION>__<NAME> over it; the one rule: a typo is an error, by name.

All mistakes are told at once, each with where it was written: the variable, or the file's line and column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from leh_guardian.admin_settings import AdminApiSettings
from leh_guardian.errors import SettingsError
from leh_guardian.fields import ChannelName, Duration, ProviderName
from leh_guardian.files import read_file
from leh_guardian.model.mode import Mode
from leh_guardian.model.provider.snapshot import OPENAI_COMPONENTS
from leh_guardian.model.text import shown, storable
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.document import Document, read_document
from leh_guardian.rules.reader import LARGEST

_PREFIX = "LEH_"


class _Section(BaseModel):
    # Not strict: every value of the environment is text.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class QueueSettings(_Section):
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


class RuleSettings(_Section):
    """Where rules are, and how far each may go here."""

    dir: Path = Path("rules")
    """The folder of rule files."""
    poll: Duration = timedelta(seconds=2)
    """How often the folder is looked at for changes."""
    modes: dict[str, Mode] = {}
    """{rule id: mode}: this installation's word over a rule file's."""


class HttpSettings(_Section):
    """The status endpoint."""

    bind: str = "127.0.0.1"
    """Address; loopback by default."""
    port: int = Field(8080, ge=0, le=65535)
    """0 takes any free port; the log says which."""
    public_url: str | None = None
    """What links in messages begin with."""
    token: SecretStr | None = Field(None, min_length=16)
    """Bearer token of the routes that change something; without one they refuse."""


class IncidentSettings(_Section):
    """How incidents behave."""

    resolve_hold: Duration = timedelta(minutes=5)
    """How long an OK is held against flapping before it closes the incident."""


class ExecutorSettings(_Section):
    """How actions run."""

    slots: int = Field(16, ge=1, le=256)
    """Actions running at once in one process."""
    grace: Duration = timedelta(seconds=25)
    """How long running actions may take to end after SIGTERM before they are given back."""


class WebhookSettings(_Section):
    """A signed webhook."""

    url: str = Field(pattern=r"^https?://\S+$")
    """Where to post."""
    secret_file: Path
    """A file with the HMAC secret."""


class NotifySettings(_Section):
    """How people are told."""

    channel: str = "console"
    """The channel of the engine's own messages."""
    channels: dict[ChannelName, WebhookSettings] = {}
    """{name: webhook}; `console` is always there."""


class HeartbeatSettings(_Section):
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


class RetentionSettings(_Section):
    """How long things are kept."""

    event_log: Duration = timedelta(days=14)
    """Bodies of alerts, for `rules backtest`."""
    event_log_rows: int = Field(1_000_000, ge=1000)
    """... and at most so many."""
    journal: Duration = timedelta(days=800)
    """The journal: the law asks for two years of access records where unique identifiers are processed."""


class LogSettings(_Section):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severity that is written."""
    format: Literal["auto", "json", "console"] = "auto"
    """auto: readable on a terminal, JSON elsewhere."""


_PAGE = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")


class OtherProviderSettings(_Section):
    """A provider beside OpenAI."""

    status_url: str = _PAGE
    """Its status page."""
    page: str | None = Field(None, pattern=r"^[A-Za-z0-9.-]+$")
    """As for openai; by default the host of `status_url`."""
    components: tuple[str, ...] = Field(min_length=1)
    """Names of the components on that page that the service depends on."""


class ProviderSettings(_Section):
    """The AI provider: `openai`, and others by their name."""

    status_url: Annotated[str, _PAGE] | None = None
    """The status page of `openai`, https://status.openai.com."""
    page: str = Field("status.openai.com", pattern=r"^[A-Za-z0-9.-]+$")
    """The host by which that page's own interface (`/proxy/{host}`) knows itself."""
    components: tuple[str, ...] = Field(OPENAI_COMPONENTS, min_length=1)
    """Names of the components on that page that the service depends on."""
    others: dict[ProviderName, OtherProviderSettings] = {}
    """{name: provider}."""

    @property
    def all(self) -> dict[str, OtherProviderSettings]:
        """Return every provider that has a status page, by name; what is said of `openai` itself goes before `others`."""
        if self.status_url is None:
            return dict(self.others)
        own = OtherProviderSettings(status_url=self.status_url, page=self.page, components=self.components)
        return {**self.others, "openai": own}


class EvidenceSettings(_Section):
    """Where evidence is."""

    bucket: str = "leh-evidence-prod"
    """S3 bucket."""
    table: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """DynamoDB table of evidence; what looks at it refuses without."""


class BreakerSettings(_Section):
    """The per-case circuit breaker."""

    table: str = "leh-breaker"
    """DynamoDB table that the worker reads."""


class OpenSearchSettings(_Section):
    """LEH's search cluster."""

    url: str | None = None
    """Its address."""


class Settings(_Section):
    """Everything an operator may set."""

    database_url: SecretStr
    """guardian's own PostgreSQL, 13 or newer."""
    product_database_url: SecretStr | None = None
    """The service's PostgreSQL."""
    mode: Mode = Mode.ACT
    """How far this process may go, whatever the rules say."""
    queue: QueueSettings
    rules: RuleSettings = RuleSettings()
    http: HttpSettings = HttpSettings()
    incidents: IncidentSettings = IncidentSettings()
    executor: ExecutorSettings = ExecutorSettings()
    notify: NotifySettings = NotifySettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()
    admin_api: AdminApiSettings = AdminApiSettings()
    provider: ProviderSettings = ProviderSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    breaker: BreakerSettings = BreakerSettings()
    opensearch: OpenSearchSettings = OpenSearchSettings()
    region: str = Field(min_length=1)
    """AWS region; from AWS_REGION or AWS_DEFAULT_REGION."""


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ` and the file that its LEH_CONFIG names.

    Raises:
        SettingsError: with every mistake, one on each line.
    """
    document = _read_file(environ.get("LEH_CONFIG"))
    data: dict[str, Any] = dict(document.data) if document else {}
    written = _overlay(data, environ)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if region:
        data.setdefault("region", region)
    _check_texts(data, (), document, written)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_explain(e, document, written) for e in error.errors(include_url=False))
        ) from None
    if settings.notify.channel not in {"console", *settings.notify.channels}:
        raise SettingsError(
            f"LEH_NOTIFY__CHANNEL: there is no channel named {settings.notify.channel!r} in notify.channels"
        )
    return settings


def load_database_url(environ: Mapping[str, str]) -> str:
    """Return the database's URL alone: the commands that only look at the store need nothing else.

    Raises:
        SettingsError: there is none, or the settings file cannot be read.
    """
    document = _read_file(environ.get("LEH_CONFIG"))
    url = environ.get("LEH_DATABASE_URL") or (document.data.get("database_url") if document else None)
    if not isinstance(url, str) or not url:
        raise SettingsError(f"LEH_DATABASE_URL: missing; {_HINTS[('database_url',)]}")
    return url


def _read_file(path: str | None) -> Document | None:
    if not path:
        return None
    try:
        content = read_file(Path(path), LARGEST)
    except OSError as error:
        raise SettingsError(f"LEH_CONFIG: cannot read {path}: {error.strerror}") from error
    document = read_document(content, path)
    if document.diagnostics:
        # Without the lines that they are about: a password may stand there.
        raise SettingsError("\n".join(replace(diagnostic, source="").render() for diagnostic in document.diagnostics))
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        raise SettingsError(f"{path}: the settings file must be a mapping of sections")
    return document


def _overlay(data: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put LEH_* over `data`; returns {path: variable}."""
    written: dict[tuple[str, ...], str] = {}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == "LEH_CONFIG":
            continue
        path = tuple(part.lower() for part in variable.removeprefix(_PREFIX).split("__"))
        if path[:2] == ("rules", "modes") and len(path) == 3:
            # Rule ids have dashes, which variables cannot have.
            path = (*path[:2], path[2].replace("_", "-"))
        place = data
        for part in path[:-1]:
            inner = place.get(part)
            place[part] = inner = dict(inner) if isinstance(inner, dict) else {}
            place = inner
        place[path[-1]] = environ[variable]
        written[path] = variable
    return written


_SECRETS = ("token", "url", "secret", "password")
_NO_SECTION = ("model_type", "dict_type")


def _check_texts(
    data: Any, path: tuple[str, ...], document: Document | None, written: Mapping[tuple[str, ...], str]
) -> None:
    """Refuse what no file, socket or JSON takes, wherever it stands: a NUL, or bytes of the environment that are not UTF-8."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            _check_texts(str(name), (*path, str(name)), document, written)
            _check_texts(value, (*path, str(name)), document, written)
    elif isinstance(data, str) and ("\x00" in data or storable(data) != data):
        raise SettingsError(f"{_where(path, document, written)}: holds a NUL, or bytes that are not UTF-8")


_HINTS = {
    ("database_url",): "set LEH_DATABASE_URL, like postgresql://leh_guardian@db.internal/leh_guardian",
    ("queue",): "set LEH_QUEUE__ALERTS to the name or URL of the alert queue",
    ("queue", "alerts"): "set LEH_QUEUE__ALERTS to the name or URL of the alert queue",
    ("region",): "set AWS_REGION, for LEH ap-northeast-2",
}


def _explain(error: Any, document: Document | None, written: Mapping[tuple[str, ...], str]) -> str:
    path = tuple(str(part) for part in error["loc"])
    name = ".".join(path)
    where = _where(path, document, written, on_key=error["type"] == "extra_forbidden")
    if error["type"] == "missing":
        return f"{_variable(path)}: missing; {_HINTS.get(path, 'it has no default')}"
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(path[-1], _names(path[:-1]))
        return f"{where}: there is no setting named {name}{'; ' + hint if hint else ''}"
    # Of what may be, or hold, a secret no word: a whole section that is none was given in its place, say.
    secret = error["type"] in _NO_SECTION or any(part in name for part in _SECRETS)
    given = f" (given: {shown(repr(error['input']), 100)})" if isinstance(error["input"], str) and not secret else ""
    return f"{where}: {error['msg'].removeprefix('Value error, ')}{given}"


def _where(
    path: tuple[str, ...],
    document: Document | None,
    written: Mapping[tuple[str, ...], str],
    *,
    on_key: bool = False,
) -> str:
    """Return where a setting was written: the variable, or the file's line and column."""
    if document and path not in written:
        place = document.place(path, on_key=on_key)
        return f"{document.source.file}:{place.line}:{place.column}: {'.'.join(path)}"
    return written.get(path) or _variable(path)


def _variable(path: tuple[str, ...]) -> str:
    return "AWS_REGION" if path == ("region",) else _PREFIX + "__".join(path).upper()


def _names(path: tuple[str, ...]) -> list[str]:
    model: Any = Settings
    for part in path:
        found = model.model_fields.get(part)
        model = found.annotation if found else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)
