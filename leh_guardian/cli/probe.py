"""Owns `leh-guardian probe NAME`: one look at the service, step by step; the one rule: it writes nothing down and tells nobody."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import anyio
import click

from leh_guardian.adapters.service_probe import probe_session
from leh_guardian.app.probing import service_probe
from leh_guardian.cli.language import said
from leh_guardian.cli.output import out, print_json_lines
from leh_guardian.language import Text, lines_of
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
        print_json_lines([_json(look) for look in looks])
    else:
        for look in looks:
            out(_line(look))
    sys.exit(0 if failed_in(looks) is None else 1)


async def _look(wanted: ProbeSettings) -> Sequence[StepLook]:
    async with probe_session() as session:
        return await service_probe(wanted, session, os.environ).look()


def _json(look: StepLook) -> dict[str, Any]:
    words = {"step": said(look.named), "expected": said(look.expected), "seen": said(look.seen)}
    return {**asdict(look), **words}


def _line(look: StepLook) -> Text:
    step, took = look.named, f"{look.seconds:.2f}"
    if look.ok:
        return Text(ko=f"성공  {step.ko} ({took}초)", en=f"ok      {step.en} ({took} s)")
    return lines_of(
        Text(ko=f"실패  {step.ko} ({took}초)", en=f"failed  {step.en} ({took} s)"),
        Text(ko=f"      기대: {look.expected.ko}", en=f"        expected: {look.expected.en}"),
        Text(ko=f"      실제: {look.seen.ko}", en=f"        seen: {look.seen.en}"),
    )
