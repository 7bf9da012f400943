"""What `stuck-jobs watch` takes over many checks, and how soon it tells.

Run as `python -m benchmarks.watch`: beside `dbt build --selector check` its processor time, its memory, and
how long after a limit is passed a webhook has it.
"""

from __future__ import annotations

import os
import queue
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import click
from rich.console import Console
from rich.table import Table

from benchmarks import population, project, report
from benchmarks.detection import populated
from benchmarks.measurement import Connection
from benchmarks.project import SCHEMA

BUILD = ("build", "--quiet", "--selector", "check")
BUILDS = 3
LIMITS_PASSED = 10
POINT = b"execution_unevaluable"
CALLS = (
    "select coalesce(sum(calls), 0) from pg_stat_user_functions where schemaname = %s and funcname = 'check'"
)
EXCEED_LIMIT = """
    update executions set status = 'of no known status'
    where id = (select min(id) from executions where status = 'pending')
"""
REPAIR = "update executions set status = 'pending' where status = 'of no known status'"

console = Console(width=report.WIDTH)


@dataclass(frozen=True)
class Usage:
    """What a process has used.

    Attributes:
        cpu_seconds: of it alone, since it began.
        memory_mib: of it, now.
    """

    cpu_seconds: float
    memory_mib: float


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option("--checks", type=click.IntRange(min=10), default=2_000, show_default=True)
@click.option("--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds.")
@click.option("--shared-buffers", default="4GB", show_default=True)
@click.option("--dsn", help="Use this server; what an earlier run generated there is used again.")
@click.option("--keep", is_flag=True, help="Leave the server running and say how to reach it.")
def main(jobs: int, checks: int, every: float, shared_buffers: str, dsn: str | None, keep: bool) -> None:
    """Watch a pipeline for so many checks, pass a limit some times, and print what it took."""
    with populated(dsn, shared_buffers, keep, jobs) as (running, connection):
        population.freshen(connection)
        connection.execute("alter system set track_functions = 'pl'")
        connection.execute("select pg_reload_conf()")
        with project.scratch_folder() as scratch:
            environment = project.environment(running.dsn) | {"DBT_PROFILES_DIR": scratch}
            with console.status("building"):
                project.run_dbt(running.dsn, scratch, "run")
                build_seconds = median(
                    _processor_seconds(running.dsn, scratch, *BUILD) for _ in range(BUILDS)
                )
            with _receiving() as (url, told), watching(environment, every, url) as process:
                first, last, check_seconds = _follow(connection, process.pid, checks)
                delays = [_delay(connection, told, every) for _ in range(LIMITS_PASSED)]
    table = Table("what", "measured")
    table.add_row("processor time of a build that checks", f"{build_seconds:.2f} s")
    table.add_row(
        "of a check by watch",
        f"{check_seconds * 1000:.1f} ms, {build_seconds / check_seconds:,.0f} times less",
    )
    table.add_row(
        f"memory of watch, after {checks // 10} checks and after {checks}",
        f"{first.memory_mib:.0f} and {last.memory_mib:.0f} MiB",
    )
    table.add_row(
        f"from a limit to the webhook, with a check every {every:g} s",
        f"{median(delays):.1f} s, at most {max(delays):.1f} s",
    )
    console.print(table)


def _processor_seconds(dsn: str, scratch: str, *arguments: str) -> float:
    """Run dbt; the processor time that it took."""
    before = _of_children()
    project.run_dbt(dsn, scratch, *arguments)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _receiving() -> Iterator[tuple[str, queue.Queue[float]]]:
    """A webhook, and the times at which it was told of the point."""
    told: queue.Queue[float] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if POINT in self.rfile.read(int(self.headers["Content-Length"])):
                told.put(time.perf_counter())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", told
    finally:
        listening.shutdown()
        listening.server_close()


@contextmanager
def watching(
    environment: dict[str, str], every: float, webhook: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Watch for the length of a `with` block, from the first check on.

    Args:
        environment: in which the command finds the database.
        every: seconds from one check to the next.
        webhook: that is told, if anybody.
    """
    process = subprocess.Popen(
        [
            Path(sys.executable).with_name("stuck-jobs"), "watch", "--no-collect", "--every", str(every),
            "--by", "point", "--flap-changes", "1000",
        ],
        env=environment | ({"STUCK_JOBS_WEBHOOK_URL": webhook} if webhook else {}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        if process.stdout:
            process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.wait()


def _follow(connection: Connection, pid: int, checks: int) -> tuple[Usage, Usage, float]:
    """Wait for so many checks.

    Returns:
        What the process has used after a tenth of them and in the end, and the processor seconds of a check.
    """
    begin = _calls(connection)
    usages = []
    for wanted in (checks // 10, checks):
        while _calls(connection) < begin + wanted:
            time.sleep(0.2)
        usages.append(_usage(pid))
    first, last = usages
    return first, last, (last.cpu_seconds - first.cpu_seconds) / (checks - checks // 10)


def _calls(connection: Connection) -> int:
    row = connection.execute(CALLS, (SCHEMA,)).fetchone()
    return int(row[0]) if row else 0


def _usage(pid: int) -> Usage:
    """Of a process, as Linux tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage(
        cpu_seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        memory_mib=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
    )


def _delay(connection: Connection, told: queue.Queue[float], every: float) -> float:
    """Exceed the point's limit; the seconds until it was told. Then repair it, and have that noticed."""
    connection.execute(EXCEED_LIMIT)
    passed = time.perf_counter()
    delay = told.get(timeout=120) - passed
    connection.execute(REPAIR)
    time.sleep(3.3 * every)
    while not told.empty():
        told.get()
    return delay


if __name__ == "__main__":
    main()
