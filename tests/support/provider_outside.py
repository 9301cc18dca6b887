"""Owns a provider's status page and the receiver of its announcements on one faulty server; the one rule: a page has its own time."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.support.faulty_http import Answer, Request
from tests.support.webhook_receiver import HOOK, WebhookReceiver

NATIVE = "GET page"
SUMMARY = "GET summary"
INCIDENTS = "GET incidents"


class ProviderOutside(WebhookReceiver):
    """A page on which a component is away for `bad` seconds, then well; and everybody who is told."""

    def __init__(self, bad: float) -> None:
        super().__init__()
        self.bad = bad
        self.passed = 0.0

    def operation(self, request: Request) -> str:
        """Name a request by what is asked."""
        names = {"/hook": HOOK, "/api/v2/summary.json": SUMMARY, "/api/v2/incidents.json": INCIDENTS}
        return names.get(request.path, NATIVE)

    def answer(self, request: Request) -> Answer:
        """Show the page, or take a notice."""
        what = self.operation(request)
        if what == HOOK:
            return super().answer(request)
        status = "full_outage" if self.passed < self.bad else "operational"
        return Answer(body=json.dumps(self._document(what, status)).encode())

    def _document(self, what: str, status: str) -> Any:
        if what == NATIVE:
            affected = [] if status == "operational" else [{"component_id": "c1", "status": status}]
            return {"summary": {"components": [{"id": "c1", "name": "Responses"}], "affected_components": affected}}
        if what == SUMMARY:
            return {"page": {}, "components": [{"id": "c1", "name": "Responses", "status": status}]}
        return {"page": {}, "incidents": []}

    def announced(self) -> Counter[str]:
        """How often each announcement came, by audience, occasion and number, if each always came under one id."""
        ids: dict[str, set[str]] = {}
        found: Counter[str] = Counter()
        for notice in self.notices:
            audience = "team" if notice["rule"] else "users"
            name = f"{audience}/{notice['facts']['occasion']}/{notice['facts']['number']}"
            ids.setdefault(name, set()).add(notice["id"])
            found[name] += 1
        assert all(len(each) == 1 for each in ids.values()), f"a repeated announcement has another id: {ids}"
        assert len(set().union(*ids.values())) == len(ids), f"two announcements have one id: {ids}"
        return found
