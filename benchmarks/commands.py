"""What the commands take as whole processes, as against a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

BIN = Path(sys.executable).parent
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "stuck-jobs gate": [str(BIN / "stuck-jobs"), "gate"],
    "stuck-jobs collect": [str(BIN / "stuck-jobs"), "collect"],
    "stuck-jobs validate": [str(BIN / "stuck-jobs"), "validate"],
    "dbt build --selector check": [str(BIN / "dbt"), "build", "--selector", "check"],
}


def seconds(command: list[str]) -> float:
    """Run a command once, whatever it ends with; its wall time in seconds."""
    begin = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return time.perf_counter() - begin


@click.command()
@click.option("--repetitions", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--inside", is_flag=True, hidden=True)
def main(repetitions: int, inside: bool) -> None:
    """Time the commands on the empty pipeline of a sandbox, warm, and print medians and ratios."""
    if not inside:
        again = [sys.executable, "-m", "benchmarks.commands", "--inside", "--repetitions", str(repetitions)]
        sys.exit(subprocess.run([BIN / "stuck-jobs", "sandbox", "--", *again], check=False).returncode)
    seconds(COMMANDS["dbt build --selector check"])
    times = {name: median(seconds(command) for _ in range(repetitions)) for name, command in COMMANDS.items()}
    table = Table(title=f"Whole processes, medians of {repetitions}, on {os.cpu_count()} cores")
    table.add_column("command")
    table.add_column("seconds", justify="right")
    table.add_column("times Python's start", justify="right")
    floor = times["python -c pass"]
    for name, took in times.items():
        table.add_row(name, f"{took:.2f}", f"{took / floor:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
