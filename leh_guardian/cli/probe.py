"""Owns `leh-guardian probe NAME`: one look at the service, step by step; the one rule: it writes nothing down and tells nobody."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

import anyio
import click

from leh_guardian.adapters.service_probe import probe_session
from leh_guardian.app.probing import service_probe
from leh_guardian.cli.output import out, print_json_lines
from leh_guardian.model.probe import StepLook, failed_in
from leh_guardian.rules.diagnostics import did_you_mean
from leh_guardian.settings import load_settings
from leh_guardian.settings.probes import ProbeSettings


@click.command()
@click.argument("name")
@click.option("--json", "json_", is_flag=True, help="One step per line.")
def probe(name: str, json_: bool) -> None:
    """Look at the service once with the probe NAME of guardian.yaml; exit 1 if a step fails."""
    wanted = {one.name: one for one in load_settings(os.environ).probes}
    if name not in wanted:
        known = did_you_mean(name, wanted) or (f"there are {', '.join(wanted)}" if wanted else "guardian.yaml has none")
        raise click.BadParameter(f"there is no probe named {name!r}; {known}", param_hint="NAME")
    looks = anyio.run(_look, wanted[name])
    if json_:
        print_json_lines([asdict(look) for look in looks])
    else:
        for look in looks:
            out(_line(look))
    sys.exit(0 if failed_in(looks) is None else 1)


async def _look(wanted: ProbeSettings) -> Sequence[StepLook]:
    async with probe_session() as session:
        return await service_probe(wanted, session, os.environ).look()


def _line(look: StepLook) -> str:
    if look.ok:
        return f"성공  {look.step} ({look.seconds:.2f}초)"
    return f"실패  {look.step} ({look.seconds:.2f}초)\n      기대: {look.expected}\n      실제: {look.seen}"
