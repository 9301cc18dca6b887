"""Owns the settings: guardian.yaml (LEH_CONFIG) with LEH_<SECTION>__<NAME> over it; the one rule: a typo is an error, by name.

All mistakes are told at once, each with where it was written: the variable, or the file's line and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError

from leh_guardian.errors import SettingsError
from leh_guardian.language import Locale
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import shown, storable
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.rules.document import Document
from leh_guardian.settings.answers import AnswersSettings
from leh_guardian.settings.checks import ChecksSettings
from leh_guardian.settings.outside import (
    AdminApiSettings,
    BreakerSettings,
    EvidenceSettings,
    OpenSearchSettings,
    OtherProviderSettings,
    ProviderSettings,
    WorkerSettings,
)
from leh_guardian.settings.people import CHANNELS, ChannelSettings, NotifySettings, has_place
from leh_guardian.settings.probes import ProbeSettings, same_names
from leh_guardian.settings.product import ProductDatabaseSettings
from leh_guardian.settings.sections import (
    ExecutorSettings,
    HeartbeatSettings,
    HttpSettings,
    IncidentSettings,
    LogSettings,
    QueueSettings,
    ReconcileSettings,
    RetentionSettings,
    RuleSettings,
    Section,
)
from leh_guardian.settings.uploads import UploadsSettings
from leh_guardian.settings_file import DATABASE_HINT, read_settings

__all__ = ["ChannelSettings", "HttpSettings", "OtherProviderSettings", "Settings", "load_settings"]

_PREFIX = "LEH_"


class Settings(Section):
    """Everything an operator may set."""

    database_url: SecretStr
    """guardian's own PostgreSQL, 13 or newer."""
    product_database_url: SecretStr | None = None
    """The service's PostgreSQL."""
    product_database: ProductDatabaseSettings = ProductDatabaseSettings()
    mode: Mode = Mode.ACT
    """How far this process may go, whatever the rules say."""
    queue: QueueSettings
    rules: RuleSettings = RuleSettings()
    http: HttpSettings = HttpSettings()
    incidents: IncidentSettings = IncidentSettings()
    executor: ExecutorSettings = ExecutorSettings()
    notify: NotifySettings = NotifySettings()
    answers: AnswersSettings = AnswersSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()
    admin_api: AdminApiSettings = AdminApiSettings()
    provider: ProviderSettings = ProviderSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    breaker: BreakerSettings = BreakerSettings()
    opensearch: OpenSearchSettings = OpenSearchSettings()
    worker: WorkerSettings = WorkerSettings()
    checks: ChecksSettings = ChecksSettings()
    uploads: UploadsSettings = UploadsSettings()
    probes: Annotated[tuple[ProbeSettings, ...], AfterValidator(same_names)] = Field((), max_length=20)
    """guardian's own looks at the service."""
    region: str = Field(min_length=1)
    """AWS region; from AWS_REGION or AWS_DEFAULT_REGION."""


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ` and the file that its LEH_CONFIG names.

    Raises:
        SettingsError: with every mistake, one on each line.
    """
    document = read_settings(environ.get("LEH_CONFIG"))
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
    _check_own_channel(settings.notify)
    return settings


def _check_own_channel(notify: NotifySettings) -> None:
    if notify.channel == "console":
        return
    if notify.channel not in notify.channels:
        raise SettingsError(f"LEH_NOTIFY__CHANNEL: there is no channel named {notify.channel!r} in notify.channels")
    if not has_place(notify.channels[notify.channel]):
        raise SettingsError(
            f"LEH_NOTIFY__CHANNEL: {notify.channel!r} tells a person, and guardian's own messages name none: give a channel with"
            " a place of its own (a webhook, a channel of Slack, PagerDuty)"
        )


def _overlay(data: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put LEH_* over `data`; returns {path: variable}."""
    written: dict[tuple[str, ...], str] = {}
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX) or variable == "LEH_CONFIG":
            continue
        if variable == _LOCALE:
            # What commands speak; the daemon's people have their languages in oncall.yaml.
            if environ[variable] not in set(Locale):
                raise SettingsError(f"{_LOCALE}: must be one of {', '.join(Locale)}")
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


_LOCALE = "LEH_LOCALE"
_SECRETS = ("token", "url", "secret", "password", "headers", "json", "form")
_KIND = 3
"""Where in an error's path the kind of a channel stands."""
_NO_SECTION = ("model_type", "dict_type", "provider")


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
    ("database_url",): DATABASE_HINT,
    ("queue",): "set LEH_QUEUE__ALERTS to the name or URL of the alert queue",
    ("queue", "alerts"): "set LEH_QUEUE__ALERTS to the name or URL of the alert queue",
    ("region",): "set AWS_REGION, for LEH ap-northeast-2",
}


def _explain(error: Any, document: Document | None, written: Mapping[tuple[str, ...], str]) -> str:
    path, names = _written(tuple(str(part) for part in error["loc"]))
    name = ".".join(path)
    where = _where(path, document, written, on_key=error["type"] == "extra_forbidden")
    if error["type"] == "missing" and any(part.isdigit() for part in path):
        # What is in a list has no variable.
        return f"{_where(path[:-1], document, written)}: `{path[-1]}` is missing"
    if error["type"] == "missing":
        return f"{_variable(path)}: missing; {_HINTS.get(path, 'it has no default')}"
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(path[-1], names or _names(path[:-1]))
        return f"{where}: there is no setting named {name}{'; ' + hint if hint else ''}"
    # Of what may be, or hold, a secret no word: a whole section that is none was given in its place, say.
    secret = error["type"] in _NO_SECTION or any(part in name for part in _SECRETS)
    given = f" (given: {shown(repr(error['input']), 100)})" if isinstance(error["input"], str) and not secret else ""
    return f"{where}: {error['msg'].removeprefix('Value error, ')}{given}"


def _written(loc: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """Return the path as it is written, without the kind of channel that pydantic puts into it, and that kind's names."""
    if loc[:2] != ("notify", "channels") or len(loc) <= _KIND or loc[_KIND] not in CHANNELS:
        return loc, []
    fields = CHANNELS[loc[_KIND]].model_fields.items()
    return loc[:_KIND] + loc[_KIND + 1 :], [field.alias or name for name, field in fields]


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
