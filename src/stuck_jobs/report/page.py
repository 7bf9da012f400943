"""Make the page out of what was read: one HTML file, which asks nothing of any network."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from stuck_jobs.display import humanise
from stuck_jobs.gate.verdict import Exit, Rules, Verdict, judge
from stuck_jobs.report.echarts import echarts
from stuck_jobs.report.reading import ANALYTICS_SECONDS, INCIDENTS_SECONDS, MAX_LENGTH
from stuck_jobs.report.rows import Depth, Reading, ReportItem, Tie, Trend
from stuck_jobs.report.templates import own, rendered, runbook, shortened
from stuck_jobs.views.rows import LEVELS, JudgedPoint

SPARK_WIDTH = 132
SPARK_HEIGHT = 24
"""Of the lines over time in the table, in pixels."""

FIRST_INCIDENTS = 8
"""How many are seen at once; the rest is folded."""

SEARCH_BYTES = 600_000
"""How much of the page the items that can be searched may take."""

HARM = ("breached", "unknown", "warn", "ok")
"""The tones, the worst first."""

TONES = {Exit.OPEN: "ok", Exit.CLOSED: "breached", Exit.NO_ANSWER: "unknown"}
SEARCHED = (
    "seconds", "age", "point", "job", "what", "id", "status", "cause", "queue", "kind", "region", "evidence",
    "fault", "command",
)  # fmt: skip
"""What is known of an item that can be searched."""

CELL_VALUES = ("finished", "failed", "failure_rate", "timeout_rate", "is_failing")


@dataclass(frozen=True)
class Spark:
    """A line over time, drawn in `SPARK_WIDTH` by `SPARK_HEIGHT`.

    Attributes:
        line: an SVG path.
        area: the same, closed at the bottom.
        limit: the height at which the limit is.
        unknown: from where to where there was no answer.
        words: the same for those who do not see it.
    """

    line: str
    area: str
    limit: float
    unknown: list[tuple[float, float]]
    words: str


@dataclass(frozen=True)
class PointRow:
    """A point as the page shows it.

    Attributes:
        point: the row of `accumulation_points`.
        tone: ok, breached, warn or unknown.
        threshold_seconds: the age from which its items are stuck; None if none is.
        causes: of its items, the most frequent first, with how many have them.
        command: shows what recovery would do there.
        spark: how much was stuck; None if there is no history.
    """

    point: JudgedPoint
    tone: str
    threshold_seconds: int | None
    causes: list[tuple[str, int]]
    command: str | None
    spark: Spark | None


@dataclass(frozen=True)
class LevelRows:
    """The points of a level.

    Attributes:
        level: its name.
        rows: its points.
        tone: the worst of theirs.
    """

    level: str
    rows: list[PointRow]

    @property
    def tone(self) -> str:
        """The worst of its points'."""
        tones = {row.tone for row in self.rows}
        return next(tone for tone in HARM if tone in tones)

    @property
    def states(self) -> Counter[str]:
        """How many of its points are in each state."""
        return Counter(row.point.state for row in self.rows)


def render(reading: Reading, runbooks: str, refresh: float | None, *, live: bool = False) -> str:
    """Make the page.

    Args:
        reading: what it shows.
        runbooks: where the pages of the points are, a URL or a path relative to the page.
        refresh: how often it is written, in seconds; None if once.
        live: whether it is served beside the pages of incidents and jobs.

    Raises:
        StuckJobsError: if ECharts is not there.
    """
    levels = _levels(reading)
    search = _search(reading) | {"runbooks": _runbooks(reading, runbooks), "live": live}
    return rendered(
        "page.html",
        runbooks,
        [echarts(), own("page.js"), own("copy.js"), own("items.js")],
        reading=reading,
        tone=_tone_of_all(judge(reading.summary, Rules())),
        levels=levels,
        points=_by_harm(row for level in levels for row in level.rows),
        faults=reading.faults,
        first_incidents=FIRST_INCIDENTS,
        incident_patience=INCIDENTS_SECONDS,
        fault_titles=_titles(reading),
        unknown=_unknown(reading),
        states=Counter(point.state for point in reading.summary.points),
        items=[(item, item_command(item), _tie(reading, item)) for item in reading.items if item.is_shown],
        searched=len(search["rows"]),
        total=sum(point.stuck_count for point in reading.summary.points),
        chart_data=_chart_data(reading) | {"items": search},
        refresh=refresh,
        stale_after=900 if refresh is None else max(3 * refresh, 90),
        live=live,
        patience=ANALYTICS_SECONDS,
        spark_width=SPARK_WIDTH,
        spark_height=SPARK_HEIGHT,
    )


def item_command(item: ReportItem) -> str | None:
    """What puts an item right, to be pasted into a shell; None if nothing does, or if it could do harm.

    Ids are input of the users' own: an unprintable character in one may be an order to the terminal.
    """
    if item.remedy == "none" or not item.jobspec_id:
        return None
    if len(item.jobspec_id) > MAX_LENGTH or not item.jobspec_id.isprintable():
        return None
    program = "requeue" if item.remedy == "requeue" else "recover"
    return f"stuck-jobs {program} --job {shlex.quote(item.jobspec_id)} --apply"


def point_command(point: JudgedPoint) -> str | None:
    """What shows what recovery would do about the items of a point; None if nothing."""
    if point.remedy == "none" or not point.stuck_count:
        return None
    if point.remedy == "requeue":
        return "stuck-jobs requeue"
    return f"stuck-jobs recover --point {point.accumulation_point}"


def _tone_of_all(verdict: Verdict) -> str:
    if verdict.exit is Exit.OPEN and any(finding.problem for finding in verdict.findings):
        return "warn"
    return TONES[verdict.exit]


def _levels(reading: Reading) -> list[LevelRows]:
    causes: dict[str, dict[str, int]] = defaultdict(dict)
    thresholds: dict[str, int] = {}
    trends: dict[str, list[Trend]] = defaultdict(list)
    for item in reading.items:
        causes[item.accumulation_point][item.cause] = item.cause_count
        thresholds.setdefault(item.accumulation_point, item.threshold_seconds)
    for trend in reading.trends:
        trends[trend.accumulation_point].append(trend)
    since = min((trend.observed_at for trend in reading.trends), default=reading.read_at)
    rows: dict[str, list[PointRow]] = defaultdict(list)
    for point in reading.summary.points:
        name = point.accumulation_point
        rows[point.level].append(
            PointRow(
                point=point,
                tone="warn" if (point.state, point.severity) == ("breached", "warn") else point.state,
                threshold_seconds=thresholds.get(name),
                causes=sorted(causes[name].items(), key=lambda pair: (-pair[1], pair[0])),
                command=point_command(point),
                spark=_spark(trends[name], point, since, reading.read_at),
            )
        )
    return [LevelRows(level, rows[level]) for level in LEVELS if level in rows]


def _by_harm(rows: Iterable[PointRow]) -> list[PointRow]:
    return sorted(
        rows, key=lambda row: (HARM.index(row.tone), -row.point.stuck_count, row.point.accumulation_point)
    )


def _unknown(reading: Reading) -> dict[str, list[str]]:
    """The points that cannot be judged, by the reason why."""
    found: dict[str, list[str]] = defaultdict(list)
    for point in reading.summary.points:
        if point.state == "unknown":
            age = point.evidence_age
            old = "no evidence" if age is None else f"evidence {humanise(round(age), 1)} old"
            found[point.evidence or old].append(point.accumulation_point)
    return found


def _tie(reading: Reading, item: ReportItem) -> Tie | None:
    return reading.faults.ties.get((item.accumulation_point, item.entity_id)) if reading.faults else None


def _titles(reading: Reading) -> dict[str, str]:
    """What each incident is called, by its id; those that are not read are one of many."""
    titles: dict[str, str] = defaultdict(lambda: "one of many")
    if reading.faults:
        titles |= {found.incident_id: shortened(found.title) for found in reading.faults.incidents.worst}
    return titles


def _runbooks(reading: Reading, runbooks: str) -> dict[str, str]:
    names = [point.accumulation_point for point in reading.summary.points]
    return {name: runbook(runbooks, name) for name in names}


def _search(reading: Reading) -> dict[str, Any]:
    """The items that can be searched, the oldest first: as many as the page has room for."""
    rows: list[list[Any]] = []
    size, titles = 0, _titles(reading)
    for item in reading.items:
        row = _searched(item, _tie(reading, item))
        size += len(json.dumps(row))
        if size > SEARCH_BYTES:
            break
        rows.append(list(row.values()))
    faults = {row[-2] for row in rows if row[-2]}
    return {"columns": SEARCHED, "rows": rows, "titles": {fault: titles[fault] for fault in sorted(faults)}}


def _searched(item: ReportItem, tie: Tie | None) -> dict[str, Any]:
    return {
        "seconds": item.age_seconds,
        "age": humanise(item.age_seconds),
        "point": item.accumulation_point,
        "job": shortened(item.jobspec_id),
        "what": item.entity_type.replace("_", " "),
        "id": shortened(item.entity_id),
        "status": shortened(item.status),
        "cause": item.cause,
        "queue": shortened(item.queue_name),
        "kind": shortened(item.job_kind),
        "region": shortened(tie.region) if tie else "",
        "evidence": shortened(item.evidence),
        "fault": tie.incident_id if tie else "",
        "command": item_command(item),
    }


def _spark(trends: list[Trend], point: JudgedPoint, since: datetime, now: datetime) -> Spark | None:
    """The history of a point, with its present at the end."""
    if not trends:
        return None
    length = max((now - since).total_seconds(), 1)
    counts = [*(trend.stuck_count for trend in trends), point.stuck_count]
    least, most = min(counts), max(counts)
    top = max(most, point.max_count, 1)

    def x(at: datetime) -> float:
        return round(1 + (SPARK_WIDTH - 2) * (at - since).total_seconds() / length, 1)

    def y(count: int) -> float:
        return round(SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * count / top, 1)

    steps = [(x(trend.observed_at), y(trend.stuck_count)) for trend in trends]
    steps.append((x(now), y(point.stuck_count)))
    line = f"M{steps[0][0]} {steps[0][1]}" + "".join(f"H{right}V{height}" for right, height in steps[1:])
    ends = [*(right for right, _ in steps[1:]), steps[-1][0]]
    unknown = [
        (left, max(round(end - left, 1), 1.0))
        for (left, _), end, trend in zip(steps, ends, trends, strict=False)
        if trend.was_unknown
    ]
    span = humanise(round(length), 1)
    words = f"over {span} between {least:,} and {most:,} stuck, now {point.stuck_count:,}"
    return Spark(
        line=line,
        area=f"{line}V{SPARK_HEIGHT}H{steps[0][0]}Z",
        limit=y(point.max_count),
        unknown=unknown,
        words=words + (", at times unknown" if unknown else ""),
    )


def _chart_data(reading: Reading) -> dict[str, Any]:
    """What the charts draw, as JSON can hold it."""
    days = list(reversed(reading.days or []))
    return {
        "depths": [
            {"name": f"{queue} {kind}", "kind": kind, "points": points}
            for (queue, kind), points in _by_queue(reading.depths).items()
        ],
        "until": _milliseconds(reading.read_at),
        "providers": [
            {
                "provider": shortened(cell.provider_id) or "(none)",
                "region": shortened(cell.region) or "(none)",
                **{name: value for name, value in asdict(cell).items() if name in CELL_VALUES},
            }
            for cell in reading.providers or []
        ],
        "days": [asdict(day) | {"day": day.day.isoformat()} for day in days],
    }


def _by_queue(depths: Iterable[Depth]) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    lines: dict[tuple[str, str], list[tuple[int, int | None]]] = defaultdict(list)
    for depth in depths:
        key = (shortened(depth.queue_name), depth.kind)
        lines[key].append((_milliseconds(depth.observed_at), depth.depth))
    return lines


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
