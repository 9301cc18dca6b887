"""Owns guardian's probes of the service, built by the settings; the one rule: secrets are read at the start, and shown to nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

import aiohttp

from leh_guardian.adapters.service_probe import HttpProbe, HttpStep, Upload, probe_session
from leh_guardian.clock import Clock
from leh_guardian.engine import probing
from leh_guardian.engine.auditor import Auditor
from leh_guardian.engine.loops import Loop
from leh_guardian.engine.probing import ProbesGone, Probing
from leh_guardian.engine.progression import Progression
from leh_guardian.errors import SettingsError
from leh_guardian.files import read_file
from leh_guardian.model.probe import Probe
from leh_guardian.rules.expressions import compile_expression
from leh_guardian.settings import Settings
from leh_guardian.settings.probes import FileSettings, ProbeSecret, ProbeSettings, StepSettings
from leh_guardian.store.pool import Pool
from leh_guardian.telemetry.metrics import Metrics

_LARGEST: Final = 8192
_SHORTEST: Final = 4
"""Characters of a secret, at least: shorter ones could not be told from ordinary words where they must be masked."""
_PAUSE: Final = 5.0
_DATABASE: Final = "postgresql"


async def open_probes(
    settings: Settings,
    pool: Pool,
    progression: Progression,
    auditor: Auditor,
    clock: Clock,
    metrics: Metrics,
    loop: Callable[..., Loop],
    stack: AsyncExitStack,
    *,
    replica: str,
    planned: Callable[[], None],
) -> list[Loop]:
    """Make the loops that look at the service, one for each probe, and the one that tidies up after probes that are gone."""

    def reaches_others() -> bool:
        clients = auditor.snapshot.clients.items()
        return any(trouble is None for name, trouble in clients if name != _DATABASE)

    gone = ProbesGone([wanted.name for wanted in settings.probes], pool, progression, clock, replica=replica)
    loops = [loop("probes", gone.run_once, pause=probing.TIDY)]
    if not settings.probes:
        return loops
    session = await stack.enter_async_context(probe_session())
    for wanted in settings.probes:
        one = Probing(
            entry(wanted),
            service_probe(wanted, session, os.environ),
            pool,
            progression,
            clock,
            metrics,
            reaches_others,
            settings.incidents.resolve_hold,
            replica=replica,
            planned=planned,
        )
        limit = 75.0 + wanted.longest.total_seconds()
        loops.append(loop(f"probe_{wanted.name}", one.run_once, pause=_PAUSE, limit=limit))
    return loops


def entry(wanted: ProbeSettings) -> Probe:
    """Return what a probe leads to."""
    return Probe(
        name=wanted.name,
        every=wanted.every.total_seconds(),
        failures=wanted.failures,
        successes=wanted.successes,
        severity=wanted.severity,
        policy=wanted.policy,
        level=wanted.level,
        covers=wanted.covers,
        longest=wanted.longest.total_seconds(),
    )


def service_probe(wanted: ProbeSettings, session: aiohttp.ClientSession, environ: Mapping[str, str]) -> HttpProbe:
    """Return what takes a probe's steps.

    Raises:
        SettingsError: one of its secrets cannot be read.
    """
    secrets = {
        name: _secret(f"probes.{wanted.name}.secrets.{name}", secret, environ)
        for name, secret in wanted.secrets.items()
    }
    return HttpProbe(session, [_step(step) for step in wanted.steps], secrets)


def _secret(setting: str, secret: ProbeSecret, environ: Mapping[str, str]) -> str:
    if secret.file is not None:
        try:
            found = read_file(secret.file, _LARGEST).decode("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{setting}: cannot read {secret.file}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise SettingsError(f"{setting}: {secret.file} holds no text") from None
    else:
        found = environ.get(secret.env or "", "")
    if len(found) < _SHORTEST or not found.isprintable():
        place = secret.file or f"the variable {secret.env}"
        raise SettingsError(f"{setting}: {place} holds no line of {_SHORTEST} characters or more")
    return found


def _step(wanted: StepSettings) -> HttpStep:
    return HttpStep(
        name=wanted.name or "",
        url=wanted.url,
        method=wanted.method,
        headers=wanted.headers,
        json=wanted.body,
        form=wanted.form,
        text=wanted.text,
        file=_file(wanted.file),
        statuses=wanted.expect.status,
        contains=wanted.expect.contains,
        values=tuple((compile_expression(text), value) for text, value in wanted.expect.values.items()),
        take=tuple((name, compile_expression(text)) for name, text in wanted.take.items()),
        timeout=wanted.timeout.total_seconds(),
        redirects=wanted.redirects,
        cleanup=wanted.cleanup,
        hosts=frozenset(wanted.hosts),
    )


def _file(wanted: FileSettings | None) -> Upload | None:
    return None if wanted is None else Upload(wanted.name, wanted.content, wanted.type, wanted.field)
