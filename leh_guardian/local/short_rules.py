"""Owns the demo's copy of the shipped rules; the one rule: their times and budgets are made short, and nothing else is touched.

A proof that nothing comes back takes minutes, an outage hours, a forgotten upload a quarter of an hour. A newcomer has a minute.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from leh_guardian.errors import SettingsError
from leh_guardian.rules.document import read_document

Place = tuple[str, ...]
"""Keys from a rule on; a step is found by its `uses`."""

SHORT: Final[Mapping[str, Mapping[Place, Any]]] = {
    "ai-worker-dlq": {
        ("guards", "cooldown"): "1s",
        ("guards", "budget"): [{"max": 20, "per": "1h"}],
        ("actions", "diagnose_worker", "with", "window"): "8s",
        ("actions", "await_provider", "with", "poll"): "1s",
        ("actions", "await_provider", "with", "stable_for"): "2s",
        ("actions", "dlq_redrive", "with", "max_redrives"): 1,
        ("actions", "reprocess_evidence", "with", "finish_within"): "20s",
        ("actions", "reprocess_evidence", "with", "poll"): "500ms",
        ("actions", "reprocess_evidence", "with", "rate"): 20,
    },
    "case-restore-requested": {
        ("actions", "reconcile_case", "with", "finish_within"): "20s",
        ("actions", "reconcile_case", "with", "poll"): "500ms",
        ("actions", "reconcile_case", "with", "rate"): 20,
    },
    # Nothing of the demo's worker remembers a circuit.
    "case-work-tried": {("actions", "release_parked", "with", "settle"): "1s"},
    "case-work-released": {("actions", "release_parked", "with", "settle"): "1s"},
    "weekly-report": {
        # Of four, one of which nobody runs here: what did not run is in the report, too.
        ("actions", "weekly_report", "with", "checks"): [
            *("check_s3_tmp", "check_rds_backup", "check_certificates", "check_audit_log"),
        ],
        ("actions", "weekly_report", "with", "patience"): "5s",
    },
    "evidence-stuck": {
        ("expect", "within"): "3s",
        ("guards", "cooldown"): "1s",
        # Shorter than that: a record that says `processing` is believed for so long.
        ("actions", "reprocess_evidence", "with", "finish_within"): "2s",
        ("actions", "reprocess_evidence", "with", "poll"): "500ms",
    },
}
"""{rule: {place: value}}."""
WEEKLY: Final = ("weekly-tmp", "weekly-backups", "weekly-certificates", "weekly-report")
"""What sets itself off on Mondays, and here once, in the minute after next."""
_SEOUL: Final = ZoneInfo("Asia/Seoul")
_START: Final = timedelta(seconds=30)
"""How long the daemon may take until it knows its rules: a tick before that is none."""
ON_CALL: Final = "oncall.yaml"
_SIXTIETHS: Final = ("ack_within", "every", "max_every")
"""What of the policies is made sixty times as fast."""


def soon(now: datetime) -> str:
    """Return the cron expression of the next whole minute by which a daemon that is started now will be there."""
    at = (now + _START).astimezone(_SEOUL).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return f"{at.minute} {at.hour} * * *"


def copy_rules(shipped: Path, target: Path, now: datetime) -> None:
    """Write the rule files of `shipped` to the folder `target`, which must not be there, with the times of `SHORT` and `WEEKLY`.

    What people have minutes for are seconds.

    Rule cases stay behind: they are about the times that were.

    Raises:
        SettingsError: a rule, or a place in it, is not there any more.
    """
    target.mkdir(parents=True)
    weekly: Mapping[str, Mapping[Place, Any]] = {rule: {("schedule", "cron"): soon(now)} for rule in WEEKLY}
    times = {rule: {**SHORT.get(rule, {}), **weekly.get(rule, {})} for rule in {*SHORT, *WEEKLY}}
    left = set(times)
    for file in sorted(shipped.glob("*.yaml")):
        document = read_document(file.read_bytes(), str(file))
        if file.name == ON_CALL:
            _write(target / file.name, _sixty_times_as_fast(document.data))
            continue
        rules = document.data.get("rules", ()) if isinstance(document.data, Mapping) else ()
        short = [rule for rule in rules if rule.get("id") in times]
        if not short:
            shutil.copy(file, target)
            continue
        for rule in short:
            left.discard(rule["id"])
            for place, value in times[rule["id"]].items():
                _put(rule, place, value, rule["id"])
        _write(target / file.name, document.data)
    if left:
        raise SettingsError(f"the demo needs the rules {', '.join(sorted(left))} of {shipped}")


def _write(file: Path, data: Any) -> None:
    # JSON is YAML, and says the same to every reader.
    file.write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")


def _sixty_times_as_fast(data: Any, key: str = "") -> Any:
    """Return what `oncall.yaml` holds with a second for each minute that its policies give people."""
    match data:
        case dict():
            return {name: _sixty_times_as_fast(value, name) for name, value in data.items()}
        case list():
            return [_sixty_times_as_fast(value) for value in data]
        case str() if key in _SIXTIETHS and data.endswith("m"):
            return f"{data[:-1]}s"
        case _:
            return data


def _put(rule: Any, place: Place, value: Any, name: str) -> None:
    inner = rule
    for part in place[:-1]:
        inner = _step(inner, part) if isinstance(inner, Sequence) else inner.get(part)
        if inner is None:
            raise SettingsError(f"the demo changes {'.'.join(place)} of rule {name}, and there is no {part}")
    inner[place[-1]] = value


def _step(steps: Sequence[Any], uses: str) -> Any:
    return next((step for step in steps if step.get("uses") == uses), None)
