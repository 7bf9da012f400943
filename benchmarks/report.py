"""The measurements, as a table for people, as a picture, and as JSON for machines."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Connection, Measurement
from benchmarks.project import Run

SETTINGS = ("server_version", "shared_buffers", "work_mem", "jit", "max_parallel_workers_per_gather")
WIDTH = 175


@dataclass(frozen=True)
class Result:
    """What was measured at one size.

    Attributes:
        circumstances: what the times depend on besides the queries.
        rows: of the source's tables.
        planted: how many items each point must find.
        found: how many the views do.
        run: the incremental run.
        measurements: one for each query.
    """

    circumstances: dict[str, Any]
    rows: dict[str, int]
    planted: dict[str, int]
    found: dict[str, int]
    run: Run
    measurements: list[Measurement]

    @property
    def wrong(self) -> list[str]:
        """The points at which the views do not find what was planted."""
        return [point for point, items in self.found.items() if items != self.planted[point]]


def circumstances(connection: Connection) -> dict[str, Any]:
    """What the times depend on besides the queries."""
    settings: dict[str, str] = {}
    for name in SETTINGS:
        row = connection.execute("select current_setting(%s)", (name,)).fetchone()
        settings[name] = row[0] if row else ""
    return {"cores": os.cpu_count(), "machine": platform.machine(), "settings": settings}


def speed_up(measurement: Measurement, measurements: Sequence[Measurement]) -> float | None:
    """How many times as long the counterparts take; None where there is nothing to compare with."""
    times = {other.name: other.median_ms for other in measurements}
    if not measurement.counterparts or not times.keys() >= set(measurement.counterparts):
        return None
    return sum(times[name] for name in measurement.counterparts) / measurement.median_ms


def growth(results: Sequence[Result], name: str) -> float | None:
    """By which power of the number of executions a query's time grows; None with one size alone.

    Args:
        results: the smallest first.
        name: of the query.
    """
    if len(results) == 1:
        return None
    small, big = results[0], results[-1]
    times = [
        next(measurement.median_ms for measurement in result.measurements if measurement.name == name)
        for result in (small, big)
    ]
    return math.log(times[1] / times[0]) / math.log(big.rows["executions"] / small.rows["executions"])


def show(console: Console, results: Sequence[Result]) -> None:
    """Print a table with one line per query, and a line about the incremental run."""
    console.print(_table(results))
    for result in results:
        console.print(
            f"An incremental run over {result.rows['jobs']:,} jobs: {result.run.sql_ms:,.0f} ms of SQL in "
            f"{result.run.statements} statements, {result.run.temporary_files} temporary files."
        )
    console.print(
        "'times as fast' compares with the analysis's own queries for the same work, in this session; "
        "'grows' is the power of the number of executions."
    )


def draw(path: Path, results: Sequence[Result]) -> None:
    """Write the same as an SVG picture."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        show(console, results)
    console.save_svg(str(path), title="python -m benchmarks.detection")


def write(path: Path, results: Sequence[Result]) -> None:
    """Write everything that was measured, and under which circumstances."""
    sizes = [
        asdict(result)
        | {
            "measurements": [
                asdict(measurement) | {"speed_up": speed_up(measurement, result.measurements)}
                for measurement in result.measurements
            ]
        }
        for result in results
    ]
    exponents = {
        measurement.name: growth(results, measurement.name) for measurement in results[-1].measurements
    }
    path.write_text(json.dumps({"sizes": sizes, "growth": exponents}, indent=2) + "\n", encoding="utf-8")


def _table(results: Sequence[Result]) -> Table:
    table = Table(title="Warm; ms are medians", box=box.SIMPLE_HEAD)
    table.add_column("query", no_wrap=True)
    for result in results:
        table.add_column(f"ms at {result.rows['executions']:,}", justify="right")
        table.add_column("buffers", justify="right")
    for heading in ("rows", "fastest", "planning", "temporary", "grows", "times as fast"):
        table.add_column(heading, justify="right")
    table.add_column("read whole")
    for measurement in results[-1].measurements:
        table.add_row(measurement.name, *_cells(measurement, results))
    return table


def _cells(measurement: Measurement, results: Sequence[Result]) -> list[str]:
    cells = []
    for result in results:
        same = next(other for other in result.measurements if other.name == measurement.name)
        cells += [f"{same.median_ms:,.1f}", f"{same.buffers:,}"]
    power = growth(results, measurement.name)
    ratio = speed_up(measurement, results[-1].measurements)
    return [
        *cells,
        f"{measurement.rows:,}",
        f"{measurement.fastest_ms:,.1f}",
        f"{measurement.planning_ms:,.1f}",
        f"{measurement.temporary_blocks:,}",
        "" if power is None else f"{power:.2f}",
        "" if ratio is None else f"{ratio:,.2g}" if ratio < 10 else f"{ratio:,.0f}",
        ", ".join(measurement.scans),
    ]
