"""What the command line shows to people: tables, ages, and the progress of long steps."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from stuck_jobs.summary import Item, Point

WIDE = 110
"""From this many columns on there is room for everything."""

BESIDE_POINT = 59
"""What a narrow table of stuck items needs beside the name of the point."""

AGE_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))

STATE_STYLES = {"ok": "green", "breached": "bold red", "unknown": "bold magenta"}


@dataclass
class Step:
    """A step that is under way; what it sets as `outcome` is printed when it is done."""

    outcome: str
    bar: Progress
    task: TaskID

    def advance(self, finished: int, total: int) -> None:
        """Move the bar; may be called from any thread."""
        self.bar.update(self.task, completed=finished, total=total or None)


@contextmanager
def step(console: Console, doing: str) -> Iterator[Step]:
    """Show that something is being done, and afterwards a line that it is.

    Args:
        console: where to show it; only a terminal gets the moving part.
        doing: what is being done.
    """
    begin = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        current = Step(doing, bar, bar.add_task(doing, total=None))
        yield current
    console.print(f"[green]done[/]  {current.outcome}  [dim]{time.monotonic() - begin:.1f} s[/]")


def points_table(points: Iterable[Point], width: int) -> Table:
    """The verdict on each accumulation point; a terminal of fewer than `WIDE` columns gets shorter ages."""
    table = _table("Accumulation points", "level", "point", "state")
    table.add_column("stuck", justify="right", no_wrap=True)
    table.add_column("limit", justify="right", no_wrap=True)
    table.add_column("oldest", justify="right", no_wrap=True)
    table.add_column("remedy", no_wrap=True)
    for point in points:
        warns = point.state == "breached" and point.severity == "warn"
        table.add_row(
            point.level,
            point.accumulation_point,
            Text(point.state, "yellow" if warns else STATE_STYLES.get(point.state, "")),
            str(point.stuck_count),
            str(point.max_count),
            "" if point.stuck_count == 0 else humanise(point.oldest_age_seconds, _units(width)),
            "" if point.remedy == "none" else point.remedy,
        )
    return table


def items_table(items: Iterable[Item], width: int) -> Table:
    """Some stuck items; a terminal of fewer than `WIDE` columns does without what they are.

    Where even that is too much, the longest names of points are cut off, and nothing else.
    """
    wide = width >= WIDE
    table = _table("Oldest stuck items", "point", "job")
    table.columns[0].max_width = width - BESIDE_POINT
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("cause", no_wrap=True)
    if wide:
        table.add_column("what")
    for item in items:
        age = humanise(item.age_seconds, _units(width))
        row = [item.accumulation_point, item.jobspec_id or "(no job)", age, item.cause]
        table.add_row(*row, *([_what(item)] if wide else []))
    return table


def humanise(seconds: int | None, units: int = 2) -> str:
    """An age in its largest units: 42 s, 12 min 5 s, 3 h 5 min, 2 d 4 h; `?` if it is None.

    Args:
        seconds: the age.
        units: how many units to use, 1 or 2.
    """
    if seconds is None:
        return "?"
    largest = next((i for i, (_, size) in enumerate(AGE_UNITS) if seconds >= size), len(AGE_UNITS) - 1)
    parts: list[str] = []
    for name, size in AGE_UNITS[largest : largest + units]:
        count, seconds = divmod(seconds, size)
        if count or not parts:
            parts.append(f"{count} {name}")
    return " ".join(parts)


def _units(width: int) -> int:
    return 2 if width >= WIDE else 1


def _what(item: Item) -> Text:
    """Such as `execution 4711`, or the cell that is missing; cut off where there is no room."""
    words = f"{item.entity_type.replace('_', ' ')} {item.entity_id}"
    if item.entity_type == "missing_execution":
        _, _, cell = item.entity_id.partition(":")
        words = cell.strip(":") or "every cell"
    elif item.entity_type == "message":
        words = f"message in {item.status}"
    elif item.entity_type == "job":
        words = f"job {item.entity_id}, {item.status or 'no status'}"
    return Text(words, no_wrap=True, overflow="ellipsis")


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
