"""Judge the points: which of them stop a deployment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.gate.baseline import Baseline
from stuck_jobs.views.rows import JudgedPoint, LastRun
from stuck_jobs.views.summary import Summary


class Exit(IntEnum):
    """How the gate ends, and with which exit code."""

    OPEN = 0
    CLOSED = 1
    NO_ANSWER = 2


@dataclass(frozen=True)
class Rules:
    """What the user wants judged, and how strictly.

    Attributes:
        points: names of the points to look at; none means all.
        levels: the levels to look at; none means all.
        severities: the severities that count.
        max_age: the age in seconds beyond which evidence and the last run count as unknown.
        baseline: what was stuck before; a point that is no worse does not count.
    """

    points: Collection[str] = ()
    levels: Collection[str] = ()
    severities: Collection[str] = ("error",)
    max_age: float | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True)
class Finding:
    """What the gate makes of one point.

    Attributes:
        point: the row of the summary.
        problem: breached, unknown or stale; None if it is ok.
        counts: whether the problem closes the gate, rather than being shown only.
    """

    point: JudgedPoint
    problem: str | None
    counts: bool


@dataclass(frozen=True)
class Verdict:
    """What the gate makes of all of them.

    Attributes:
        findings: one per point that was looked at.
        last_run: when dbt last built the views.
        last_run_is_stale: whether that is longer ago than the user allows.
    """

    findings: list[Finding]
    last_run: LastRun
    last_run_is_stale: bool

    @property
    def exit(self) -> Exit:
        """Closed if a point that counts is over its limit, whatever else is unknown."""
        problems = {finding.problem for finding in self.findings if finding.counts}
        if "breached" in problems:
            return Exit.CLOSED
        return Exit.NO_ANSWER if problems or self.last_run_is_stale else Exit.OPEN


def judge(summary: Summary, rules: Rules) -> Verdict:
    """Judge the points that the user wants judged.

    Args:
        summary: of the pipeline, now.
        rules: what to look at, and how strictly.

    Raises:
        StuckJobsError: if a point that was named does not exist, or none is left to judge.
    """
    known = [point.accumulation_point for point in summary.points]
    for name in rules.points:
        if name not in known:
            raise StuckJobsError(f"there is no enabled point {name}; there are {', '.join(known)}")
    chosen = [
        point
        for point in summary.points
        if (not rules.points or point.accumulation_point in rules.points)
        and (not rules.levels or point.level in rules.levels)
    ]
    if not chosen:
        raise StuckJobsError("no enabled point is left to judge: change --point or --level")
    return Verdict(
        [_judge(point, rules) for point in chosen],
        summary.last_run,
        rules.max_age is not None and not _fresh(summary.last_run.age, rules.max_age),
    )


def _judge(point: JudgedPoint, rules: Rules) -> Finding:
    accepted = rules.baseline is not None and not rules.baseline.is_worse(point)
    problem = None
    if point.state == "unknown":
        problem = "unknown"
    elif point.is_over_limit and not accepted:
        problem = "breached"
    elif rules.max_age is not None and not _fresh(point.evidence_age, rules.max_age):
        problem = "stale"
    counts = problem is not None and point.severity in rules.severities
    if problem is None and point.is_over_limit:
        problem = "breached"
    return Finding(point, problem, counts)


def _fresh(age: float | None, max_age: float) -> bool:
    return age is not None and age <= max_age
