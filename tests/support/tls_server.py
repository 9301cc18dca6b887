"""Owns a TLS server on loopback with a certificate for each name, made on the spot; the one rule: which one is served is SNI's word.

An authority of the test signs, directly or through an intermediate whose certificate the server may forget to send.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.loop_thread import LoopThread

NOW: Final = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - OpenSSL verifies by the machine's clock
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate, as it goes over the wire."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        """Its key."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue(
    *names: str,
    by: Issued | None = None,
    until: datetime | None = None,
    since: datetime | None = None,
    authority: bool = False,
    serial: int | None = None,
) -> Issued:
    """Make a certificate, signed by another one or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    signer = by.key if by else key
    build = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since or NOW - 100 * _DAY)
        .not_valid_after(until or NOW + 90 * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usage |= {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
        usage |= {"encipher_only": False, "decipher_only": False}
        build = build.add_extension(x509.KeyUsage(**usage), critical=True)
    else:
        build = build.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return Issued(build.sign(signer, hashes.SHA256()), key)


class TlsServer(LoopThread):
    """Shakes hands and says nothing; used as a context manager. `serve` gives a name its certificate and chain."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.port = 0
        self.asked: list[str | None] = []
        """Names that clients asked for."""

    def serve(self, name: str, leaf: Issued, *chain: Issued) -> None:
        """Serve a certificate to those who ask for a name."""
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(one.pem for one in (leaf, *chain)))
        key.write_bytes(leaf.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._contexts[name] = context

    async def _open(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._choose
        self._server = await asyncio.start_server(_nothing, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self.asked.append(name)
        if name in self._contexts:
            connection.context = self._contexts[name]


async def _nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.read()
    except OSError:
        pass
    finally:
        writer.transport.abort()
