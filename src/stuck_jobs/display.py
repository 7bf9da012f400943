"""What the command line shows to people: lines, tables, ages, and the progress of long steps.

Whatever is shown goes through here, where it is made legible: ids, errors and names of queues are not ours.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.segment import Segment, Segments
from rich.table import Column, Table
from rich.text import Text

from stuck_jobs.output import fall_silent, legible, say
from stuck_jobs.views.rows import Item, Point

WIDE = 110
"""From this many columns on there is room for everything."""

UNLIMITED = 10_000
"""Columns of what is no terminal."""

BESIDE_POINT = 59
"""What a narrow table of stuck items needs beside the name of the point."""

EXPLANATION_LENGTH = 200
"""Characters of what explains an item; of a longer text the rest is cut off."""

MOST_LEFT_ALONE = 100
"""Items that a command leaves alone and shows one by one; of more it says how many there are, and why."""

MOST_REASONS = 10
"""For which such items are left alone, each with its count."""

AGE_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))

STATE_STYLES = {"ok": "green", "breached": "bold red", "unknown": "bold magenta"}


class Screen(Console):
    """Standard output: every string that is shown is made legible, and is no markup; a `Text` is ours."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)
        if not self.is_terminal and "width" not in options and "COLUMNS" not in self._environ:
            self.width = UNLIMITED  # a pipe or a log has no edge

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a string a text, wherever it stands: on a line, or in a cell of a table."""
        return super().render_str(legible(text), **options)

    def on_broken_pipe(self) -> None:
        """Go on in silence: what the command ends with must not depend on who listens."""
        fall_silent()


@dataclass(frozen=True)
class Explained:
    """A table whose rows are a line each, and below each row the lines that explain it.

    Where its columns do not fit, each row is its first two cells, and a line for each other fact.

    Attributes:
        table: of columns that do not wrap.
        explanations: of each row; what is empty has no line.
    """

    table: Table
    explanations: list[list[str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table's own lines, with the others in between."""
        if not self._fits(options.max_width):
            yield from self._as_facts()
            return
        lines = console.render_lines(self.table, options, pad=False)
        heading = len(lines) - len(self.explanations)
        for line, explanation in zip(lines, [[]] * heading + self.explanations, strict=True):
            yield Segments([*line, Segment.line()])
            yield from _indented(explanation)

    def _fits(self, width: int) -> bool:
        """Whether all that must not be cut off has room; a column that wraps takes what is left."""
        needed = sum(column.max_width or _widest(column) for column in self.table.columns if column.no_wrap)
        return needed + len(self.table.columns) <= width

    def _as_facts(self) -> RenderResult:
        if self.table.title:
            yield Text(str(self.table.title), "bold")
        columns = self.table.columns
        width = max(len(str(column.header)) for column in columns)
        for cells, explanation in zip(
            zip(*(column.cells for column in columns), strict=True), self.explanations, strict=True
        ):
            first, second, *others = map(_plain, cells)
            yield Text(f"{first}: {second}")
            facts = zip(columns[2:], others, strict=True)
            yield from _indented([f"{column.header!s:<{width}} {fact}" for column, fact in facts if fact])
            yield from _indented(explanation)


def _indented(lines: Iterable[str]) -> Iterator[Padding]:
    return (Padding(Text(legible(line), "dim"), (0, 0, 0, 2), expand=False) for line in lines if line)


def _widest(column: Column) -> int:
    return max(cell_len(_plain(cell)) for cell in (column.header, *column.cells))


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else legible(str(cell))


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
def step(screen: Screen, doing: str) -> Iterator[Step]:
    """Show that something is being done, and afterwards a line that it is.

    Args:
        screen: where to show it; only a terminal gets the moving part.
        doing: what is being done.
    """
    begin = time.monotonic()
    description = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), description, BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        current = Step(doing, bar, bar.add_task(doing, total=None))
        yield current
    took = f"{time.monotonic() - begin:.1f} s"
    screen.print(Text.assemble(("done", "green"), f"  {legible(current.outcome)}  ", (took, "dim")))


def new_table(title: str, *columns: str) -> Table:
    """A table without lines, to whose first columns others may be added."""
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


def points_table(points: Iterable[Point], width: int) -> Table:
    """The verdict on each accumulation point; a terminal of fewer than `WIDE` columns gets shorter ages."""
    table = new_table("Accumulation points", "level", "point", "state")
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


def items_table(items: Iterable[Item], width: int) -> Explained:
    """Some stuck items; a terminal of fewer than `WIDE` columns does without what they are.

    Where even that is too much, the longest names of points are cut off, and nothing else.
    """
    wide = width >= WIDE
    table = new_table("Oldest stuck items", "point", "job")
    table.columns[0].max_width = width - BESIDE_POINT
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("cause", no_wrap=True)
    if wide:
        table.add_column("what")
    explanations = []
    for item in items:
        age = humanise(item.age_seconds, _units(width))
        row = [item.accumulation_point, item.jobspec_id or "(no job)", age, item.cause]
        table.add_row(*row, *([_what(item)] if wide else []))
        explanations.append([explain(item.queue_name, item.job_kind, item.evidence)])
    return Explained(table, explanations)


def explain(queue_name: str | None, job_kind: str | None, evidence: str | None) -> str:
    """Where a stuck item is and what speaks for it, such as `queue jobs, kind resize: due 9 h ago`."""
    where = [f"{word} {name}" for word, name in (("queue", queue_name), ("kind", job_kind)) if name]
    return legible(": ".join(filter(None, (", ".join(where), evidence))), EXPLANATION_LENGTH)


def count_others(reasons: Iterable[str]) -> None:
    """Print of items that are left alone and not shown how many there are, and why; of none nothing.

    Args:
        reasons: of each its own.
    """
    counts = Counter(reasons).most_common()
    if not counts:
        return
    say(f"Not listed (--format json lists all), and left alone as well: {sum(count for _, count in counts)}")
    for reason, count in counts[:MOST_REASONS]:
        say(f"  {count} at {reason}")
    if others := counts[MOST_REASONS:]:
        say(f"  {sum(count for _, count in others)} for {len(others)} other reasons")


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
    return Text(legible(words), no_wrap=True, overflow="ellipsis")
