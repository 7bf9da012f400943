"""Show a verdict: to people, to programs, and in the annotations of a GitHub job."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from stuck_jobs.gate.verdict import Exit, Finding, Verdict
from stuck_jobs.output import legible, to_json
from stuck_jobs.views.incidents import Incidents
from stuck_jobs.views.rows import Incident, Item

MOST_NAMES = 3
"""Of points, in one line."""

PROBLEMS = {"breached": "over their limit", "unknown": "unknown", "stale": "with old evidence"}
TITLES = {Exit.OPEN: "open", Exit.CLOSED: "closed", Exit.NO_ANSWER: "no answer"}


@dataclass(frozen=True)
class Behind:
    """What is behind a closed gate.

    Attributes:
        incidents: the worst; None if they were not read.
        problem: why they could not be.
    """

    incidents: Incidents | None = None
    problem: str | None = None

    @property
    def lines(self) -> list[str]:
        """Each incident in a line, and how many more there are; or why nobody knows."""
        if self.problem:
            return [f"The incidents behind it are not known: {self.problem}"]
        if self.incidents is None:
            return []
        told = [f"Incident {incident.incident_id}: {_told(incident)}" for incident in self.incidents.worst]
        return told + ([f"... and {self.incidents.more} more incidents"] if self.incidents.more else [])


NOTHING = Behind()


def show_table(verdict: Verdict, saved: Path | None = None, behind: Behind = NOTHING) -> None:
    """Print a table for people, what counts, and a line that says what the gate is.

    Args:
        verdict: to show.
        saved: where the baseline is that was saved.
        behind: the incidents that close it.
    """
    from rich.text import Text

    from stuck_jobs.display import Screen, points_table

    screen = Screen()
    screen.print(points_table((finding.point for finding in verdict.findings), screen.width))
    screen.print()
    for line in [*_details(verdict), *behind.lines]:
        screen.print(Text(legible(line)), soft_wrap=True)
    style = "green" if verdict.exit is Exit.OPEN else "bold red"
    title, words = last_line(verdict, saved)
    screen.print(Text.assemble((title, style), f": {legible(words)}"), soft_wrap=True)


def as_json(verdict: Verdict, items: list[Item], behind: Behind = NOTHING) -> str:
    """The verdict for a program; its keys are documented in docs/gating.md."""
    incidents = behind.incidents
    return to_json(
        {
            "gate": TITLES[verdict.exit],
            "exit_code": int(verdict.exit),
            "last_run_at": _iso(verdict.last_run.observed_at),
            "last_run_is_stale": verdict.last_run_is_stale,
            "points": [_fields(finding) for finding in verdict.findings],
            "oldest_items": [asdict(item) for item in items],
            "incidents": None if incidents is None else [asdict(incident) for incident in incidents.worst],
            "incidents_total": None if incidents is None else incidents.total,
            "incidents_problem": behind.problem,
        },
        indent=2,
    )


def as_annotations(verdict: Verdict, saved: Path | None = None, behind: Behind = NOTHING) -> str:
    """A line for each problem, in the syntax of GitHub's workflow commands, and what the gate is.

    Args:
        verdict: to show.
        saved: where the baseline is that was saved.
        behind: the incidents that close it.
    """
    lines = [
        f"::{'error' if finding.counts else 'warning'} "
        f"title={_escape_property(finding.point.accumulation_point)}::{_escape(sentence(finding))}"
        for finding in verdict.findings
        if finding.problem
    ]
    if verdict.last_run_is_stale:
        lines.append(f"::error title=accumulation_history::{_escape(_last_run(verdict))}")
    lines += [f"::notice title=incident::{_escape(line)}" for line in behind.lines]
    title, words = last_line(verdict, saved)
    return "\n".join([*lines, f"{title}: {legible(words)}"])


def _told(incident: Incident) -> str:
    """What broke, where that shows, and what to do first."""
    points = ", ".join(incident.points[:MOST_NAMES])
    more = f" and {len(incident.points) - MOST_NAMES} more" if len(incident.points) > MOST_NAMES else ""
    return f"{incident.title} (at {points}{more}): {incident.first_step}"


def _reasons(verdict: Verdict) -> list[str]:
    """Why the gate is not open, each in a sentence."""
    reasons = [
        f"{finding.point.accumulation_point} {sentence(finding)}"
        for finding in verdict.findings
        if finding.counts
    ]
    if verdict.last_run_is_stale:
        reasons.append(_last_run(verdict))
    return reasons


def _details(verdict: Verdict) -> list[str]:
    """The reasons, where they are too many for the last line."""
    reasons = _reasons(verdict)
    return reasons if len(reasons) > 1 else []


def last_line(verdict: Verdict, saved: Path | None = None) -> tuple[str, str]:
    """What the gate is, and why, in few words."""
    total = len(verdict.findings)
    if saved:
        accepted = sum(finding.point.is_over_limit for finding in verdict.findings)
        words = f"{saved} has {accepted} of {total} points over their limit, which do not count from now on"
        return "Baseline saved", words
    title = f"Gate {TITLES[verdict.exit]}"
    reasons = _reasons(verdict)
    if len(reasons) == 1:
        return title, reasons[0]
    if reasons:
        problems = Counter(finding.problem for finding in verdict.findings if finding.counts)
        parts = [f"{count} of {total} points {PROBLEMS[name or '']}" for name, count in problems.items()]
        if verdict.last_run_is_stale:
            parts.append("dbt's last run is too old")
        return title, ", ".join(parts)
    shown = [finding.point.accumulation_point for finding in verdict.findings if finding.problem]
    names = ", ".join(shown) if len(shown) <= MOST_NAMES else f"{len(shown)} points"
    return title, f"{total - len(shown)} points ok" + (f", not counted: {names}" if shown else "")


def sentence(finding: Finding) -> str:
    """What is wrong with a point, as what follows its name."""
    from stuck_jobs.display import humanise

    point = finding.point
    match finding.problem:
        case "breached":
            oldest = f", the oldest for {humanise(point.oldest_age_seconds)}"
            known = [oldest] if point.oldest_age_seconds is not None else []
            doubts = [f" ({point.evidence})"] if point.evidence else []
            counts = f"is over its limit: {point.stuck_count} stuck, {point.max_count} allowed"
            return "".join([counts, *known, *doubts])
        case "stale":
            return f"has old evidence: {_evidence(point.evidence_at)}"
        case _:
            return f"is unknown: {point.evidence or _evidence(point.evidence_at)}"


def _evidence(at: datetime | None) -> str:
    return f"none since {_iso(at)}" if at else "there is none"


def _last_run(verdict: Verdict) -> str:
    return f"dbt's last run is too old: {_iso(verdict.last_run.observed_at) or 'never'}"


def _fields(finding: Finding) -> dict[str, object]:
    point = finding.point
    return {
        "accumulation_point": point.accumulation_point,
        "level": point.level,
        "state": point.state,
        "stuck_count": point.stuck_count,
        "max_count": point.max_count,
        "oldest_stuck_since": _iso(point.oldest_stuck_since),
        "oldest_age_seconds": point.oldest_age_seconds,
        "severity": point.severity,
        "remedy": point.remedy,
        "evidence": point.evidence,
        "evidence_at": _iso(point.evidence_at),
        "problem": finding.problem,
        "counts": finding.counts,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _escape(text: str) -> str:
    """As GitHub wants it in a message."""
    return legible(text).replace("%", "%25")


def _escape_property(text: str) -> str:
    """As GitHub wants it in a property of a message."""
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
