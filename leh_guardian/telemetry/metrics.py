"""Owns the metrics; the one rule: label values come from closed lists, never from an event."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """Every metric of the daemon, over a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        r = self.registry
        self.messages = Counter("guardian_messages", "Messages taken from the alert queue", ["outcome"], registry=r)
        self.deleted = Counter("guardian_messages_deleted", "Messages whose deletion SQS confirmed", registry=r)
        self.duplicates = Counter("guardian_duplicates", "Matched events already in the inbox", registry=r)
        self.actions = Counter(
            "guardian_attempts", "Attempts by how they left their action", ["handler", "status"], registry=r
        )
        self.attempt_seconds = Histogram(
            "guardian_attempt_seconds",
            "How long attempts took",
            ["handler"],
            buckets=(0.1, 1, 5, 30, 120, 600, 3600),
            registry=r,
        )
        self.loop_age = Gauge(
            "guardian_loop_progress_age_seconds", "Since a loop last made progress", ["loop"], registry=r
        )
        self.loop_errors = Counter("guardian_loop_errors", "Failed rounds of a loop", ["loop"], registry=r)
        self.client_ok = Gauge("guardian_client_up", "Whether a client's last ping succeeded", ["client"], registry=r)
        self.queue = Gauge("guardian_queue_messages", "Approximate depth of the alert queue", ["state"], registry=r)
        self.open_incidents = Gauge("guardian_incidents_open", "Open incidents", registry=r)
        self.open_actions = Gauge(
            "guardian_actions", "Unsettled actions, and those that need a person", ["status"], registry=r
        )
        self.untold = Gauge(
            "guardian_messages_untold", "Messages to people that failed at least once and are not delivered", registry=r
        )
        self.clock_ahead = Gauge(
            "guardian_clock_ahead_seconds", "How far this machine's clock is ahead of the database's", registry=r
        )
        self.timers_overdue = Gauge("guardian_timers_overdue", "Timers due for more than a minute", registry=r)
        self.audit_repairs = Counter(
            "guardian_audit_repairs",
            "Open incidents that nothing went on with, by the timer they lacked",
            ["timer"],
            registry=r,
        )
        self.escalation_lateness = Gauge(
            "guardian_escalation_lateness_seconds",
            "How long the oldest timer that is 2 minutes late has been due",
            registry=r,
        )
        self.oldest_unsent = Gauge(
            "guardian_oldest_unsent_seconds",
            "How long the oldest message that is 2 minutes late has been due",
            registry=r,
        )
        self.circuits = Counter(
            "guardian_circuit_changes",
            "Changes of circuits, by the state they changed to",
            ["scope", "state"],
            registry=r,
        )
        self.beats = Counter(
            "guardian_heartbeats_heard",
            "Heartbeats from outside, by whether they are expected",
            ["expected"],
            registry=r,
        )
        self.expectations = Counter(
            "guardian_expectations", "What became of what absence rules expect", ["outcome"], registry=r
        )
        self.ticks = Counter("guardian_schedule_ticks", "Ticks of schedule rules", ["outcome"], registry=r)
        self.reconciled = Counter(
            "guardian_reconciled",
            "What no event told of and was made up for by AWS's own word, by what it is",
            ["kind"],
            registry=r,
        )
        self.reconcile_looks = Counter(
            "guardian_reconcile_looks", "Comparisons with AWS, by how they ended", ["source", "outcome"], registry=r
        )
        self.probe_looks = Counter(
            "guardian_probe_looks", "Looks at the service, by how they ended", ["probe", "outcome"], registry=r
        )
        self.probe_up = Gauge(
            "guardian_probe_up", "Whether the newest look at the service went well", ["probe"], registry=r
        )
        self.rules_loads = Counter(
            "guardian_rules_loads", "Loads of the rule files, by outcome", ["outcome"], registry=r
        )
        self.rules_ok = Gauge(
            "guardian_rules_last_reload_ok", "Whether the rule files on disk are the ones in use", registry=r
        )
        self.rules_info = Gauge("guardian_rules_info", "The rule set in use", ["revision"], registry=r)
        self.canary_age = Gauge(
            "guardian_canary_age_seconds",
            "Since the newest canary that came through was sent, or since the start; NaN without `heartbeat`",
            registry=r,
        )
        self.heartbeat_age = Gauge(
            "guardian_heartbeat_age_seconds",
            "Since the last heartbeat that was taken, or since the start; NaN without `heartbeat`",
            registry=r,
        )
        for age in (self.canary_age, self.heartbeat_age):
            age.set(float("nan"))
        self.heartbeats = Counter(
            "guardian_heartbeats", "Heartbeats by what became of them", ["place", "outcome"], registry=r
        )
        self.distress = Gauge(
            "guardian_distress", "Whether people were told that guardian itself cannot work", ["outage"], registry=r
        )
        self.distress_notices = Counter(
            "guardian_distress_notices", "Notices that went to people directly", ["channel", "outcome"], registry=r
        )
        self.logs_dropped = Gauge(
            "guardian_log_records_dropped", "Log records dropped because the pipe was blocked", registry=r
        )

    def render(self) -> bytes:
        """Return Prometheus's text format."""
        return generate_latest(self.registry)
