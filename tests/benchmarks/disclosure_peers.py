"""Owns how the scan's peers are asked; the one rule: each is built as its documentation says, Korean recognizers on.

As a program it runs in an environment of the peers' own (`disclosure_venv`), reads lines (JSON) and writes what a peer finds in them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

_DETECT_SECRETS = {
    "JSON Web Token": "jwt",
    "AWS Access Key": "aws_access_key",
    "OpenAI Token": "openai_key",
    "Private Key": "private_key",
    "Slack Token": "slack_token",
    "GitHub Token": "github_token",
    "Secret Keyword": "password",
}
_PRESIDIO = {
    "KR_RRN": "kr_rrn",
    "KR_FRN": "kr_frn",
    "KR_DRIVER_LICENSE": "kr_driver_license",
    "KR_PASSPORT": "kr_passport",
    "KR_BRN": "kr_brn",
    "CREDIT_CARD": "card",
    "PHONE_NUMBER": "phone",
}
_SURE = 0.5


def detect_secrets() -> Callable[[str], Iterable[str]]:
    """Return detect-secrets; what its entropy plugins say of any random text is not counted."""
    scan: Any = import_module("detect_secrets.core.scan")
    settings: Any = import_module("detect_secrets.settings")

    def find(line: str) -> set[str]:
        with settings.default_settings():
            kinds = {_DETECT_SECRETS[secret.type] for secret in scan.scan_line(line) if secret.type in _DETECT_SECRETS}
            # It calls an id and a secret key of AWS the same.
            return kinds | ({"aws_secret_key"} if "aws_access_key" in kinds else set())

    return find


def presidio() -> Callable[[str], Iterable[str]]:
    """Return Presidio's Korean pattern recognizers, cards and phones, without a language model."""
    shelf: Any = import_module("presidio_analyzer.predefined_recognizers")
    names = ("KrRrn", "KrFrn", "KrDriverLicense", "KrPassport", "KrBrn", "CreditCard")
    made = [getattr(shelf, f"{name}Recognizer")(supported_language="ko") for name in names]
    made.append(shelf.PhoneRecognizer(supported_language="ko", supported_regions=("KR",)))

    def find(line: str) -> set[str]:
        found = [
            hit for recognizer in made for hit in recognizer.analyze(line, recognizer.supported_entities, None) or []
        ]
        return {_PRESIDIO[hit.entity_type] for hit in found if hit.score >= _SURE}

    return find


PEERS: dict[str, Callable[[], Callable[[str], Iterable[str]]]] = {
    "detect-secrets": detect_secrets,
    "Presidio": presidio,
}
"""By name: how it is asked."""


def main(name: str) -> None:
    """Write the kinds that a peer finds in each of the lines on standard input, and the CPU seconds that it takes for all."""
    lines = json.load(sys.stdin)
    find = PEERS[name]()
    began = time.process_time()
    found = [sorted(set(find(line))) for line in lines]
    json.dump({"found": found, "seconds": time.process_time() - began}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
