"""Owns the health endpoints; the one rule: liveness is the loops' progress alone, and no answer waits for anything.

`/livez` never depends on PostgreSQL or SQS: an outage of theirs would otherwise restart every replica for nothing. `/readyz`
(= `/healthz`) names the required clients that do not answer; optional ones never fail it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from leh_guardian import __version__
from leh_guardian.clock import Clock
from leh_guardian.engine.auditor import STALE, Snapshot
from leh_guardian.engine.call_audit import CallAudit
from leh_guardian.engine.chaining import Chaining
from leh_guardian.engine.distress import Distress
from leh_guardian.engine.heartbeat import Heartbeat
from leh_guardian.engine.reconcile import Reconciling
from leh_guardian.engine.reloader import RulesInUse
from leh_guardian.model.mode import Mode
from leh_guardian.model.text import dump_json
from leh_guardian.telemetry.metrics import Metrics
from leh_guardian.telemetry.progress import Progress


class StatusPages:
    """What the daemon says about itself."""

    def __init__(
        self,
        progress: Progress,
        metrics: Metrics,
        clock: Clock,
        snapshot: Callable[[], Snapshot],
        rules: Callable[[], RulesInUse],
        *,
        mode: Mode,
        replica: str,
        log_drops: Callable[[], int],
        heartbeat: Heartbeat | None,
        distress: Distress,
        calls: CallAudit,
        chain: Chaining,
        reconciling: Reconciling | None = None,
    ) -> None:
        self._progress = progress
        self._metrics = metrics
        self._clock = clock
        self._snapshot = snapshot
        self._rules = rules
        self._mode = mode
        self._replica = replica
        self._log_drops = log_drops
        self._heartbeat = heartbeat
        self._distress = distress
        self._calls = calls
        self._chain = chain
        self._reconciling = reconciling

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/livez", self.livez),
            web.get("/readyz", self.readyz),
            web.get("/healthz", self.readyz),
            web.get("/status", self.status),
            web.get("/metrics", self.metrics),
        ]

    async def livez(self, _: web.Request) -> web.Response:
        """200 while every loop makes progress, else 503 with the stuck ones and the seconds since their last step."""
        stuck = {name: round(age, 1) for name, age in self._progress.stuck().items()}
        return answer({"ok": not stuck, "stuck": stuck}, status=503 if stuck else 200)

    async def readyz(self, _: web.Request) -> web.Response:
        """200 when guardian can act, else 503 with what fails."""
        failing = self._failing()
        return answer({"ok": not failing, "failing": failing}, status=503 if failing else 200)

    def _failing(self) -> dict[str, str]:
        snapshot = self._snapshot()
        age = (self._clock.now() - snapshot.taken_at).total_seconds()
        stale = {"snapshot": f"last taken {age:.0f} s ago"} if age > STALE else {}
        return {**snapshot.failing, **stale}

    def line(self) -> str:
        """Say how it stands in one line, for `systemctl status`."""
        if stuck := self._progress.stuck():
            return f"stuck: {', '.join(stuck)}"
        if failing := self._failing():
            return "not ready: " + "; ".join(f"{name}: {reason}" for name, reason in failing.items())
        return f"ready, {len(self._rules().rules.rules)} rules"

    async def status(self, _: web.Request) -> web.Response:
        """Everything an operator asks first."""
        snapshot, in_use = self._snapshot(), self._rules()
        counts = snapshot.counts
        return answer(
            {
                "version": __version__,
                "replica": self._replica,
                "taken_at": snapshot.taken_at,
                "rules": {
                    "revision": in_use.rules.revision,
                    "loaded_at": in_use.loaded_at,
                    "ok": in_use.refused is None,
                    "refused": in_use.refused,
                    "rules": len(in_use.rules.rules),
                },
                "queue": {"visible": None, "in_flight": None, "oldest_seconds": None, **snapshot.queue},
                "incidents": counts.get("incidents", {"open": None, "by_level": {}}),
                "actions": counts.get("actions", {"by_status": {}}),
                "messages": counts.get("messages", {"untold": None}),
                "timers": counts.get("timers", {"overdue": None}),
                "providers": counts.get("providers", {}),
                "probes": counts.get("probes", {}),
                "clients": {name: reason is None for name, reason in snapshot.clients.items()},
                "failing": self._failing(),
                "heartbeat": self._heartbeat.report() if self._heartbeat else None,
                "distress": self._distress.report(),
                "audit": self._calls.report(),
                "journal": self._chain.report(),
                "reconcile": self._reconciling.report() if self._reconciling else {},
                "modes": {"process": self._mode.value, **counts.get("modes", {})},
                "loops": {
                    name: {"age_seconds": round(age, 1), "note": self._progress.notes()[name]}
                    for name, age in self._progress.ages().items()
                },
            }
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus's text format."""
        for name, age in self._progress.ages().items():
            self._metrics.loop_age.labels(name).set(age)
        self._metrics.logs_dropped.set(self._log_drops())
        if self._heartbeat:
            self._metrics.canary_age.set(self._heartbeat.canary.age())
            self._metrics.heartbeat_age.set(self._heartbeat.age())
        return web.Response(
            body=self._metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )


def answer(data: Any, *, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(text=dump_json(data) + "\n", status=status, content_type="application/json")
