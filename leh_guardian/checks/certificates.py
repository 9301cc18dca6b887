"""Owns the check of certificates: what is really served, and what ACM will do about it; the one rule: what is served decides.

A certificate in ACM that nobody serves helps nobody, and one that ACM will not renew is the one that expires. So each host is asked
itself, at every address, and each certificate that is in use or for one of the hosts is looked up in ACM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import anyio

from leh_guardian.checks import certificate_wording as say
from leh_guardian.checks.acm import judge, judge_names
from leh_guardian.checks.result import CheckResult, Findings, Status, not_named
from leh_guardian.checks.x509 import Leaf, NotACertificate, covers, read_leaf
from leh_guardian.clock import Clock
from leh_guardian.model.text import told
from leh_guardian.ports.certificates import Acm, AcmCertificate, Endpoints, Names, Served, Trust

NAME: Final = "check_certificates"
PORT: Final = 443
_TOLD: Final = 50
"""Certificates of ACM whose numbers are kept; all are judged."""
CLOUDFRONT: Final = "us-east-1"
"""The region of the certificates that CloudFront uses."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which hosts, and how long before the end."""

    hosts: Sequence[str] = ()
    """host, or host:port."""
    regions: Sequence[str | None] = (None,)
    """Where ACM is asked; None: our own region. Empty: ACM is not used."""
    good: int = 30
    """Days of validity above which all is well."""
    bad: int = 15
    """... and below which it is not."""
    early: int = 45
    """Days before the end when ACM, which begins sixty before, should have renewed."""
    dns: bool = True
    """Whether the CNAMEs are looked up by which ACM validates."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a host serves."""

    host: str
    leaf: Leaf


async def look(endpoints: Endpoints, acm: Acm, names: Names, wanted: Wanted, clock: Clock) -> CheckResult:
    """Look at every host, and at ACM.

    Raises:
        Transient: ACM does not answer as it should; what is refused for good, and hosts that are not reached, are in the result.
    """
    if not wanted.hosts:
        return not_named(NAME, say.NO_HOST, say.NAME_HOST)
    check = _Look(endpoints, acm, names, wanted, clock.now())
    await check.hosts()
    for region in wanted.regions:
        await check.region(region)
    check.compare()
    threshold = {"good_days": wanted.good, "bad_days": wanted.bad, "early_days": wanted.early}
    return check.found.result(NAME, check.measured, threshold, check.evidence)


def split(host: str) -> tuple[str, int]:
    """Return (name, port)."""
    name, _, port = host.partition(":")
    return name.rstrip(".").lower(), int(port or PORT)


@dataclass(slots=True)
class _Look:
    endpoints: Endpoints
    acm: Acm
    names: Names
    wanted: Wanted
    now: datetime
    found: Findings = field(default_factory=Findings)
    measured: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    live: list[Live] = field(default_factory=list)
    known: list[AcmCertificate] = field(default_factory=list)
    dns_answers: bool = field(init=False)
    """Whether the name server is asked: one that is silent is silent to every question."""

    def __post_init__(self) -> None:
        self.dns_answers = self.wanted.dns

    async def hosts(self) -> None:
        """Shake hands with all of them, side by side, and judge them in the order in which they are named."""
        served: dict[str, Sequence[Served]] = {}

        async def one(host: str) -> None:
            served[host] = await self.endpoints.look(*split(host))

        async with anyio.create_task_group() as tasks:
            for host in self.wanted.hosts:
                tasks.start_soon(one, host)
        for host in self.wanted.hosts:
            self._judge_host(host, served[host])

    def _judge_host(self, host: str, served: Sequence[Served]) -> None:
        reached = [one for one in served if one.certificate is not None]
        missed = [one for one in served if one.certificate is None]
        if missed:
            # Where others answer, one that does not is no reason to doubt what they serve.
            status = Status.WARN if reached else Status.UNKNOWN
            self.found.add(status, say.not_reached(host, len(missed), told(missed[0].why, 160)), say.REACH)
        seen: dict[tuple[bytes | None, Trust | None], Served] = {(one.certificate, one.trust): one for one in reached}
        lines = [line for one in seen.values() if (line := self._judge_served(host, one)) is not None]
        self.measured[host] = lines[0] if len(lines) == 1 else {"served": lines}
        self.measured[host] |= {"addresses": len(served), "reached": len(reached)}
        self.evidence[host] = [one.address for one in served]

    def _judge_served(self, host: str, served: Served) -> dict[str, Any] | None:
        try:
            leaf = read_leaf(served.certificate or b"")
        except NotACertificate:
            self.found.add(Status.UNKNOWN, say.unreadable(host), say.REACH)
            return None
        self.live.append(Live(host, leaf))
        days = (leaf.not_after - self.now).days
        trust = served.trust or Trust.OTHER
        named = covers(leaf.names, split(host)[0])
        if trust is not Trust.TRUSTED:
            self.found.add(Status.FAIL, say.untrusted(host, trust, told(served.why, 160)), say.REPAIR[trust])
        if not named and trust is not Trust.WRONG_NAME:
            # OpenSSL stops at the first fault; an expired certificate may be for another host as well.
            self.found.add(Status.FAIL, say.untrusted(host, Trust.WRONG_NAME, ""), say.REPAIR[Trust.WRONG_NAME])
        if trust is not Trust.EXPIRED:
            self.found.add(by_days(days, self.wanted.good, self.wanted.bad), say.ends(host, days), say.RENEW)
        return {
            "days": days,
            "not_after": leaf.not_after.isoformat(),
            "trust": trust.value,
            "serial": f"{leaf.serial:x}",
        }

    async def region(self, region: str | None) -> None:
        """Judge ACM's certificates of a region."""
        where = region or "-"
        with self.found.part(say.acm_of(where)):
            hosts = [split(host)[0] for host in self.wanted.hosts]
            for certificate in await self.acm.certificates(region, hosts):
                if certificate.arn in {one.arn for one in self.known}:
                    continue
                self.known.append(certificate)
                measured = judge(
                    certificate, self.now, self.wanted.good, self.wanted.bad, self.wanted.early, self.found
                )
                if len(self.known) <= _TOLD:
                    self.evidence[certificate.arn] = {"names": [told(name, 100) for name in certificate.names[:10]]}
                    self.measured[certificate.arn] = measured
                if self.dns_answers:
                    self.dns_answers = await judge_names(certificate, self.names, self.found)

    def compare(self) -> None:
        """Compare what hosts serve with what ACM has for them."""
        for live in self.live:
            name = split(live.host)[0]
            ours = [one for one in self.known if one.in_use and one.serial is not None and covers(one.names, name)]
            if ours and live.leaf.serial not in {one.serial for one in ours}:
                self.found.add(Status.WARN, say.another(live.host), say.SEE_SERVED)


def by_days(days: int, good: int, bad: int) -> Status:
    """Return how good it is that so many days are left."""
    return Status.OK if days > good else Status.WARN if days >= bad else Status.FAIL
