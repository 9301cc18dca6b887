"""Owns the program's entry: lazy subcommands, and one place that turns errors into one message and an exit code.

The one rule: bad input never ends in a traceback. 0 good, 1 the answer is "no" or there are findings, 2 bad usage or input,
75 a needed service is away, 78 bad configuration (sysexits.h).
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from leh_guardian import __version__
from leh_guardian.cli import output
from leh_guardian.cli.lazy import LazyGroup
from leh_guardian.errors import (
    AccessDenied,
    GuardianError,
    RuleError,
    SettingsError,
    StoreError,
    StoreUnavailable,
    Transient,
)
from leh_guardian.model.text import without_passwords

_COMMANDS = {
    "run": "leh_guardian.cli.run:run",
    "demo": "leh_guardian.cli.demo.command:demo",
    "doctor": "leh_guardian.cli.doctor:doctor",
    "incidents": "leh_guardian.cli.incidents:incidents",
    "actions": "leh_guardian.cli.actions:actions",
    "silence": "leh_guardian.cli.silence:silence",
    "redrive": "leh_guardian.cli.redrive:redrive",
    "case": "leh_guardian.cli.case:case",
    "account": "leh_guardian.cli.account:account",
    "deployments": "leh_guardian.cli.deployments:deployments",
    "breaker": "leh_guardian.cli.breaker:breaker",
    "usage": "leh_guardian.cli.usage:usage",
    "audit": "leh_guardian.cli.audit:audit",
    "mode": "leh_guardian.cli.mode:mode",
    "rules": "leh_guardian.cli.rules:rules",
    "simulate": "leh_guardian.cli.simulate:simulate",
    "notify": "leh_guardian.cli.notify:notify",
    "oncall": "leh_guardian.cli.oncall:oncall",
    "probe": "leh_guardian.cli.probe:probe",
    "checks": "leh_guardian.cli.checks:checks",
    "pattern": "leh_guardian.cli.pattern:pattern",
    "diagnose": "leh_guardian.cli.diagnose:diagnose",
    "uploads": "leh_guardian.cli.uploads:uploads",
    "scan": "leh_guardian.cli.scan:scan",
    "handlers": "leh_guardian.cli.handlers:handlers",
}


@click.group(cls=LazyGroup, elsewhere=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leh-guardian")
def cli() -> None:
    """leh_guardian: takes alerts from SQS, matches YAML rules, runs remedies, tells people."""


def exit_code(error: GuardianError) -> int:
    """Return the exit code for an error that ends a command."""
    match error:
        case StoreUnavailable() | Transient():
            return 75
        case SettingsError() | RuleError() | StoreError() | AccessDenied():
            return 78
        case _:
            return 1


def main(arguments: list[str] | None = None) -> None:
    """Run the program; never returns."""
    try:
        output.set_up_streams()
        # Libraries complain through logging of what an interrupted call leaves behind; commands speak for themselves, and
        # the daemon sets up its own log.
        logging.getLogger().addHandler(logging.NullHandler())
        code = _run(arguments)
        output.flush()
    except output.OutputLost as error:
        output.tell(f"leh-guardian: {error}")
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    """Run a command; returns its exit code, with one message said where it is not the command's own."""
    stdout = sys.stdout
    try:
        code: Any = cli.main(args=arguments, prog_name="leh-guardian", standalone_mode=False)
    except SystemExit as done:
        # click puts another stream in the place of one whose reader has gone, here from a help text: nothing is wrong.
        code = done.code if sys.stdout is stdout else 0
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.UsageError as error:
        _explain(error)
        code = error.exit_code
    except click.ClickException as error:
        output.tell(f"leh-guardian: {error.format_message()}")
        code = error.exit_code
    except click.Abort:
        code = 130
    except GuardianError as error:
        output.tell(f"leh-guardian: {without_passwords(str(error))}")
        code = exit_code(error)
    return code if isinstance(code, int) else 0


def _explain(error: click.UsageError) -> None:
    if error.ctx is not None:
        output.tell(error.ctx.get_usage())
        output.tell(f"Try '{error.ctx.command_path} --help' for help.\n")
    output.tell(f"Error: {error.format_message()}")


if __name__ == "__main__":
    main()
