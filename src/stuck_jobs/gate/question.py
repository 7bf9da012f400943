"""What a gate is asked, on the command line, and how it answers there."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
import psycopg

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.gate.baseline import Baseline
from stuck_jobs.gate.formats import Behind, as_annotations, as_json, show_table
from stuck_jobs.gate.verdict import Exit, Rules, Verdict, judge
from stuck_jobs.output import emit
from stuck_jobs.parameters import Number
from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import refusals
from stuck_jobs.views.incidents import Incidents, in_few_seconds, read_incidents
from stuck_jobs.views.items import read_oldest_items
from stuck_jobs.views.rows import LEVELS, SEVERITIES, Item
from stuck_jobs.views.summary import Summary

POLL_SECONDS = 2.0

OLDEST_ITEMS = 5
"""Of each point that is over its limit, in JSON."""

WORST_INCIDENTS = 5
"""Of those behind a closed gate."""

FILE = click.Path(path_type=Path)


@dataclass(frozen=True)
class Question:
    """What the user asks.

    Attributes:
        point: names of the points to look at; none means all.
        level: the levels to look at; none means all.
        severity: the least one that counts.
        max_age: the age in seconds beyond which evidence and the last run count as unknown.
        baseline: a file with what was stuck before.
        save_baseline: the file to save what is stuck now in.
        wait: for how many seconds to look again until the gate is open.
        shown_as: table, json or github.
    """

    point: tuple[str, ...]
    level: tuple[str, ...]
    severity: str
    max_age: float | None
    baseline: Path | None
    save_baseline: Path | None
    wait: int
    shown_as: str

    @property
    def rules(self) -> Rules:
        """The same for a judge."""
        counted = SEVERITIES[SEVERITIES.index(self.severity) :]
        baseline = Baseline.load(self.baseline) if self.baseline else None
        return Rules(self.point, self.level, counted, self.max_age, baseline)

    @property
    def accepts(self) -> bool:
        """Whether everything that is stuck now is accepted."""
        return self.save_baseline is not None and self.baseline is None


def question_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command the gate's options, as its argument `question: Question`."""

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        chosen = {option.name: arguments.pop(option.name) for option in fields(Question)}
        command(question=Question(**chosen), **arguments)

    options = [
        click.option(
            "--point", multiple=True, metavar="NAME", help="Judge this point only; may be repeated."
        ),
        click.option(
            "--level", multiple=True, type=click.Choice(LEVELS), help="Likewise the points of a level."
        ),
        click.option(
            "--severity",
            type=click.Choice(SEVERITIES),
            default="error",
            show_default=True,
            help="The least severity that counts; a point below it is shown only.",
        ),
        click.option(
            "--max-age",
            type=Number(min=0),
            metavar="SECONDS",
            help="dbt's last run, or the evidence of a point, that is older is no answer.",
        ),
        click.option(
            "--baseline",
            type=FILE,
            metavar="FILE",
            help="A point over its limit counts only if it was not when this was saved, or had fewer stuck.",
        ),
        click.option(
            "--save-baseline",
            type=FILE,
            metavar="FILE",
            help="Accept what is stuck now, and save it; without --baseline nothing counts but the unknown.",
        ),
        click.option(
            "--wait",
            type=click.IntRange(min=0),
            default=0,
            metavar="SECONDS",
            help="Check again until the gate is open or the time is up.",
        ),
        click.option(
            "--format",
            "shown_as",
            type=click.Choice(["table", "json", "github"]),
            default="table",
            show_default=True,
        ),
    ]
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), with_options)


def answer(profile: Profile, question: Question, look: Callable[[], Summary]) -> Exit:
    """Judge, and print what came of it.

    Args:
        profile: says where the stuck items are.
        question: what is asked.
        look: reads the summary.

    Returns:
        What the process ends with.
    """
    verdict = _judged(question, look)
    saved = question.save_baseline if verdict.exit is Exit.OPEN else None
    if saved:
        Baseline.of(finding.point for finding in verdict.findings).save(saved)
    behind = read_behind(profile, verdict)
    match question.shown_as:
        case "json":
            emit(as_json(verdict, read_oldest(profile, verdict), behind))
        case "github":
            emit(as_annotations(verdict, saved, behind))
        case _:
            show_table(verdict, saved, behind)
    return verdict.exit


def read_behind(profile: Profile, verdict: Verdict) -> Behind:
    """The incidents that close the gate; they cost more than the summary, so only if it is closed."""
    if verdict.exit is not Exit.CLOSED:
        return Behind()
    points = [finding.point.accumulation_point for finding in verdict.findings if finding.counts]

    def worst(connection: psycopg.Connection[Any], schema: str) -> Incidents:
        return read_incidents(connection, schema, WORST_INCIDENTS, points)

    return Behind(*in_few_seconds(profile, worst))


def read_oldest(profile: Profile, verdict: Verdict) -> list[Item]:
    """The oldest items of the points that are over their limit."""
    points = [finding.point.accumulation_point for finding in verdict.findings if finding.point.is_over_limit]
    if not points:
        return []
    with refusals(), connect(profile) as connection:
        return read_oldest_items(connection, profile.schema, points, OLDEST_ITEMS)


def _judged(question: Question, look: Callable[[], Summary]) -> Verdict:
    """Judge until the gate is open or the time is up; until then no answer is not the last word."""
    rules, deadline = question.rules, time.monotonic() + question.wait
    while True:
        try:
            summary = look()
        except StuckJobsError:
            if time.monotonic() >= deadline:
                raise
        else:
            if question.accepts:
                rules = dataclasses.replace(rules, baseline=Baseline.of(summary.points))
            verdict = judge(summary, rules)
            if verdict.exit is Exit.OPEN or time.monotonic() >= deadline:
                return verdict
        time.sleep(max(0, min(POLL_SECONDS, deadline - time.monotonic())))
