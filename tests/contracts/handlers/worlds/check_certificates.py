"""The check of certificates: an effect is anything but a question, to ACM; a handshake says nothing."""

from __future__ import annotations

import io
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leh_guardian.adapters.aws import open_aws
from leh_guardian.adapters.channels.console import ConsoleChannel
from leh_guardian.adapters.names import SystemNames
from leh_guardian.adapters.tls import TlsEndpoints
from leh_guardian.clock import Clock
from leh_guardian.context import Capabilities
from tests.contracts.handlers.world import World
from tests.support.acm_outside import REGION, AcmOutside, NameServer
from tests.support.checking import can_check, checking
from tests.support.faults import refuse
from tests.support.tls_server import TlsServer, issue

_HOST = "app.leh.test"
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)
_QUESTIONS = frozenset({"ListCertificates", "DescribeCertificate"})
_ALIAS = {"Name": "_d9.leh.test.", "Type": "CNAME", "Value": "_c9.acm-validations.aws."}


async def _here(host: str, port: int) -> Sequence[str]:
    """Every host is here."""
    return ["127.0.0.1"]


class Served(World):
    """A host that serves what ACM has for it, and whose alias is in DNS: everything is asked."""

    handler, name = "check_certificates", "served"
    throttle = refuse(400, "ThrottlingException")

    def open(self) -> None:
        """Start the servers."""
        self._open = ExitStack()
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
        self.server = self._open.enter_context(AcmOutside())
        self.faults = self.server.faults
        self.names = self._open.enter_context(NameServer())
        self.names.aliases["_d9.leh.test"] = "_c9.acm-validations.aws"
        self.tls = self._open.enter_context(TlsServer(folder))
        leaf = issue(_HOST, since=_SINCE, until=_UNTIL)
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(leaf.pem)
        self.tls.serve(_HOST, leaf)
        options = [{"DomainName": _HOST, "ValidationMethod": "DNS", "ResourceRecord": _ALIAS}]
        serial = leaf.certificate.serial_number
        self.server.put(_HOST, _UNTIL, serial=serial, DomainValidationOptions=options)
        os.environ.update(self.server.environment())

    def close(self) -> None:
        """End them."""
        for name in self.server.environment():
            os.environ.pop(name, None)
        self._open.close()

    def params(self) -> Mapping[str, Any]:
        """Look at what the settings name."""
        return {}

    async def capabilities(self, stack: AsyncExitStack, clock: Clock) -> Capabilities:
        """Open the adapters; what people are told goes nowhere."""
        aws = await stack.enter_async_context(open_aws(REGION))
        endpoints = TlsEndpoints(self.roots, resolve=_here)
        names = SystemNames([self.names.at])
        checks = checking(aws, endpoints=endpoints, names=names, hosts=(f"{_HOST}:{self.tls.port}",))
        return replace(can_check(checks), channels={"console": ConsoleChannel(io.StringIO())})

    def expected(self) -> set[str]:
        """Nothing is changed."""
        return set()

    def effects(self) -> Counter[str]:
        """Requests that change something."""
        return Counter({name: hits for name, hits in self.faults.hits.items() if name not in _QUESTIONS})

    @property
    def hung(self) -> int:
        """Requests that hang."""
        return self.server.hung

    def let_go(self) -> None:
        """Let them go on."""
        self.server.let_go()


WORLDS = (Served,)
