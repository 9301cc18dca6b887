"""Owns the rule-loading benchmark: a thousand rules in twenty files; the one rule: they are such as operators write.

What is timed is what `rules check` and a reload do, reading the files included; and the program itself, from its start to its exit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import leh_guardian.handlers
from leh_guardian.registry import discover
from leh_guardian.rules.loader import check_rules, load_rules
from tests.benchmarks.report import spread, table

_FILES, _RULES = 20, 50
_RULE = """
  - id: worker-{file}-{number}-dlq
    description: Worker {number} of file {file} has messages in its dead-letter queue.
    runbook: "시나리오 A"
    mode: propose
    pattern:
      source: [aws.cloudwatch]
      detail-type: [CloudWatch Alarm State Change]
      detail:
        alarmName: [{{prefix: leh-worker-{file}-{number}-dlq}}]
        state: {{value: [ALARM]}}
    resolve_on:
      detail: {{state: {{value: [OK]}}}}
    dedup: detail.alarmName
    severity: sev2
    guards: {{cooldown: 10m, budget: [{{max: 3, per: 1h}}]}}
    actions:
      - uses: dlq_redrive
        with: {{queue: "${{event.detail.configuration.metrics[0].metricStat.metric.dimensions.QueueName}}", rate: 20}}
        timeout: 30m
    verify:
      uses: queue_drained
      with: {{queue: "${{event.detail.configuration.metrics[0].metricStat.metric.dimensions.QueueName}}", returns: true}}
      within: 1h
"""


def measure_loading(folder: Path, rounds: int) -> None:
    """Print how long it takes to load and to check a thousand rules."""
    directory = folder / "thousand-rules"
    _write(directory)
    registry = discover(leh_guardian.handlers)
    measured = [
        ("load", _measured(lambda: load_rules(directory, registry), rounds)),
        ("check", _measured(lambda: check_rules(directory, registry), rounds)),
        ("`rules check` as a program", _measured(lambda: _run_check(directory), rounds)),
    ]
    rules, findings = check_rules(directory, registry)
    assert rules is not None
    assert len(rules.rules) == _FILES * _RULES
    assert not findings, "\n".join(map(str, findings))
    size = sum(file.stat().st_size for file in directory.iterdir())
    print(
        f"\nRules: {len(rules.rules)} in {_FILES} files of {size / 1000:.0f} kB together, {rounds} rounds, median (min-max)"
    )
    table(["", "seconds", "CPU seconds"], [[what, spread(wall, 2), spread(cpu, 2)] for what, (wall, cpu) in measured])


def _write(directory: Path) -> None:
    directory.mkdir()
    for file in range(_FILES):
        rules = "".join(_RULE.format(file=file, number=number) for number in range(_RULES))
        (directory / f"{file:02}.yaml").write_text(f"version: 1\nrules:{rules}", encoding="utf-8")


def _run_check(directory: Path) -> None:
    program = Path(sys.executable).with_name("leh-guardian")
    subprocess.run([program, "rules", "check", directory], check=True, capture_output=True)


def _measured(work: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds and the CPU seconds of each round, those of the programs it waited for included."""
    wall, cpu = [], []
    for _ in range(rounds):
        began, spent = time.perf_counter(), _cpu()
        work()
        wall.append(time.perf_counter() - began)
        cpu.append(_cpu() - spent)
    return wall, cpu


def _cpu() -> float:
    return sum(os.times()[:4])
