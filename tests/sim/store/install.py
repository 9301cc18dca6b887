"""Owns putting the twins in the place of the store's functions; the one rule: all of them or none, and back again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from leh_guardian import store
from leh_guardian.store import (
    actions,
    approvals,
    call_audit,
    canaries,
    channel_outages,
    check_reports,
    check_results,
    circuits,
    control,
    counters,
    deliveries,
    deployments,
    duty_overrides,
    early_oks,
    expectations,
    guards,
    heartbeats,
    inbox,
    incidents,
    journal,
    journal_chain,
    letters,
    overview,
    probes,
    provider_outages,
    reprocessing,
    schedule_ticks,
    silences,
    spending,
    target_runs,
    timers,
)
from tests.sim.store import actions as sim_actions
from tests.sim.store import approvals as sim_approvals
from tests.sim.store import call_audit as sim_call_audit
from tests.sim.store import canaries as sim_canaries
from tests.sim.store import channel_outages as sim_channel_outages
from tests.sim.store import check_reports as sim_check_reports
from tests.sim.store import check_results as sim_check_results
from tests.sim.store import circuits as sim_circuits
from tests.sim.store import control as sim_control
from tests.sim.store import counters as sim_counters
from tests.sim.store import deliveries as sim_deliveries
from tests.sim.store import deployments as sim_deployments
from tests.sim.store import duty_overrides as sim_duty_overrides
from tests.sim.store import early_oks as sim_early_oks
from tests.sim.store import expectations as sim_expectations
from tests.sim.store import guards as sim_guards
from tests.sim.store import heartbeats as sim_heartbeats
from tests.sim.store import inbox as sim_inbox
from tests.sim.store import incidents as sim_incidents
from tests.sim.store import journal as sim_journal
from tests.sim.store import journal_chain as sim_journal_chain
from tests.sim.store import letters as sim_letters
from tests.sim.store import overview as sim_overview
from tests.sim.store import probes as sim_probes
from tests.sim.store import provider_outages as sim_provider_outages
from tests.sim.store import reprocessing as sim_reprocessing
from tests.sim.store import schedule_ticks as sim_schedule_ticks
from tests.sim.store import silences as sim_silences
from tests.sim.store import spending as sim_spending
from tests.sim.store import target_runs as sim_target_runs
from tests.sim.store import timers as sim_timers

TWINS = (
    (actions, sim_actions),
    (approvals, sim_approvals),
    (call_audit, sim_call_audit),
    (canaries, sim_canaries),
    (channel_outages, sim_channel_outages),
    (check_reports, sim_check_reports),
    (check_results, sim_check_results),
    (circuits, sim_circuits),
    (control, sim_control),
    (counters, sim_counters),
    (deliveries, sim_deliveries),
    (deployments, sim_deployments),
    (duty_overrides, sim_duty_overrides),
    (early_oks, sim_early_oks),
    (expectations, sim_expectations),
    (guards, sim_guards),
    (heartbeats, sim_heartbeats),
    (inbox, sim_inbox),
    (incidents, sim_incidents),
    (journal, sim_journal),
    (journal_chain, sim_journal_chain),
    (letters, sim_letters),
    (overview, sim_overview),
    (probes, sim_probes),
    (provider_outages, sim_provider_outages),
    (reprocessing, sim_reprocessing),
    (schedule_ticks, sim_schedule_ticks),
    (silences, sim_silences),
    (spending, sim_spending),
    (target_runs, sim_target_runs),
    (timers, sim_timers),
)
"""(module of the store, its twin)."""

WITHOUT_TWIN = ("migrate", "pool", "rights", "transaction", "use")
"""Infrastructure, and what asks through others' questions alone."""


def questions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the public functions of a store's module that ask the database, by name."""
    return {
        name: function
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function)
        and not name.startswith("_")
        and function.__module__.startswith((store.__name__, "tests.sim.store"))
    }


_REAL = {real.__name__: questions(real) for real, _ in TWINS}


@contextmanager
def install() -> Iterator[None]:
    """Let the store's modules ask the `SimDatabase` of a transaction's connection while the block runs."""
    # Set by hand: it is done for each run, and a `patch` for each question takes a part of it that can be seen.
    try:
        for real, twin in TWINS:
            for name in _REAL[real.__name__]:
                setattr(real, name, getattr(twin, name))
        yield
    finally:
        for real, _ in TWINS:
            for name, function in _REAL[real.__name__].items():
                setattr(real, name, function)
