"""Owns what a check comes to; the one rule: what could not be looked at is UNKNOWN, and UNKNOWN is never OK.

A check collects findings, each with its own status; the worst is the check's. FAIL outranks UNKNOWN: what is known to be broken
stays broken whatever else could not be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from leh_guardian.errors import AccessDenied, NoCredentials, Permanent
from leh_guardian.language import NOTHING, Text
from leh_guardian.model.check import Status, worst
from leh_guardian.model.outcome import Done, Failed, Outcome
from leh_guardian.model.text import told

__all__ = ["CheckResult", "Finding", "Findings", "Status", "not_named", "worst"]

_SAID: Final = 20
"""Findings that facts hold, of the worst first: an incident is no list of a thousand hosts."""


_PERMISSION: Final = Text(
    ko="guardian의 IAM 역할에 위 권한을 추가하세요.", en="Give guardian's IAM role the permission named above."
)
_CREDENTIALS: Final = Text(
    ko="AWS 자격 증명(역할 또는 AWS_ACCESS_KEY_ID 등)을 확인하세요.",
    en="Look at the AWS credentials (the role, or AWS_ACCESS_KEY_ID and so on).",
)
_NAMES: Final = Text(ko="설정에 적힌 이름과 리전을 확인하세요.", en="Look at the names and the region in the settings.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen."""

    status: Status
    reason: Text
    what_to_do: Text = NOTHING


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one run of a check comes to; texts in every language, numbers in the units that their names say."""

    check: str
    """Its stable id, the handler's name."""
    status: Status
    measured: Mapping[str, Any]
    threshold: Mapping[str, Any]
    evidence: Mapping[str, Any]
    """Where it was seen: names and ARNs of AWS, hosts, digests of keys; no content."""
    reasons: tuple[Text, ...] = ()
    """What is wrong, the worst first; what is well where nothing is wrong."""
    what_to_do: tuple[Text, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as JSON, with both languages: what conditions match and reports are made of."""
        return {
            "check": self.check,
            "status": self.status.value,
            "measured": dict(self.measured),
            "threshold": dict(self.threshold),
            "evidence": dict(self.evidence),
            "reasons": [{"ko": one.ko, "en": one.en} for one in self.reasons],
            "what_to_do": [{"ko": one.ko, "en": one.en} for one in self.what_to_do],
        }

    def outcome(self) -> Outcome:
        """Return what the action ends in: Done for OK and WARN; FAIL and UNKNOWN fail, so that people are called."""
        said = f"{self.check}: {self.status}"
        if self.reasons:
            said += " - " + told("; ".join(reason.en for reason in self.reasons[:3]), 600)
        return Failed(said, self.facts()) if self.status.bad else Done(said, self.facts())


@dataclass(slots=True)
class Findings:
    """What a check has seen so far."""

    seen: list[Finding] = field(default_factory=list)

    def add(self, status: Status, reason: Text, what_to_do: Text = NOTHING) -> None:
        """Note something."""
        self.seen.append(Finding(status, reason, what_to_do))

    @contextmanager
    def part(self, what: Text) -> Iterator[None]:
        """Look at a part: what is refused there is UNKNOWN, by the message that names the permission, and the rest goes on.

        Raises:
            Transient: it may soon be better.
        """
        try:
            yield
        except Permanent as error:
            said = told(error, 400)
            do = (
                _CREDENTIALS
                if isinstance(error, NoCredentials)
                else _PERMISSION
                if isinstance(error, AccessDenied)
                else _NAMES
            )
            self.add(
                Status.UNKNOWN,
                Text(ko=f"{what.ko}: 확인하지 못함 ({said})", en=f"{what.en}: not looked at ({said})"),
                do,
            )

    def result(
        self, check: str, measured: Mapping[str, Any], threshold: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> CheckResult:
        """Return what it all comes to."""
        ordered = sorted(self.seen, key=lambda one: -one.status.rank)
        # What is well is said only where all is.
        wrong = [one for one in ordered if one.status is not Status.OK]
        return CheckResult(
            check,
            worst(one.status for one in ordered),
            measured,
            threshold,
            evidence,
            tuple(one.reason for one in (wrong or ordered)[:_SAID]),
            tuple(dict.fromkeys(one.what_to_do for one in wrong if one.what_to_do))[:_SAID],
        )


def not_named(check: str, reason: Text, what_to_do: Text) -> CheckResult:
    """Return the result of a check that nobody has told what to look at: it proves nothing."""
    found = Findings()
    found.add(Status.UNKNOWN, reason, what_to_do)
    return found.result(check, {}, {}, {})
