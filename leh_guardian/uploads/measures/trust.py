"""Owns what speaks for somebody; the one rule: a past counts only where a person made it and the same person may still be at work."""

from __future__ import annotations

from collections import Counter

from leh_guardian.uploads.measures.catalogue import measure, share
from leh_guardian.uploads.subject import Subject


@measure
def past_bulk_ok(s: Subject) -> float | None:
    """Bulk uploads of the account that were found to be in order."""
    known = [r.bulk_ok for r in (*s.uploads, *s.presigns, *s.seen, *s.past) if r.bulk_ok is not None]
    return float(max(known)) if known else None


@measure
def past_days(s: Subject) -> float | None:
    """Days before the incident on which the account did something; missing where the log has no history, 0 where no person made it."""
    if not s.world.has_history:
        return None
    return float(len({record.at // 86_400 for record in s.past})) if s.established else 0.0


@measure
def busiest_day_before(s: Subject) -> float | None:
    """Uploads of the busiest day before over those of the incident; missing without a past that a person made."""
    days = Counter(record.at // 86_400 for record in s.past if record.action == "upload")
    return max(days.values()) / len(s.made) if days and s.established else None


@measure
def known_case_ratio(s: Subject) -> float | None:
    """Share of uploads into cases that the account's past knows; missing without a past that a person made."""
    known = {record.case for record in s.past if record.case}
    found = [record.case for record in s.made if record.case]
    return share(sum(case in known for case in found), len(found)) if known and s.established else None


@measure
def human_name_ratio(s: Subject) -> float | None:
    """Share of file names with words in them."""
    return share(s.name_kinds["human"], len(s.named))


@measure
def device_name_ratio(s: Subject) -> float | None:
    """Share of file names as scanners, cameras, phones and messengers give them."""
    return share(s.name_kinds["device"], len(s.named))
