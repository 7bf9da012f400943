"""The command line `stuck-jobs`."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from types import FrameType
from typing import Any

import click

from stuck_jobs import __version__
from stuck_jobs.errors import as_expected

COMMANDS = {
    "alert": "stuck_jobs.alert.command:alert",
    "check": "stuck_jobs.watch.once:check",
    "collect": "stuck_jobs.collect.command:collect",
    "demo": "stuck_jobs.demo.command:demo",
    "doctor": "stuck_jobs.doctor.command:doctor",
    "gate": "stuck_jobs.gate.command:gate",
    "heal": "stuck_jobs.heal.command:heal",
    "init": "stuck_jobs.init.command:init",
    "mcp": "stuck_jobs.mcp.command:mcp",
    "metrics": "stuck_jobs.metrics:metrics",
    "project": "stuck_jobs.dbt_project:project",
    "recover": "stuck_jobs.recover.command:recover",
    "report": "stuck_jobs.report.command:report",
    "requeue": "stuck_jobs.requeue.command:requeue",
    "sandbox": "stuck_jobs.sandbox:sandbox",
    "step-aside": "stuck_jobs.step_aside.command:step_aside",
    "trace": "stuck_jobs.trace.command:trace",
    "validate": "stuck_jobs.expectations.command:validate",
    "watch": "stuck_jobs.watch.command:watch",
    "why": "stuck_jobs.why.command:why",
}

GROUPS = {
    "Begin": {
        "demo": "Shows all of it on a pipeline in which everything goes wrong.",
        "init": "Finds the job system in a database, and makes a project that watches it.",
        "doctor": "Says what a build still lacks, and what to do about it.",
    },
    "Look": {
        "check": "Looks once, without dbt, and says what the gate says.",
        "watch": "Looks every few seconds, tells what has changed, and serves metrics.",
        "why": "Says where one job is, why, and what would move it.",
        "collect": "Copies what waits in Redis into PostgreSQL.",
        "report": "Writes a page that shows what is stuck, since when and why.",
        "alert": "Tells what has changed since the last time.",
        "metrics": "Prints the points as metrics for Prometheus.",
        "mcp": "Answers an assistant over the Model Context Protocol.",
        "trace": "Sends the life of each job to a tracing system.",
    },
    "Stop a deployment": {
        "gate": "Says whether one may go on.",
        "validate": "Runs the Great Expectations suites over the views.",
    },
    "Put it right": {
        "recover": "Shows what it would do about each stuck job, and does it.",
        "requeue": "Puts dead letters back where that is safe.",
        "heal": "Does one cycle of looking and putting right, for a scheduler.",
    },
    "Maintain": {
        "project": "Prints where the dbt project is.",
        "sandbox": "Runs a command with a throw-away PostgreSQL.",
        "step-aside": "Lets go of the watched tables for a migration.",
    },
}
"""What the help says of each command, none of which is imported for that."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, so that no command waits for another's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Show them by what they are for, each with its whole sentence."""
        for title, commands in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([*commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error leaves as one line on stderr."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            expected = as_expected(error)
            if expected is None:
                raise
            raise expected from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stuck-jobs")
def main() -> None:
    """Find where the work of a job pipeline piles up, say why, and gate on it.

    Exit codes: 0 done, 1 the gate is closed, 2 no answer (wrong usage, or a server that cannot be reached).
    """
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to stop


def _terminate(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Unwind every `with` block, once: a second signal must not interrupt the clean-up."""
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)
