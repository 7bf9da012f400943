"""Show a verdict: to people, to programs, and in the annotations of a GitHub job."""

from __future__ import annotations

import json
from datetime import datetime

from stuck_jobs.gate.verdict import Exit, Finding, Verdict

TITLES = {Exit.OPEN: "open", Exit.CLOSED: "closed", Exit.NO_ANSWER: "no answer"}


def show_table(verdict: Verdict) -> None:
    """Print a table for people, and a line that says why the gate is what it is."""
    from rich.console import Console

    from stuck_jobs.display import points_table

    console = Console(highlight=False)
    console.print(points_table((finding.point for finding in verdict.findings), console.width))
    console.print()
    style = "green" if verdict.exit is Exit.OPEN else "bold red"
    console.print(f"[{style}]Gate {TITLES[verdict.exit]}[/]: {_because(verdict)}", soft_wrap=True)


def as_json(verdict: Verdict) -> str:
    """The verdict for a program; its keys are documented in docs/gating.md."""
    return json.dumps(
        {
            "gate": TITLES[verdict.exit],
            "exit_code": int(verdict.exit),
            "last_run_at": _iso(verdict.last_run.observed_at),
            "last_run_is_stale": verdict.last_run_is_stale,
            "points": [_fields(finding) for finding in verdict.findings],
        },
        indent=2,
    )


def as_annotations(verdict: Verdict) -> str:
    """A line for each problem, in the syntax of GitHub's workflow commands."""
    lines = [
        f"::{'error' if finding.counts else 'warning'} "
        f"title={_escape_property(finding.point.accumulation_point)}::{_escape(_sentence(finding))}"
        for finding in verdict.findings
        if finding.problem
    ]
    if verdict.last_run_is_stale:
        lines.append(f"::error title=accumulation_history::{_escape(_last_run(verdict))}")
    return "\n".join([*lines, f"Gate {TITLES[verdict.exit]}: {_because(verdict)}"])


def _because(verdict: Verdict) -> str:
    reasons = [
        f"{finding.point.accumulation_point} {_sentence(finding)}"
        for finding in verdict.findings
        if finding.counts
    ]
    if verdict.last_run_is_stale:
        reasons.append(_last_run(verdict))
    if reasons:
        return "; ".join(reasons)
    shown = [finding.point.accumulation_point for finding in verdict.findings if finding.problem]
    within = len(verdict.findings) - len(shown)
    return f"{within} points ok" + (f", not counted: {', '.join(shown)}" if shown else "")


def _sentence(finding: Finding) -> str:
    from stuck_jobs.display import humanise

    point = finding.point
    match finding.problem:
        case "breached":
            oldest = f", the oldest for {humanise(point.oldest_age_seconds)}"
            return f"is over its limit: {point.stuck_count} stuck, {point.max_count} allowed" + (
                oldest if point.oldest_age_seconds is not None else ""
            )
        case "stale":
            return f"has old evidence: {_evidence(point.evidence_at)}"
        case _:
            return f"is unknown: {_evidence(point.evidence_at)}"


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
        "evidence_at": _iso(point.evidence_at),
        "problem": finding.problem,
        "counts": finding.counts,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _escape(text: str) -> str:
    """As GitHub wants it in a message."""
    for character, code in {"%": "%25", "\r": "%0D", "\n": "%0A"}.items():
        text = text.replace(character, code)
    return text


def _escape_property(text: str) -> str:
    """As GitHub wants it in a property of a message."""
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
