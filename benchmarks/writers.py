"""What checking costs those who write: the pipeline's throughput and latency with and without it.

Run as `python -m benchmarks.writers`. pgbench takes jobs through their statuses; meanwhile nobody checks, or
the analysis's queries run, or all that `dbt build --selector check` sends to the database, every so often, or
`stuck-jobs watch` checks.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median

import click
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import detection, population, project, watch
from benchmarks.measurement import Connection

SCRIPT = population.GENERATE / "traffic.pgbench"
LATENCY = 2
"""The field of pgbench's log with the microseconds that a transaction took."""

NOBODY, ANALYSIS, CHECK = "nobody checks", "the analysis's queries", "dbt build --selector check"
WATCH = "stuck-jobs watch, every {:g} s"

OPTIONS = "-c jit=off -c max_parallel_workers_per_gather=0"
"""As in the example profile."""

console = Console(width=110)
Check = Callable[[Connection], None]
Meanwhile = Callable[[], AbstractContextManager[list[float]]]
"""What goes on while the writers work; the seconds that each check took, as far as they are known."""


@dataclass(frozen=True)
class Round:
    """What the writers did while somebody checked.

    Attributes:
        jobs_per_second: that were taken from created to completed.
        p50_ms: of a job's whole way.
        p99_ms: likewise.
        checks: how many were begun meanwhile.
        check_seconds: how long one took, the median; None if there was none.
    """

    jobs_per_second: float
    p50_ms: float
    p99_ms: float
    checks: int
    check_seconds: float | None


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option("--seconds", default=60, show_default=True, help="Length of a round.")
@click.option("--rounds", default=3, show_default=True, help="Of each kind, in turn.")
@click.option("--every", default=15.0, show_default=True, help="Seconds from one check's start to the next.")
@click.option(
    "--watch", "watch_every", type=float, help="Also `stuck-jobs watch`, with a check every so many seconds."
)
@click.option("--clients", default=4, show_default=True, help="Writers.")
@click.option("--rate", type=float, help="Jobs per second; as many as they can, if not given.")
@click.option(
    "--analysis/--no-analysis", default=True, show_default=True, help="Also the analysis's queries."
)
@click.option("--shared-buffers", default="4GB", show_default=True, help="Of a server that is started.")
@click.option("--dsn", help="Use this server, with pgbench from the PATH.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
def main(
    jobs: int, seconds: int, rounds: int, every: float, watch_every: float | None, clients: int,
    rate: float | None, analysis: bool, shared_buffers: str, dsn: str | None, json_file: Path | None,
) -> None:  # fmt: skip
    """Measure what checking costs the pipeline's writers."""
    with detection.server(dsn, shared_buffers, keep=False) as running:
        queries = _prepare(running.dsn, jobs)
        build = project.recorded_build(running.dsn)
        whiles: dict[str, Meanwhile] = {NOBODY: nobody}
        if analysis:
            whiles[ANALYSIS] = lambda: _checking(running.dsn, lambda it: _run(it, queries), every)
        whiles[CHECK] = lambda: _checking(running.dsn, lambda it: _run(it, build), every)
        if watch_every:
            whiles[WATCH.format(watch_every)] = lambda: _watched(running.dsn, watch_every)
        results: dict[str, list[Round]] = {name: [] for name in whiles}
        command = [running.pgbench, "--time", str(seconds), "--client", str(clients)]
        command += ["--rate", str(rate)] if rate else []
        console.print(f"warming up, {seconds} s")
        work(running.dsn, command, nobody)
        project.judge(running.dsn)  # the recorded statements are of a run that is not far behind
        for _ in range(rounds):
            for name, meanwhile in whiles.items():
                console.print(f"{name}, {seconds} s")
                results[name].append(work(running.dsn, command, meanwhile))
    summary = {name: _together(of_kind) for name, of_kind in results.items()}
    _show(summary, every)
    if json_file:
        rounds_of = {name: [asdict(one) for one in of_kind] for name, of_kind in results.items()}
        together = {name: asdict(one) for name, one in summary.items()}
        json_file.write_text(json.dumps({"together": together, "rounds": rounds_of}, indent=2) + "\n")


def _prepare(dsn: str, jobs: int) -> list[str]:
    """Make the pipeline and the views; the analysis's queries."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        analysis = detection.prepare(connection, dsn, population.Size(jobs))
        connection.execute("alter system set autovacuum = on")
        connection.execute("select pg_reload_conf()")
        population.continue_ids(connection)
    return [analysis[name] for name in (*detection.LIVE_QUERIES, detection.HISTORY_QUERY)]


def _run(connection: Connection, statements: list[str]) -> None:
    """Run statements as dbt does: each transaction ends where it ended one."""
    for statement in statements:
        if statement == "COMMIT":
            connection.commit()
        else:
            cursor = connection.execute(statement.encode())
            while cursor.nextset():
                pass
    connection.rollback()


def work(dsn: str, command: list[str], meanwhile: Meanwhile) -> Round:
    """Let the writers work, and check meanwhile.

    The first check comes before them: what a round without checks wrote is not to be judged in this one.

    Args:
        dsn: of the server.
        command: pgbench with its options.
        meanwhile: what checks.
    """
    with tempfile.TemporaryDirectory() as logs:
        with meanwhile() as took:
            finished = subprocess.run(
                [*command, "--no-vacuum", "--log", "--log-prefix", f"{logs}/log", "--define",
                 f"closed_jobs={_closed_jobs(dsn)}", "--file", str(SCRIPT), dsn],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if finished.returncode != 0:
            raise click.ClickException(f"pgbench failed: {finished.stderr[-800:]}")
        latencies = sorted(
            int(line.split()[LATENCY]) / 1000 for log in Path(logs).iterdir() for line in log.open()
        )
    return Round(
        jobs_per_second=len(latencies) / int(command[command.index("--time") + 1]),
        p50_ms=_percentile(latencies, 0.5),
        p99_ms=_percentile(latencies, 0.99),
        checks=len(took),
        check_seconds=median(took) if took else None,
    )


def nobody() -> AbstractContextManager[list[float]]:
    """Have nobody check."""
    return nullcontext([])


@contextmanager
def _watched(dsn: str, every: float) -> Iterator[list[float]]:
    """Watch for the length of a `with` block, from the first check on."""
    with (
        project.scratch_folder() as scratch,
        watch.watching(project.environment(dsn) | {"DBT_PROFILES_DIR": scratch}, every),
    ):
        yield []


@contextmanager
def _checking(dsn: str, check: Check, every: float) -> Iterator[list[float]]:
    """Check again and again for the length of a `with` block; the seconds that each one took."""
    took: list[float] = []
    over = threading.Event()

    def run() -> None:
        with psycopg.connect(dsn, options=OPTIONS, prepare_threshold=None) as connection:
            check(connection)

    def loop() -> None:
        while not over.is_set():
            started = time.monotonic()
            run()
            took.append(time.monotonic() - started)
            over.wait(max(0, started + every - time.monotonic()))

    run()
    with ThreadPoolExecutor(max_workers=1) as executor:
        checking = executor.submit(loop)
        try:
            yield took
        finally:
            over.set()
        checking.result()


def _closed_jobs(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select closed_jobs from benchmark.population").fetchone()
    return int(row[0]) if row else 0


def _percentile(ascending: list[float], share: float) -> float:
    return (
        ascending[min(len(ascending) - 1, math.ceil(share * len(ascending)) - 1)] if ascending else math.nan
    )


def _together(rounds: list[Round]) -> Round:
    """The throughput of all rounds, and the medians of the rest: rounds differ by more than a check costs."""
    took = [one.check_seconds for one in rounds if one.check_seconds is not None]
    return Round(
        jobs_per_second=mean(one.jobs_per_second for one in rounds),
        p50_ms=median(one.p50_ms for one in rounds),
        p99_ms=median(one.p99_ms for one in rounds),
        checks=sum(one.checks for one in rounds),
        check_seconds=median(took) if took else None,
    )


def _show(summary: dict[str, Round], every: float) -> None:
    table = Table(title=f"Writers; a check starts every {every:g} s", box=box.SIMPLE_HEAD)
    table.add_column("while", no_wrap=True)
    for heading in ("jobs/s", "of alone", "p50 ms", "p99 ms", "times alone", "checks", "s each"):
        table.add_column(heading, justify="right")
    alone = summary[NOBODY]
    for name, one in summary.items():
        table.add_row(
            name,
            f"{one.jobs_per_second:,.1f}",
            f"{one.jobs_per_second / alone.jobs_per_second:.0%}",
            f"{one.p50_ms:,.1f}",
            f"{one.p99_ms:,.1f}",
            f"{one.p99_ms / alone.p99_ms:.2f}",
            str(one.checks),
            "" if one.check_seconds is None else f"{one.check_seconds:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
