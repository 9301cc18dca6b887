"""Owns the way from written people, channels and delivery to values; the one rule: a secret is the environment's, not the file's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from leh_guardian.model.oncall.delivery import Channel, Delivery, Rate, Retry, Storm
from leh_guardian.model.oncall.people import ContactRule, Person, QuietHours
from leh_guardian.rules.diagnostics import Path, did_you_mean
from leh_guardian.rules.oncall.entries import (
    ChannelEntry,
    ContactEntry,
    DeliveryEntry,
    NotifyEntry,
    PersonEntry,
    RetriesEntry,
)
from leh_guardian.rules.oncall.reading import Reading, seconds

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,99})\}", re.ASCII)
_SHORTEST_LEASE: Final = 10.0
_USUAL_LEASE: Final = 30.0
_LONGEST_LEASE: Final = 600.0
_PAGERDUTY: Final = "pagerduty_events_v2"
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "slack": ("dm", "channel"),
    "solapi": ("sms", "alimtalk", "voice"),
    "sns": ("", "sms"),
}
"""{provider: what it can be asked for}; the others have but one thing."""


def read_people(reading: Reading) -> dict[str, Person]:
    """Return everybody by id."""
    shared = {
        name: entry
        for name, path, entry in reading.entries("contact_rules", NotifyEntry)
        if _known(entry, path, reading)
    }
    return {
        name: _person(name, entry, path, shared, reading)
        for name, path, entry in reading.entries("people", PersonEntry)
    }


def read_teams(reading: Reading) -> dict[str, tuple[str, ...]]:
    """Return the people of each team."""
    teams = {}
    for name, path, members in reading.lists("teams"):
        reading.all_known("people", members, path)
        teams[name] = members
    return teams


def read_channels(reading: Reading, environment: Mapping[str, str]) -> dict[str, Channel]:
    """Return the channels by name; what the environment does not hold is doubtful, not wrong: who checks a file may not have it."""
    channels = {}
    for name, path, entry in reading.entries("channels", ChannelEntry):
        known = _KINDS.get(entry.provider, ("",))
        if entry.kind not in known:
            told = f"{entry.provider} has no kind `{entry.kind}`" if entry.kind else f"{entry.provider} needs a `kind`"
            hint = f"write one of: {', '.join(known)}" if known != ("",) else "leave it out"
            reading.say((*path, "kind"), "bad-value", told, did_you_mean(entry.kind, known) or hint)
        missing: dict[str, None] = {}
        options = {
            key: _filled(value, (*path, key), environment, missing, reading)
            for key, value in (entry.model_extra or {}).items()
        }
        provider = "pagerduty" if entry.provider == _PAGERDUTY else entry.provider
        channels[name] = Channel(name, provider, entry.kind, options, tuple(missing), entry.locale)
    return channels


def read_failover(reading: Reading) -> dict[str, tuple[str, ...]]:
    """Return, for a channel, those to use in its place."""
    failover = {}
    for name, path, others in reading.lists("failover"):
        reading.known("channels", name, path, on_key=True)
        reading.all_known("channels", others, path)
        if name in others:
            reading.say(
                (*path, others.index(name)), "bad-value", f"`{name}` cannot stand in for itself", "leave it out"
            )
        failover[name] = others
    return failover


def read_delivery(reading: Reading) -> Delivery:
    """Return how messages are sent."""
    entry = reading.block("delivery", DeliveryEntry)
    for key in ("confirm_within", "throttle"):
        for name in getattr(entry, key):
            reading.known("channels", name, ("delivery", key, name), on_key=True)
    lease = seconds(entry.lease) if entry.lease else None
    if lease is not None and not _SHORTEST_LEASE <= lease <= _LONGEST_LEASE:
        message = f"a lease lasts from {_SHORTEST_LEASE:g} s to {_LONGEST_LEASE / 60:g} min"
        reading.say(("delivery", "lease"), "bad-value", message, "leave it out for 30s")
    elif seconds(entry.send_timeout) >= (lease or _USUAL_LEASE):
        message = "`send_timeout` must be shorter than `lease`: else a message is taken over while it is being sent"
        reading.say(("delivery", "send_timeout"), "bad-value", message)
    return Delivery(
        send_timeout=seconds(entry.send_timeout),
        lease=lease,
        retry=_retry(entry.retry) if entry.retry else None,
        confirm_within={name: seconds(within) for name, within in entry.confirm_within.items()},
        throttle={name: tuple(Rate(r.count, seconds(r.per)) for r in rates) for name, rates in entry.throttle.items()},
        storm=Storm(entry.storm.new_incidents, seconds(entry.storm.per)),
    )


def _retry(entry: RetriesEntry) -> Retry:
    return Retry(entry.max, tuple(map(seconds, entry.backoff)), entry.honor_retry_after)


def _person(name: str, entry: PersonEntry, path: Path, shared: Mapping[str, NotifyEntry], reading: Reading) -> Person:
    notify = entry.notify
    if isinstance(notify, str):
        reading.known("contact_rules", notify, (*path, "notify"))
        notify = shared.get(notify)
    elif notify is not None:
        _known(notify, (*path, "notify"), reading)
    notify = notify or NotifyEntry()
    addresses = {"slack": entry.slack, "email": entry.email, "phone": entry.phone}
    quiet = entry.quiet_hours
    return Person(
        id=name,
        name=entry.name,
        addresses={kind: address for kind, address in addresses.items() if address},
        normal=_contacts(notify.normal),
        urgent=_contacts(notify.urgent),
        quiet=QuietHours(quiet.from_, quiet.to) if quiet and quiet.applies_to else None,
        locale=entry.locale,
    )


def _contacts(entries: tuple[ContactEntry, ...]) -> tuple[ContactRule, ...]:
    return tuple(sorted((ContactRule(seconds(one.after), one.via) for one in entries), key=lambda rule: rule.after))


def _known(entry: NotifyEntry, path: Path, reading: Reading) -> bool:
    """Note channels that are not there; returns True, so that it can stand in a condition."""
    for kind in ("normal", "urgent"):
        for number, contact in enumerate(getattr(entry, kind)):
            reading.all_known("channels", contact.via, (*path, kind, number, "via"))
    return True


def _filled(value: Any, path: Path, environment: Mapping[str, str], missing: dict[str, None], reading: Reading) -> Any:
    """Return a value with the environment's put in."""
    if isinstance(value, Mapping):
        return {key: _filled(part, (*path, key), environment, missing, reading) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(part, (*path, n), environment, missing, reading) for n, part in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in _REFERENCE.findall(value):
        if name not in environment:
            missing[name] = None
            hint = "set it where the daemon runs; without it this channel cannot work"
            reading.warn(path, "no-variable", f"the environment has no `{name}`", hint)
    return _REFERENCE.sub(lambda found: environment.get(found[1], ""), value)
