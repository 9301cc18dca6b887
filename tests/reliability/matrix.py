"""Owns the table of faults and what answers for each; the one rule: a row without a test says so.

The numbers F1 to F36 and I1 to I18 are kept for good: tests, code and people refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass

SIMULATION = "tests/sim/test_simulation.py::test_every_promise_is_kept_for_every_seed"
KILLS = "tests/faults/test_random_kills.py::test_random_kills"
POINTS = "tests/faults/test_kill_points.py::test_kill_points"
CONTRACT = "tests/contracts/handlers/test_contracts.py::test_contract"
CALLING = "tests/faults/test_calling.py::test_calling"
SPENDING = "tests/faults/test_spending.py::test_spending"
REPROCESS = "tests/faults/test_killed_reprocess.py::test_killed_reprocess"
RESTORE = "tests/faults/test_killed_restore.py::test_killed_restore"
BODIES = "tests/hostile/test_bodies.py::test_nothing_crashes_nothing_is_lost_and_good_alarms_go_through"


@dataclass(frozen=True)
class Invariant:
    """A promise of the whole, and where it is held."""

    id: str
    says: str
    held: str


INVARIANTS = (
    Invariant("I1", "what is deleted from the queue is committed", "at each delete: simulation, real processes"),
    Invariant("I2", "an event is planned as its rules say, once, wholly or not at all", "simulation, real processes"),
    Invariant("I3", "once all is well again everything comes to its end", "simulation, real processes"),
    Invariant(
        "I4",
        "exactly once: never twice, and once if it succeeded",
        "at the target: simulation, real processes, contracts",
    ),
    Invariant(
        "I5",
        "at least once: never lost; repetitions are counted",
        "at the receiver: simulation, real processes, contracts",
    ),
    Invariant("I6", "at most once: never twice; an unknown outcome goes to a person", "simulation, contracts"),
    Invariant("I7", "what is newest at its source holds, whatever the order of arrival", "simulation"),
    Invariant("I8", "budgets hold over all replicas", "simulation, real processes"),
    Invariant(
        "I9",
        "nothing starts once the kill switch is thrown; what runs stops at its next checkpoint",
        "simulation, real processes",
    ),
    Invariant("I10", "an effect has a committed attempt before it", "at each effect: simulation, real processes"),
    Invariant("I11", "memory, descriptors and queues are bounded", "the storm"),
    Invariant(
        "I12",
        "every call that leaves the process ends in time",
        "a test reads the code; frozen PostgreSQL, hanging SQS",
    ),
    Invariant(
        "I13",
        "a person is told, if need be past the part that failed",
        "distress, canary, heartbeat; calls in real processes",
    ),
    Invariant("I14", "secrets and resident numbers do not come out", "canary secrets in every input"),
    Invariant("I15", "two replicas do what one does", "simulation, real processes"),
    Invariant(
        "I16", "nobody is forgotten: an open incident has its next call", "simulation, real processes, audit of calls"
    ),
    Invariant("I17", "what is used or counted is counted once, whatever is delivered how often", "simulation"),
    Invariant(
        "I18",
        "a circuit's copy never goes back and ends as the record says; every state has an exit; no version for nothing",
        "at each write of the worker's table: simulation",
    ),
)


@dataclass(frozen=True)
class Row:
    """A fault, what the daemon does about it, and what shows it."""

    id: str
    fault: str
    answer: str
    tests: tuple[str, ...]
    figures: tuple[tuple[str, str], ...] = ()
    """(section, key) of what was measured."""
    lacks: str = ""
    """What is not shown."""


def _faults(file: str, test: str) -> str:
    return f"tests/faults/test_{file}.py::test_{test}"


ROWS = (
    Row(
        "F1",
        "kill -9 at each named point",
        "leases run out, messages come back; goes on from the checkpoints",
        (POINTS, REPROCESS, RESTORE, CALLING, SPENDING, SIMULATION),
        (("faults", "kill_points"), ("faults", "reprocess_kills"), ("faults", "restore_kills")),
    ),
    Row("F2", "kill -9 at random", "the same", (KILLS, CALLING, SPENDING, SIMULATION), (("faults", "random_kills"),)),
    Row(
        "F3",
        "frozen past its lease",
        "fenced: writes nothing, calls nobody",
        (_faults("freezes", "freezes"), CONTRACT, SIMULATION),
        (("faults", "freezes"),),
    ),
    Row(
        "F4",
        "PostgreSQL restarts",
        "keeps what it received, connects again with pauses",
        (_faults("postgres", "postgresql"), SIMULATION),
        (("faults", "postgresql_restarts"),),
    ),
    Row(
        "F5",
        "PostgreSQL fails over",
        "the standby is refused as read-only until it is the writer; with a synchronous one nothing is lost",
        (_faults("postgres", "postgresql"),),
        (("faults", "postgresql_failover"),),
        lacks="what an asynchronous standby lost is lost, and must be replayed from an EventBridge archive",
    ),
    Row(
        "F6",
        "PostgreSQL frozen",
        "every call ends at its deadline; alive, not ready, says so; people are told after two minutes",
        (_faults("postgres", "postgresql"),),
        (
            ("faults", "postgresql_frozen"),
            ("faults", "postgresql_frozen_stop"),
        ),
    ),
    Row(
        "F7",
        "PostgreSQL slow",
        "taking in slows down; leases are renewed on connections of their own, by one statement that waits for no lock",
        (_faults("postgres", "postgresql"),),
        (("faults", "postgresql_slow"),),
    ),
    Row(
        "F8",
        "no connection left",
        "waits with pauses; health answers",
        (_faults("postgres", "postgresql"),),
        (("faults", "postgresql_full"),),
    ),
    Row(
        "F9",
        "COMMIT's answer lost",
        "unknown: repeated with the same keys",
        (_faults("postgres", "postgresql"), SIMULATION),
        (("faults", "postgresql_commit_unknown"),),
    ),
    Row(
        "F10",
        "SQS throttles, fails, hangs",
        "pauses with jitter, a bounded number of calls; not ready",
        (_faults("sqs", "sqs"), SIMULATION, CONTRACT),
        (("faults", "sqs_5xx"), ("faults", "sqs_throttling"), ("faults", "sqs_hang"), ("faults", "sqs_slow")),
    ),
    Row("F11", "duplicates, any order", "planned once; state by the source's time", (SIMULATION, KILLS)),
    Row(
        "F12", "visibility ends during the work", "the inbox finds the message when it comes back", (SIMULATION, KILLS)
    ),
    Row("F13", "a delete fails or its receipt ran out", "as F12", (SIMULATION, KILLS)),
    Row(
        "F14",
        "OpenSearch away",
        "optional: named by /status, fails nothing; a look that needs it is tried again, and `await_provider` can wait for it",
        ("tests/e2e/test_daemon.py", CONTRACT, "tests/integration/handlers/test_await_internal.py"),
    ),
    Row(
        "F15",
        "the other side hangs or drips",
        "a deadline for the whole answer",
        (CONTRACT, "tests/unit/test_deadlines.py::test_every_call_that_leaves_the_process_has_a_deadline"),
    ),
    Row(
        "F16",
        "the other side fails before or after the effect",
        "as the effect class says; what is unknown is shown",
        (CONTRACT,),
    ),
    Row(
        "F17",
        "clocks jump",
        "time is the database's, carried on by CLOCK_BOOTTIME",
        (_faults("clock", "clock"), SIMULATION),
        (("faults", "clock_jumps"),),
    ),
    Row(
        "F18",
        "no name is resolved",
        "calls end in time, nothing else starves",
        (_faults("sqs", "name_service"),),
        (("faults", "dns_silent"),),
    ),
    Row(
        "F19",
        "disk full, log pipe blocked",
        "records are dropped and counted; the work goes on",
        (_faults("logs", "logs"),),
        (("faults", "log_full_disk"), ("faults", "log_blocked_pipe")),
    ),
    Row(
        "F20", "two replicas get one event", "one plan, one owner", (SIMULATION, KILLS, _faults("replicas", "replicas"))
    ),
    Row(
        "F21",
        "a rule file torn or flipped",
        "the last good rules stay; cut-off files are held back; with SHA256SUMS every difference is refused",
        ("tests/unit/rules/test_mutations.py",),
    ),
    Row(
        "F22",
        "an empty folder of rules",
        "refused at a reload that had rules",
        ("tests/integration/engine/test_reloader.py",),
    ),
    Row("F23", "hostile bodies", "isolated, journalled, left to the queue's own redrive policy", (BODIES,)),
    Row(
        "F24",
        "a storm",
        "coalesced; bounded memory; an unrelated alarm is acted on meanwhile",
        (_faults("storm", "storm"),),
        (("faults", "storm"),),
    ),
    Row(
        "F25",
        "a flood of keys that an attacker chose",
        "budgets bound effects and messages per rule",
        ("tests/hostile/test_flood.py::test_thousands_of_keys_are_told_a_bounded_number_of_times",),
    ),
    Row(
        "F26",
        "a channel fails",
        "goes by the next channel, also where no receipt comes; tried for hours where there is none, and said on the console",
        (
            CONTRACT,
            CALLING,
            "tests/integration/engine/test_calling.py::test_a_channel_that_fails_is_replaced_by_the_next",
            "tests/integration/engine/test_outgoing.py::test_what_does_not_arrive_goes_another_way",
            "tests/unit/engine/test_distress.py::test_a_channel_that_fails_falls_to_the_console_and_is_tried_on",
        ),
        (("faults", "calling_kills"),),
    ),
    Row(
        "F27",
        "all channels fail",
        "the heartbeat stops, so that the outside tells; messages untold show in /status and the metrics",
        ("tests/e2e/test_heartbeat.py::test_falls_silent_where_nobody_can_be_reached",),
    ),
    Row(
        "F28",
        "the daemon hangs",
        "the watchdog is no longer fed, /livez names the loop, the heartbeat stops",
        (
            "tests/e2e/test_watchdog.py::test_a_hang_silences_the_watchdog",
            "tests/e2e/test_heartbeat.py::test_falls_silent_where_the_path_hangs",
        ),
    ),
    Row(
        "F29",
        "a crash loop",
        "systemd's StartLimitBurst; the heartbeat stays away",
        ("tests/integration/test_packaging.py",),
        lacks="systemd itself is not run",
    ),
    Row(
        "F30",
        "SIGTERM at any time, twice",
        "drains within its bound; nothing is left behind",
        (_faults("shutdown", "shutdown"), SIMULATION),
        (("faults", "stops"), ("faults", "second_signal")),
    ),
    Row(
        "F31",
        "credentials refused",
        "degraded, told once, few calls",
        (_faults("sqs", "sqs"),),
        (
            ("faults", "sqs_denied"),
            ("faults", "sqs_credentials"),
        ),
    ),
    Row(
        "F32",
        "a flapping target; a case that spends, and its worker or DynamoDB away",
        "the case breaker: paused, tried with a leased allowance, paused for longer each time; its work is parked, and comes back",
        (SPENDING, "tests/unit/model/spend/test_circuit.py", "tests/integration/gate/test_replay.py"),
        (("faults", "spending_kills"),),
        lacks="only cases and accounts have a circuit: what else flaps is bounded by its rule's cooldown and budget",
    ),
    Row(
        "F33",
        "a redrive loop",
        "the rule's budget, then a person; what dies again leaves the queue; what our code is at fault for waits for a deployment",
        ("tests/unit/rules/test_golden.py", "tests/integration/handlers/test_redrive_proof.py", REPROCESS),
    ),
    Row(
        "F34",
        "the kill switch while busy",
        "nothing more is started; what runs stops at its next checkpoint",
        (_faults("replicas", "replicas"), SIMULATION),
        (("faults", "kill_switch"),),
    ),
    Row(
        "F35",
        "replicas of two versions",
        "the older one works on under a newer schema, also after a restart and alone; an action of an unknown handler is left to"
        " the other for ten minutes",
        (_faults("versions", "versions"), "tests/integration/store/contract/test_claims.py"),
        (("faults", "versions"),),
    ),
    Row(
        "F36",
        "memory or descriptors run out",
        "waits, or dies and is started again; what was taken in is done",
        (_faults("pressure", "pressure"),),
        (("faults", "descriptors_out"), ("faults", "memory_out")),
    ),
)
