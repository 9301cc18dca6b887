"""Owns what is told of a diagnosis to later steps and to people; the one rule: few, short, masked, and ids that look like ids.

What a log and a letter hold was chosen by whoever uploads. Names of signatures are the operators' own; samples come masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from leh_guardian.diagnosis import Diagnosis
from leh_guardian.evidence.names import is_id
from leh_guardian.model.text import told
from leh_guardian.worker.share import share_of

_SIGNATURES: Final = 20
_SAMPLES: Final = 6
_IDS: Final = 10
_LONGEST: Final = 300


def facts_of(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the counts and the examples of a diagnosis, its verdict left out: `fused` gives that."""
    return {
        "signatures": most(diagnosis.signatures, _SIGNATURES),
        "samples": [
            {"class": one.verdict.value, "signature": one.signature, "text": told(one.text, _LONGEST)}
            for one in _of_each(diagnosis)
        ],
        "concentration": diagnosis.concentration.to_json(),
        "work": {verdict.value: count for verdict, count in diagnosis.work.items()},
        "share": asdict(share_of(diagnosis)),
    }


def ids(found: Iterable[str]) -> list[str]:
    """Return the first few ids among texts, each once; what does not look like one, or like a secret, is left out."""
    good = (text for text in dict.fromkeys(found) if is_id(text) and told(text) == text)
    return [text for text, _ in zip(good, range(_IDS), strict=False)]


def most(counts: Mapping[str, int], number: int) -> dict[str, int]:
    """Return the largest counts, largest first; the names are redacted and cut."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])[:number]
    return {told(name, 100): count for name, count in ranked}


def _of_each(diagnosis: Diagnosis) -> list[Any]:
    """Return samples of as many signatures as there is room for, the first of each before the second of any."""
    ranks: dict[str, int] = {}
    ranked = []
    for one in diagnosis.samples:
        ranks[one.signature] = ranks.get(one.signature, 0) + 1
        ranked.append((ranks[one.signature], one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])][:_SAMPLES]
