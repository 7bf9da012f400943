"""What the project's own tests take, now and at an earlier commit, side by side on the same machine.

Run as `python -m benchmarks.suite`: an hour or more, on a machine that does nothing else. Where it does
more, CPU seconds tell more than the clock. First the tests that both commits have, whatever their marks, then
all that each runs by `make test`.
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
WHATEVER_ITS_MARKS = "-m ''"
FAILED = re.compile(r"^FAILED (\S+)", re.MULTILINE)
TOTALS = re.compile(r"^(?:\d+ \w+, )*\d+ passed.*$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """A run of tests.

    Attributes:
        wall_seconds: by the clock.
        cpu_seconds: of all processes, the servers too.
        totals: pytest's last line.
        failed: the ids of the tests that did not pass.
    """

    wall_seconds: float
    cpu_seconds: float
    totals: str
    failed: list[str]


@dataclass(frozen=True)
class Tree:
    """A commit, checked out with all that its tests need.

    Attributes:
        directory: of the clone.
        tests: their ids, in the order in which they run.
    """

    directory: Path
    tests: tuple[str, ...]

    def run(self, tests: str) -> Run:
        """Run tests once.

        Args:
            tests: the `TESTS=` of the Makefile.
        """
        log = self.directory / "tests.log"
        before, begin = _cpu_seconds(), time.perf_counter()
        with log.open("w") as output:
            command = _make_test(self.directory, tests)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            while os.wait()[0] != process.pid:
                pass
        wall = time.perf_counter() - begin
        used, said = _cpu_seconds() - before, log.read_text()
        found = TOTALS.findall(said)
        return Run(wall, used, found[-1] if found else "no totals", FAILED.findall(said))


def check_out(commit: str, directory: Path, tests: str) -> Tree:
    """Check a commit out, install it, and collect its tests.

    Args:
        commit: of this repository.
        directory: to do it in; does not exist yet.
        tests: the `TESTS=` of its Makefile.
    """
    for command in (
        ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(directory)],
        ["git", "-C", str(directory), "checkout", "--quiet", commit],
    ):
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    collect = _make_test(directory, f"{tests} {WHATEVER_ITS_MARKS} --collect-only")
    listed = subprocess.run(collect, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return Tree(directory, tuple(line for line in listed.stdout.splitlines() if "::" in line))


def _make_test(directory: Path, tests: str) -> list[str]:
    return ["make", "-C", str(directory), "--silent", "test", f"TESTS={tests}"]


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
@click.option("--common-only", is_flag=True, help="Leave out what only one of them has.")
def main(earlier: str, now: str, tests: str, *, common_only: bool) -> None:
    """Run the tests of both commits, one after the other, and print what they took."""
    _adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="sj-") as scratch:
        trees = {commit: check_out(commit, Path(scratch) / commit, tests) for commit in (earlier, now)}
        of_both = set(trees[earlier].tests) & set(trees[now].tests)
        common = [test for test in trees[now].tests if test in of_both]
        listed = Path(scratch) / "common"
        listed.write_text("".join(f"{test}\n" for test in common))
        _compare(f"the {len(common)} tests that both have", trees, f"{WHATEVER_ITS_MARKS} @{listed}")
        if not common_only:
            _compare("make test", trees, tests)


def _compare(what: str, trees: dict[str, Tree], tests: str) -> None:
    runs = {commit: tree.run(tests) for commit, tree in trees.items()}
    table = Table(title=f"{what}, on {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}")
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
    console = Console()
    console.print(table)
    for commit, run in runs.items():
        for test in run.failed:
            console.print(f"failed at {commit}: {test}", markup=False)


if __name__ == "__main__":
    main()
