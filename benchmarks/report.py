"""The measurements, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measurement import Connection, Measurement

SETTINGS = ("server_version", "shared_buffers", "work_mem", "jit", "max_parallel_workers_per_gather")


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


def show(console: Console, measurements: Sequence[Measurement]) -> None:
    """Print one line per query."""
    table = Table(title="Warm; ms are medians")
    table.add_column("query", no_wrap=True)
    for heading in ("rows", "ms", "fastest", "planning", "buffers", "temporary", "times as fast"):
        table.add_column(heading, justify="right")
    table.add_column("scanned")
    for measurement in measurements:
        ratio = speed_up(measurement, measurements)
        table.add_row(
            measurement.name,
            f"{measurement.rows:,}",
            f"{measurement.median_ms:,.2f}",
            f"{measurement.fastest_ms:,.2f}",
            f"{measurement.planning_ms:,.2f}",
            f"{measurement.buffers:,}",
            f"{measurement.temporary_blocks:,}",
            "" if ratio is None else f"{ratio:,.2g}" if ratio < 10 else f"{ratio:,.0f}",
            ", ".join(measurement.scans),
        )
    console.print(table)
    console.print(
        "'times as fast' compares with the analysis's own queries for the same work, in this session."
    )


def write(path: Path, summary: dict[str, Any], measurements: Sequence[Measurement]) -> None:
    """Write everything that was measured, and under which circumstances."""
    rows = [
        asdict(measurement) | {"speed_up": speed_up(measurement, measurements)}
        for measurement in measurements
    ]
    path.write_text(json.dumps(summary | {"measurements": rows}, indent=2) + "\n")
