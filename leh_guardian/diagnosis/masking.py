"""Owns how a record is shown to people; the one rule: nothing that a file or a prompt said is repeated, and secrets are redacted.

A provider's refusal can quote the evidence that it was sent. What stands in quotes is left out; codes and classes are told beside.
"""

from __future__ import annotations

import re
from typing import Final

from leh_guardian.diagnosis.evidence_text import without_names, without_quotations
from leh_guardian.diagnosis.signatures import Judged
from leh_guardian.diagnosis.structured import Said
from leh_guardian.telemetry.redaction import one_line, redact

LONGEST: Final = 300
_LOOKED_AT: Final = 4_000
_BLANKED: Final = re.compile("…{2,}")


def masked(said: Said, judged: Judged) -> str:
    """Return what a record says in one line, without names, quotations and secrets."""
    failure = judged.failure
    parts = [
        ".".join(filter(None, (failure.module, failure.exception))),
        f"status={failure.status}" if failure.status else "",
        f"code={failure.code}" if failure.code else "",
        f"operation={failure.operation}" if failure.operation else "",
        # As it was written, and cut afterwards: in small letters, or as half of itself, a secret is known by no pattern.
        failure.text,
    ]
    told = " ".join(filter(None, parts)) or said.message[:_LOOKED_AT]
    return one_line(redact(_BLANKED.sub("…", without_quotations(without_names(told))), LONGEST))
