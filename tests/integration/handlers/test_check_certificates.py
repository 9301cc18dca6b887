"""The check of certificates, through the adapters: real handshakes, ACM, the name server; and what is refused or away."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tenacity

from leh_guardian.adapters import tls
from leh_guardian.adapters.aws import Aws, open_aws
from leh_guardian.adapters.certificates import AcmCertificates
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.regional import Clients
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.errors import Refused, Throttled, Unavailable
from leh_guardian.handlers.check_certificates import CheckCertificatesParams, check_certificates
from leh_guardian.model.outcome import Done, Failed
from tests.support.acm_outside import REGION, AcmOutside, NameServer
from tests.support.attempt import attempt
from tests.support.checking import can_check, checking
from tests.support.clock import FakeClock
from tests.support.faults import refuse
from tests.support.installation import client
from tests.support.tls_server import NOW, Issued, TlsServer, issue

DAY = timedelta(days=1)
HOST = "app.leh.test"
CNAME = {"Name": "_d9.leh.test.", "Type": "CNAME", "Value": "_c9.acm-validations.aws."}


@dataclass
class Stage:
    """The outside, with one host that serves what ACM has for it."""

    server: TlsServer
    acm: AcmOutside
    names: NameServer
    root: Issued
    between: Issued
    roots: Path
    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1"])

    def host(self, name: str) -> str:
        """Return how the settings name a host."""
        return f"{name}:{self.server.port}"

    def serve(self, name: str, *names: str, **more: Any) -> Issued:
        """Let a host serve a certificate of the test's authority, with its chain."""
        leaf = issue(*(names or (name,)), **{"by": self.between, **more})
        self.server.serve(name, leaf, self.between)
        return leaf

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Know every host but one."""
        if host == "gone.leh.test":
            raise OSError("Name or service not known")
        return self.addresses


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A host that is well."""
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())
    monkeypatch.setattr(tls, "_PAUSE", 0.0)
    root = issue("root", authority=True)
    between = issue("between", by=root, authority=True)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(root.pem)
    with TlsServer(tmp_path) as server, AcmOutside() as acm, NameServer() as names:
        for name, value in acm.environment().items():
            monkeypatch.setenv(name, value)
        made = Stage(server, acm, names, root, between, roots)
        leaf = made.serve(HOST)
        options = [{"DomainName": HOST, "ValidationMethod": "DNS", "ResourceRecord": CNAME}]
        acm.put(HOST, NOW + 90 * DAY, serial=leaf.certificate.serial_number, DomainValidationOptions=options)
        names.aliases["_d9.leh.test"] = "_c9.acm-validations.aws"
        yield made


@pytest.fixture
async def run(stage: Stage) -> AsyncIterator[Callable[..., Any]]:
    """Make one attempt at hosts."""
    async with open_aws(REGION) as aws:

        async def check(*names: str, roots: bool = True, servers: list[Any] | None = None, **params: Any) -> Any:
            endpoints = TlsEndpoints(stage.roots if roots else None, timeout=5, resolve=stage.resolve)
            resolver = SystemNames([stage.names.at] if servers is None else servers, timeout=2)
            hosts = tuple(stage.host(name) for name in names or (HOST,))
            can = can_check(checking(aws, endpoints=endpoints, names=resolver, hosts=hosts))
            return await check_certificates(attempt(can, clock=FakeClock(NOW)), CheckCertificatesParams(**params))

        yield check


async def test_all_is_well(stage: Stage, run: Callable[..., Any]) -> None:
    """Trusted by the private root, far from its end, ACM's own and its CNAME in DNS; SNI says which host is meant."""
    outcome = await run()
    assert isinstance(outcome, Done), outcome
    assert outcome.facts["status"] == "OK", outcome.facts["reasons"]
    live = outcome.facts["measured"][stage.host(HOST)]
    assert (live["trust"], live["reached"]) == ("trusted", 1)
    assert live["days"] in {89, 90}
    assert set(stage.server.asked) == {HOST}


def expired(stage: Stage) -> None:
    """Its end was two days ago."""
    stage.serve(HOST, until=NOW - 2 * DAY)


def self_signed(stage: Stage) -> None:
    """It signed itself."""
    stage.server.serve(HOST, issue(HOST))


def wrong_name(stage: Stage) -> None:
    """It is for another host."""
    stage.serve(HOST, "other.leh.test")


def chain_broken(stage: Stage) -> None:
    """The server forgets to send the certificate in between."""
    stage.server.serve(HOST, issue(HOST, by=stage.between))


def not_yet(stage: Stage) -> None:
    """It begins tomorrow."""
    stage.serve(HOST, since=NOW + DAY)


@pytest.mark.parametrize(
    ("wrong", "trust"),
    [
        (expired, "expired"),
        (self_signed, "self_signed"),
        (wrong_name, "wrong_name"),
        (chain_broken, "chain_broken"),
        (not_yet, "not_yet_valid"),
    ],
)
async def test_what_is_wrong_is_told_apart(
    stage: Stage, run: Callable[..., Any], wrong: Callable[[Stage], None], trust: str
) -> None:
    """Each fails, by its own name, and its dates are read all the same."""
    wrong(stage)
    outcome = await run()
    assert isinstance(outcome, Failed)
    live = outcome.facts["measured"][stage.host(HOST)]
    assert (outcome.facts["status"], live["trust"]) == ("FAIL", trust)
    assert live["not_after"]


async def test_a_private_root_that_nobody_named(stage: Stage, run: Callable[..., Any]) -> None:
    """Without it in the settings the chain leads nowhere."""
    outcome = await run(roots=False)
    assert outcome.facts["measured"][stage.host(HOST)]["trust"] == "chain_broken"


async def test_an_expired_one_for_another_host_says_both(stage: Stage, run: Callable[..., Any]) -> None:
    """The first fault does not hide the second."""
    stage.serve(HOST, "other.leh.test", until=NOW - DAY)
    said = " ".join(reason["en"] for reason in (await run()).facts["reasons"])
    assert "expired" in said or "ends in -" in said
    assert "another name" in said


@pytest.mark.parametrize(("days", "status"), [(31, "OK"), (30, "WARN"), (16, "WARN"), (14, "FAIL")])
async def test_days_left(stage: Stage, run: Callable[..., Any], days: int, status: str) -> None:
    """By what is served."""
    stage.serve(HOST, until=NOW + days * DAY + timedelta(hours=6))
    assert (await run(acm=False)).facts["status"] == status


async def test_hosts_that_are_not_reached(stage: Stage, run: Callable[..., Any]) -> None:
    """Nobody there is unknown and never OK; one dead address beside a good one is a warning."""
    assert (await run("gone.leh.test", acm=False)).facts["status"] == "UNKNOWN"
    stage.addresses = ["127.0.0.2"]
    outcome = await run(acm=False)
    assert (outcome.facts["status"], isinstance(outcome, Failed)) == ("UNKNOWN", True)
    stage.addresses = ["127.0.0.1", "127.0.0.2"]
    assert (await run(acm=False)).facts["status"] == "WARN"


async def test_another_certificate_than_acms(stage: Stage, run: Callable[..., Any]) -> None:
    """A listener that was forgotten serves the old one on."""
    stage.serve(HOST)
    outcome = await run()
    assert outcome.facts["status"] == "WARN"
    assert "serial" in outcome.facts["reasons"][0]["en"]


async def test_keys_of_every_type_are_seen(stage: Stage, run: Callable[..., Any]) -> None:
    """ACM hides all but two types of RSA unless it is asked; over pages, and those of nobody are left alone."""
    arns = [
        stage.acm.put(f"{number}.test", NOW + 10 * DAY, key=key)
        for number, key in enumerate(("RSA_2048", "RSA_4096", "EC_secp384r1"))
    ]
    unused = stage.acm.put("unused.test", NOW + 10 * DAY, InUseBy=[])
    outcome = await run()
    assert outcome.facts["status"] == "FAIL"
    assert set(arns) < outcome.facts["measured"].keys()
    assert unused not in outcome.facts["measured"]


@pytest.mark.parametrize(
    ("params", "regions"), [({}, {REGION}), ({"cloudfront": True}, {REGION, "us-east-1"}), ({"acm": False}, set())]
)
async def test_where_acm_is_asked(
    stage: Stage, run: Callable[..., Any], params: dict[str, Any], regions: set[str]
) -> None:
    """CloudFront uses certificates of us-east-1 alone; one that both tell of is judged once."""
    outcome = await run(**params)
    assert outcome.facts["status"] == "OK"
    assert stage.acm.regions == regions


async def test_a_server_that_says_nothing(stage: Stage, run: Callable[..., Any]) -> None:
    """It takes the connection and never shakes hands: unknown, within the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = await TlsEndpoints(None, timeout=0.2, resolve=stage.resolve).look(HOST, silent.getsockname()[1])
    (served,) = found
    assert (served.certificate, served.trust) == (None, None)
    assert served.why


async def test_a_renewal_that_failed_says_why(stage: Stage, run: Callable[..., Any]) -> None:
    """The status and ACM's own reason, read from its answer."""
    why = {
        "RenewalStatus": "FAILED",
        "RenewalStatusReason": "CAA_ERROR",
        "DomainValidationOptions": [],
        "UpdatedAt": NOW,
    }
    stage.acm.put("renewed.test", NOW + 50 * DAY, RenewalSummary=why)
    outcome = await run()
    assert outcome.facts["status"] == "FAIL"
    assert "CAA_ERROR" in outcome.facts["reasons"][0]["en"]


async def test_the_validations_alias(stage: Stage, run: Callable[..., Any]) -> None:
    """Gone or pointing elsewhere the renewal will fail; where DNS does not say, that part is unknown."""
    stage.names.aliases["_d9.leh.test"] = "elsewhere.example"
    assert (await run()).facts["status"] == "WARN"
    stage.names.aliases.clear()
    assert (await run()).facts["status"] == "WARN"
    assert (await run(dns=False)).facts["status"] == "OK"
    stage.names.broken = "_d9.leh.test"
    assert (await run()).facts["status"] == "UNKNOWN"
    assert (await run(servers=[])).facts["status"] == "UNKNOWN"


@pytest.mark.parametrize("operation", ["ListCertificates", "DescribeCertificate"])
async def test_what_is_refused_is_unknown(stage: Stage, run: Callable[..., Any], operation: str) -> None:
    """The permission is named, and the hosts are looked at all the same."""
    stage.acm.faults.always(operation, refuse(400, "AccessDeniedException"))
    outcome = await run()
    assert isinstance(outcome, Failed)
    assert outcome.facts["status"] == "UNKNOWN"
    assert f"acm:{operation}" in outcome.facts["reasons"][0]["en"]
    assert outcome.facts["measured"][stage.host(HOST)]["trust"] == "trusted"


async def test_what_may_pass_is_tried_again(stage: Stage, run: Callable[..., Any]) -> None:
    """By the engine."""
    stage.acm.faults.always("ListCertificates", refuse(400, "ThrottlingException"))
    with pytest.raises(Throttled):
        await run()


async def test_a_host_that_the_settings_do_not_name(stage: Stage, run: Callable[..., Any]) -> None:
    """A rule, and what it takes from an event, chooses among the settings' hosts; nothing else is connected to."""
    with pytest.raises(Refused, match="not among"):
        await run(hosts=("evil.example:443",))
    assert stage.server.asked == []


@pytest.mark.parametrize("name", ["a" * 64 + ".test", "가.test", "a..test", ".".join(["abcdefgh"] * 40)])
async def test_names_that_are_none(name: str) -> None:
    """They are asked nobody."""
    with pytest.raises(Refused):
        await SystemNames([("127.0.0.1", 9)]).cname(name)


async def test_a_name_server_that_is_silent() -> None:
    """Nobody there."""
    with pytest.raises(Unavailable):
        await SystemNames([("127.0.0.1", 9)], timeout=0.2).cname("leh.test")


async def test_against_another_acm(aws: Aws) -> None:
    """Moto's ACM tells the adapter the same of one that was imported: its key is elliptic, and it is for a host of ours."""
    made = issue("imported.leh.test")
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    with client("acm", environment) as acm:
        arn = acm.import_certificate(Certificate=made.pem, PrivateKey=made.key_pem)["CertificateArn"]
    adapter = AcmCertificates(aws, Clients(aws))
    found = {one.arn: one for one in await adapter.certificates(None, ["imported.leh.test"])}
    assert (found[arn].kind, found[arn].eligible, found[arn].in_use) == ("IMPORTED", False, False)
    assert found[arn].not_after == made.certificate.not_valid_after_utc
    assert arn not in {one.arn for one in await adapter.certificates(None, ["other.leh.test"])}
