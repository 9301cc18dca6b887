"""Owns a host with a certificate that soon ends, of an authority of its own; the one rule: it answers handshakes, and nothing more."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.abc
from anyio.streams.tls import TLSListener, TLSStream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NAME = "localhost"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LocalHost:
    """Where it is."""

    host: str
    """Name and port."""
    roots: Path
    """The file with its authority."""


@asynccontextmanager
async def serving(folder: Path, now: datetime, days: int) -> AsyncIterator[LocalHost]:
    """Serve a certificate on loopback that has so many days left; its files are in `folder`."""
    roots, chain = _write(folder, now, days)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain)
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - anyio's, no database's
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(TLSListener(plain, context, standard_compatible=False).serve, _close)
        yield LocalHost(f"{_NAME}:{port}", roots)
        tasks.cancel_scope.cancel()


async def _close(stream: TLSStream) -> None:
    await stream.aclose()


def _write(folder: Path, now: datetime, days: int) -> tuple[Path, Path]:
    """Write the authority's certificate, and the host's with its key."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LEH demo")])
    root = (
        _builder(issuer, issuer, authority, now, 365)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE, critical=True)
        .sign(authority, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    leaf = (
        _builder(subject, issuer, key, now, days)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_NAME)]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
            critical=False,
        )
        .sign(authority, hashes.SHA256())
    )
    roots, chain = folder / "roots.pem", folder / "host.pem"
    roots.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + leaf.public_bytes(serialization.Encoding.PEM))
    return roots, chain


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        # An hour more, so that there are as many whole days left while it is looked at.
        .not_valid_after(now + days * _DAY + timedelta(hours=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
