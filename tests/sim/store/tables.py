"""Owns what the tables of store/sql are; the one rule: columns, defaults and unique indexes are PostgreSQL's.

tests/integration/store/contract compares them with the catalogue of a real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from leh_guardian.errors import StoreError
from leh_guardian.model.text import storable

Row = Mapping[str, Any]
"""A version of a row. JSON is its text: nothing in a row can be changed in place."""
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """A unique index; of the rows that `where` holds for, if it is partial."""

    name: str
    columns: tuple[str, ...]
    where: Callable[[Row], bool] = lambda _: True

    def key(self, row: Row) -> Key | None:
        """Return a row's entry; None for a row that has none: nulls are never equal."""
        key = tuple(row[column] for column in self.columns)
        return None if None in key or not self.where(row) else key

    def has(self, row: Row, key: Key) -> bool:
        """Tell whether a row has this entry."""
        return row[self.columns[0]] == key[0] and self.key(row) == key


@dataclass(frozen=True, slots=True)
class Table:
    """A table."""

    name: str
    primary: Index
    defaults: Row = field(default_factory=dict)
    """Of the columns that need not be given."""
    unique: tuple[Index, ...] = ()
    numbered: str = ""
    """The column that is generated, if one is."""
    of_incident: bool = False
    """Whether `incident_id` is a foreign key."""

    def key(self, row: Row) -> Key:
        """Return the primary key of a row."""
        return tuple(row[column] for column in self.primary.columns)


def started(row: Row) -> bool:
    """Tell whether an action has started and not ended: what the index actions_serialized holds."""
    return row["status"] in {"running", "waiting"} or (
        row["status"] in {"scheduled", "proposed"} and row["attempt"] > 0
    )


EVENT_LOG = Table("event_log", Index("event_log_pkey", ("id",)), numbered="id")
INBOX = Table("inbox", Index("inbox_pkey", ("event_key",)))
RULE_KEYS = Table("rule_keys", Index("rule_keys_pkey", ("rule_id", "dedup_key")))
# It has no key of its own; the number stands for the place of the row.
RULE_RUNS = Table("rule_runs", Index("", ("id",)), numbered="id")
TARGET_RUNS = Table("target_runs", Index("target_runs_pkey", ("handler", "target")))
EARLY_OKS = Table("early_oks", Index("early_oks_pkey", ("rule_id", "dedup_key")))
SCHEDULE_TICKS = Table("schedule_ticks", Index("schedule_ticks_pkey", ("rule_id",)))
CIRCUITS = Table("circuits", Index("circuits_pkey", ("scope", "key")), {"told": 0})
SPEND_ALARMS = Table("spend_alarms", Index("spend_alarms_pkey", ("scope", "key", "tier")))
COUNTERS = Table("counters", Index("counters_pkey", ("series", "key", "at", "member")), {"member": ""})
EXPECTATIONS = Table("expectations", Index("expectations_pkey", ("rule_id", "key")), {"fired": False})
INCIDENTS = Table(
    "incidents",
    Index("incidents_pkey", ("id",)),
    {
        "level": 0,
        "ok_at": None,
        "acknowledged_at": None,
        "resolved_at": None,
        "event_count": 1,
        "run": 1,
        "began_at": None,
        "policy": None,
        "escalation": None,
    },
    (
        Index("incidents_one_open", ("rule_id", "dedup_key"), lambda row: row["status"] != "resolved"),
        Index("incidents_number", ("number",)),
    ),
    numbered="number",
)
ACTIONS = Table(
    "actions",
    Index("actions_pkey", ("id",)),
    {
        "serialize_key": None,
        "deadline": None,
        "attempt": 0,
        "failures": 0,
        "losses": 0,
        "lease_until": None,
        "lease_owner": None,
        "dry_run": False,
        "approved_by": None,
        "checkpoints": "{}",
        "outcome": None,
        "held": None,
    },
    (Index("actions_serialized", ("serialize_key",), started),),
    of_incident=True,
)
TIMERS = Table(
    "timers",
    Index("timers_pkey", ("id",)),
    unique=(Index("timers_incident_id_kind_key", ("incident_id", "kind")),),
    numbered="id",
    of_incident=True,
)
DELIVERIES = Table(
    "deliveries",
    Index("deliveries_pkey", ("action_id",)),
    {"receipt": "pending", "receipt_at": None},
    of_incident=True,
)
APPROVALS = Table("approvals", Index("approvals_pkey", ("action_id", "who")))
CONTROL = Table("control", Index("control_pkey", ("scope",)))
PROVIDER_OUTAGES = Table(
    "provider_outages", Index("provider_outages_pkey", ("provider",)), {"owner": None, "ended_at": None}
)
PROBES = Table(
    "probes",
    Index("probes_pkey", ("name",)),
    {
        "looked_at": None,
        "down": False,
        "failures": 0,
        "successes": 0,
        "failing_since": None,
        "step": "",
        "seen": "",
    },
)
SILENCES = Table("silences", Index("silences_pkey", ("id",)))
DUTY_OVERRIDES = Table("duty_overrides", Index("duty_overrides_pkey", ("id",)))
CHANNEL_OUTAGES = Table("channel_outages", Index("channel_outages_pkey", ("channel",)))
HEARTBEATS = Table("heartbeats", Index("heartbeats_pkey", ("name",)), {"seen_at": None, "back_at": None})
JOURNAL = Table(
    "journal",
    Index("journal_pkey", ("id",)),
    {"incident_id": None, "action_id": None, "rule_id": None},
    numbered="id",
)
JOURNAL_CHAIN = Table(
    "journal_chain",
    Index("journal_chain_pkey", ("position",)),
    unique=(Index("journal_chain_journal_id_key", ("journal_id",)),),
    numbered="position",
)
JOURNAL_CHAIN_ENDS = Table("journal_chain_ends", Index("journal_chain_ends_pkey", ("incident_id",)))
JOURNAL_ROOTS = Table("journal_roots", Index("journal_roots_pkey", ("day",)))

REDRIVEN_LETTERS = Table("redriven_letters", Index("redriven_letters_pkey", ("queue", "message_id")))
QUARANTINE = Table(
    "quarantine",
    Index("quarantine_pkey", ("id",)),
    {"status": "kept", "settled_at": None, "settled_by": None},
)
DEPLOYMENTS = Table("deployments", Index("deployments_pkey", ("id",)))
REPROCESSING = Table(
    "reprocessing",
    Index("reprocessing_pkey", ("action_id", "evidence")),
    {"state": "planned", "canary": False, "before": "", "asked_at": None, "reason": ""},
)
CHECK_RESULTS = Table("check_results", Index("check_results_pkey", ("action_id",)), {"told": False})
CHECK_REPORTS = Table("check_reports", Index("check_reports_pkey", ("action_id",)), {"told": False})

TABLES = (
    EVENT_LOG,
    INBOX,
    RULE_KEYS,
    RULE_RUNS,
    TARGET_RUNS,
    EARLY_OKS,
    SCHEDULE_TICKS,
    CIRCUITS,
    SPEND_ALARMS,
    COUNTERS,
    EXPECTATIONS,
    INCIDENTS,
    ACTIONS,
    TIMERS,
    DELIVERIES,
    APPROVALS,
    CONTROL,
    PROVIDER_OUTAGES,
    HEARTBEATS,
    PROBES,
    SILENCES,
    DUTY_OVERRIDES,
    CHANNEL_OUTAGES,
    JOURNAL,
    JOURNAL_CHAIN,
    JOURNAL_CHAIN_ENDS,
    JOURNAL_ROOTS,
    REDRIVEN_LETTERS,
    QUARANTINE,
    DEPLOYMENTS,
    REPROCESSING,
    CHECK_RESULTS,
    CHECK_REPORTS,
)


def stored(row: Row) -> dict[str, Any]:
    """Return a row as PostgreSQL gives it back.

    Raises:
        StoreError: a text that PostgreSQL, or its driver, refuses: model/text.py was not asked.
    """
    return {column: _stored(value) for column, value in row.items()}


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str):
        if value != storable(value):
            raise StoreError("PostgreSQL refused a statement: invalid byte sequence for encoding")
        return str(value)
    return value
