"""Owns a small ACM on loopback, which can go wrong, and a name server beside it; the one rule: it hides keys as ACM does.

tests/integration/handlers/test_check_certificates.py holds the adapter against moto's ACM as well.
"""

from __future__ import annotations

import asyncio
import json
import struct
from datetime import datetime
from typing import Any, Final

from tests.support.faults import Fault
from tests.support.faulty_http import Answer, FaultyServer, Request
from tests.support.loop_thread import LoopThread

REGION: Final = "ap-northeast-2"
_SHOWN: Final = ("RSA_1024", "RSA_2048")
"""Key types that are listed unless others are asked for."""


class AcmOutside(FaultyServer):
    """Certificates by ARN; each page of a listing holds one."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._there: dict[str, dict[str, Any]] = {}
        self.regions: set[str] = set()
        """Regions that were asked."""

    def environment(self) -> dict[str, str]:
        """The variables that make the AWS SDK talk to this server."""
        own = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return own | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def put(self, name: str, until: datetime, *, serial: int = 1, key: str = "EC_prime256v1", **more: Any) -> str:
        """Put a certificate that is in use and eligible unless `more` says otherwise; returns its ARN."""
        arn = f"arn:aws:acm:{REGION}:012345670123:certificate/{name}"
        digits = f"{serial:040x}"
        described = {
            "CertificateArn": arn,
            "DomainName": name,
            "SubjectAlternativeNames": [name],
            "Status": "ISSUED",
            "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": key,
            "NotAfter": until,
            "Serial": ":".join(digits[at : at + 2] for at in range(0, 40, 2)),
            "InUseBy": ["arn:aws:elasticloadbalancing:lb"],
            "RenewalEligibility": "ELIGIBLE",
        }
        self._there[arn] = described | more
        return arn

    def operation(self, request: Request) -> str:
        """Return the name under which plans know a request."""
        return request.header("x-amz-target").rpartition(".")[2] or request.path

    def error(self, fault: Fault) -> Answer:
        """Tell of a fault as ACM does."""
        return Answer(fault.status, json.dumps({"__type": fault.code, "message": "a fault of the test"}).encode())

    def answer(self, request: Request) -> Answer:
        """Answer a question."""
        asked = json.loads(request.body or b"{}")
        self.regions.add(request.header("authorization").split("/")[2])
        if self.operation(request) == "DescribeCertificate":
            return _json({"Certificate": self._there[asked["CertificateArn"]]})
        kinds = asked.get("Includes", {}).get("keyTypes", _SHOWN)
        listed = [one for one in self._there.values() if one["KeyAlgorithm"] in kinds]
        start = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(start + 1)} if start + 1 < len(listed) else {}
        summaries = [
            {"CertificateArn": one["CertificateArn"], "DomainName": one["DomainName"], "InUse": bool(one["InUseBy"])}
            for one in listed[start : start + 1]
        ]
        return _json({"CertificateSummaryList": summaries, **more})


def _json(body: dict[str, Any]) -> Answer:
    return Answer(body=json.dumps(body, default=datetime.timestamp).encode())


class NameServer(LoopThread):
    """A name server that knows aliases; a name of `broken` gets an answer that is none."""

    def __init__(self) -> None:
        super().__init__()
        self.aliases: dict[str, str] = {}
        self.broken = ""
        self.at = ("127.0.0.1", 0)

    async def _open(self) -> None:
        self._transport, _ = await self._loop.create_datagram_endpoint(lambda: _Speaker(self), local_addr=self.at)
        self.at = self._transport.get_extra_info("sockname")[:2]

    async def _close(self) -> None:
        self._transport.close()


class _Speaker(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        name, at = "", 12
        while length := data[at]:
            name += data[at + 1 : at + 1 + length].decode() + "."
            at += length + 1
        target = self._server.aliases.get(name.rstrip("."))
        if name.rstrip(".") == self._server.broken:
            self._transport.sendto(data[:2] + struct.pack(">HHHHH", 0x8182, 1, 0, 0, 0) + data[12:], addr)
            return
        # Another's answer first: nobody but the one who was asked knows the id.
        self._transport.sendto(bytes([data[0] ^ 1]) + data[1:], addr)
        head = data[:2] + struct.pack(">HHHHH", 0x8180 if target else 0x8183, 1, 1 if target else 0, 0, 0)
        record = b""
        if target:
            points = b"".join(bytes([len(label)]) + label.encode() for label in target.split(".")) + b"\x00"
            record = b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, len(points)) + points
        self._transport.sendto(head + data[12:] + record, addr)
