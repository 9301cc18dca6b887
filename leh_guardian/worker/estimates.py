"""Owns the estimate of use while the worker tells nothing of it; the one rule: it says what it is, and stops when better is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leh_guardian.model.identity import key
from leh_guardian.model.spend.usage import DETAIL_TYPE, ESTIMATED_SOURCE
from leh_guardian.ports import LogMessage
from leh_guardian.worker.attempts import attempts_by_case


@dataclass(frozen=True, slots=True)
class Job:
    """What one attempt at a piece of evidence uses on average."""

    model: str
    prompt_tokens: int
    completion_tokens: int


class Estimates:
    """Makes records of use of a minute of the worker's log."""

    def __init__(self, job: Job, told: Callable[[], bool]) -> None:
        self._job = job
        self._told = told

    def of(
        self, group: str, start: datetime, region: str, messages: Iterable[LogMessage]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield an event for each case that was worked at; none where the worker tells by itself.

        Their ids are made of where and when: several replicas tell of the same ones.
        """
        if self._told():
            return
        for case, attempts in sorted(attempts_by_case(messages).items()):
            yield {
                "version": "0",
                "id": str(key(f"estimate/{region}/{group}/{start.isoformat()}/{case}")),
                "detail-type": DETAIL_TYPE,
                "source": ESTIMATED_SOURCE,
                "account": "",
                "time": start.isoformat(timespec="seconds"),
                "region": region,
                "resources": [],
                "detail": {
                    "case_id": case,
                    "model": self._job.model,
                    "prompt_tokens": attempts * self._job.prompt_tokens,
                    "completion_tokens": attempts * self._job.completion_tokens,
                    "attempts": attempts,
                    "estimated": True,
                },
            }
