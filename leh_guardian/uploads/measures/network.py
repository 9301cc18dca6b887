"""Owns where it came from; the one rule: what is strange is so to the account's own past, not to a list of countries."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from leh_guardian.uploads.measures.catalogue import measure, share
from leh_guardian.uploads.networks import agent_family, is_hosted, network_of, place_of
from leh_guardian.uploads.record import Record
from leh_guardian.uploads.subject import Subject, places

_ENOUGH_PAST: Final = 5
"""Records with an address before a past is believed to know where somebody sits."""


@measure
def places_used(s: Subject) -> float | None:
    """Different /24 networks (IPv6: /48) that uploads came from."""
    return float(len(places(s.uploads))) or None


@measure
def networks_used(s: Subject) -> float | None:
    """Different providers (AS numbers) that uploads came from."""
    return float(len({record.asn for record in s.uploads if record.asn})) or None


@measure
def hopping_ratio(s: Subject) -> float | None:
    """Share of uploads that came from another /24 than the one before: a phone stays for a while, a rotating proxy does not."""
    found = [place for record in s.uploads if record.ip and (place := place_of(record.ip))]
    return share(sum(before != after for before, after in pairwise(found)), len(found) - 1) if len(found) > 1 else None


@measure
def new_network_ratio(s: Subject) -> float | None:
    """Share of uploads from providers that the account's past does not know; missing without a past."""
    if sum(record.ip is not None or record.asn is not None for record in s.past) < _ENOUGH_PAST:
        return None
    found = [network for record in s.uploads if (network := network_of(record.ip, record.asn))]
    return share(sum(network not in s.known_networks for network in found), len(found))


@measure
def new_place_ratio(s: Subject) -> float | None:
    """Share of uploads from /24 networks that the account's past does not know; missing without a past."""
    if sum(record.ip is not None for record in s.past) < _ENOUGH_PAST:
        return None
    known = places(s.past)
    found = [place for record in s.uploads if record.ip and (place := place_of(record.ip))]
    return share(sum(place not in known for place in found), len(found))


@measure
def new_agent_ratio(s: Subject) -> float | None:
    """Share of uploads with a user agent that the account's past does not know; missing without a past."""
    known = {agent_family(record.agent) for record in s.past if record.agent is not None}
    found = [agent_family(record.agent) for record in s.uploads if record.agent is not None]
    return share(sum(agent not in known for agent in found), len(found)) if known else None


@measure
def hosted_ratio(s: Subject) -> float | None:
    """Share of uploads from rented servers and clouds, by AS number."""
    numbers = [record.asn for record in s.uploads if record.asn]
    return share(sum(map(is_hosted, numbers)), len(numbers))


@measure
def elsewhere_ratio(s: Subject) -> float | None:
    """Share of the user's views and log-ins in the incident from providers that no upload came from: the owner is elsewhere."""
    found = [network for record in s.seen if (network := network_of(record.ip, record.asn))]
    return share(sum(network not in s.networks for network in found), len(found)) if s.networks else None


@measure
def stranger_ratio(s: Subject) -> float | None:
    """Share of uploads from providers new to the account, or from a new /24 with a new user agent; missing without a past."""
    if sum(record.ip is not None or record.asn is not None for record in s.past) < _ENOUGH_PAST:
        return None
    known_places = places(s.past)
    known_agents = {agent_family(record.agent) for record in s.past if record.agent is not None}
    told = [r for r in s.uploads if network_of(r.ip, r.asn)]
    return share(sum(_strange(r, s.known_networks, known_places, known_agents) for r in told), len(told))


def _strange(record: Record, networks: frozenset[str], known: frozenset[str], agents: set[str]) -> bool:
    if network_of(record.ip, record.asn) not in networks:
        return True
    if record.ip is None or record.agent is None or not known or not agents:
        return False
    return place_of(record.ip) not in known and agent_family(record.agent) not in agents
