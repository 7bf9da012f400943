"""What the project's own tests take, now and at an earlier commit, side by side on the same machine.

Run as `python -m benchmarks.suite`: half an hour or more, on a machine that does nothing else. Where it does
more, CPU seconds tell more than the clock.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
EARLIER = "d47a5b9"
PR_SET_CHILD_SUBREAPER = 36
TOTALS = re.compile(r"^(?:\d+ \w+, )*\d+ passed.*$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """A run of all the tests.

    Attributes:
        wall_seconds: by the clock.
        cpu_seconds: of all processes, the servers too.
        totals: pytest's last line.
    """

    wall_seconds: float
    cpu_seconds: float
    totals: str


def run_tests(commit: str, directory: Path, tests: str) -> Run:
    """Check a commit out, install it, and run its tests once.

    Args:
        commit: of this repository.
        directory: to do it in; does not exist yet.
        tests: the `TESTS=` of its Makefile.
    """
    for command in (
        ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(directory)],
        ["git", "-C", str(directory), "checkout", "--quiet", commit],
        ["make", "-C", str(directory), "--silent", "install"],
    ):
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    log = directory / "tests.log"
    before, begin = _cpu_seconds(), time.perf_counter()
    with log.open("w") as output:
        command = ["make", "-C", str(directory), "--silent", "test", f"TESTS={tests}"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        while os.wait()[0] != process.pid:
            pass
    wall = time.perf_counter() - begin
    found = TOTALS.findall(log.read_text())
    return Run(wall, _cpu_seconds() - before, found[-1] if found else "no totals")


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _adopt_orphans() -> None:
    """Have the kernel count the servers, which part from those that start them, among our children."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@click.command()
@click.option("--earlier", default=EARLIER, show_default=True, help="The commit to compare with.")
@click.option("--now", default="HEAD", show_default=True, help="The commit in question.")
@click.option("--tests", default="", help="Some of the tests, as in `make test TESTS=`.")
def main(earlier: str, now: str, tests: str) -> None:
    """Run the tests of both commits, one after the other, and print what they took."""
    _adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="sj-") as scratch:
        runs = {commit: run_tests(commit, Path(scratch) / commit, tests) for commit in (earlier, now)}
    table = Table(title=f"make test on {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}")
    for column in ("commit", "wall, min", "CPU, min", "tests"):
        table.add_column(column, justify="left" if column in ("commit", "tests") else "right")
    for commit, run in runs.items():
        table.add_row(commit, f"{run.wall_seconds / 60:.1f}", f"{run.cpu_seconds / 60:.1f}", run.totals)
    first, last = runs.values()
    table.add_row(
        "ratio",
        f"{last.wall_seconds / first.wall_seconds:.2f}",
        f"{last.cpu_seconds / first.cpu_seconds:.2f}",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
