"""Reading certificates: against a library that does it whole, and bytes that are none."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from cryptography import x509

from leh_guardian.checks.x509 import NotACertificate, covers, read_leaf
from tests.support.tls_server import issue


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 256, (1 << 158) + 7])
@pytest.mark.parametrize(
    "until",
    [
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(2120, 2, 28, 1, 2, 3, tzinfo=UTC),
    ],
)
def test_what_is_read(serial: int, until: datetime) -> None:
    """Serial, both ways of writing a time, and the names, as the other library reads them."""
    made = issue("leh.example", "*.leh.example", "API.leh.example", serial=serial, until=until)
    leaf, known = read_leaf(made.der), made.certificate
    assert (leaf.serial, leaf.not_after) == (known.serial_number, known.not_valid_after_utc)
    assert leaf.not_before == known.not_valid_before_utc
    names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )
    assert leaf.names == tuple(name.lower() for name in names)


def test_a_certificate_without_names() -> None:
    """An authority has none."""
    assert read_leaf(issue("root", authority=True).der).names == ()


def test_bytes_that_are_none() -> None:
    """Cut off, empty or changed at random: read, or refused by name, and nothing else."""
    der = issue("leh.example").der
    for bad in (
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x82\xff\xff",
        b"\x30\x03\x02\x01\x01",
        *(der[:cut] for cut in range(len(der))),
    ):
        with pytest.raises(NotACertificate):
            read_leaf(bad)
    dice = random.Random(7)
    for _ in range(2000):
        changed = bytearray(der)
        for _ in range(3):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        try:
            read_leaf(bytes(changed))
        except NotACertificate:
            continue


@pytest.mark.parametrize(
    ("name", "host", "wanted"),
    [
        ("leh.example", "LEH.example.", True),
        ("*.leh.example", "app.leh.example", True),
        ("*.leh.example", "leh.example", False),
        ("*.leh.example", "a.b.leh.example", False),
        ("*.example", "example", False),
        ("app.leh.example", "api.leh.example", False),
    ],
)
def test_which_host_a_name_is_for(name: str, host: str, wanted: bool) -> None:
    """A wildcard stands for one label, the first."""
    assert covers([name], host) is wanted
