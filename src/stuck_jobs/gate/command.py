"""The command `stuck-jobs gate`."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import click

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.gate.baseline import Baseline
from stuck_jobs.gate.formats import as_annotations, as_json, show_table
from stuck_jobs.gate.reading import SEVERITIES, prompt_profile, read_summary, refusals
from stuck_jobs.gate.verdict import Exit, Rules, Verdict, judge
from stuck_jobs.output import emit
from stuck_jobs.parameters import Number
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options
from stuck_jobs.summary import LEVELS, Item, read_rows

POLL_SECONDS = 2.0

OLDEST_ITEMS = 5
"""Of each point that is over its limit, in JSON."""


@click.command()
@click.option("--point", multiple=True, metavar="NAME", help="Judge this point only; may be repeated.")
@click.option("--level", multiple=True, type=click.Choice(LEVELS), help="Likewise the points of a level.")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="error",
    show_default=True,
    help="The least severity that counts; a point below it is shown only.",
)
@click.option(
    "--max-age",
    type=Number(min=0),
    metavar="SECONDS",
    help="dbt's last run, or the evidence of a point, that is older is no answer.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A point over its limit counts only if it was not when this was saved, or had fewer stuck.",
)
@click.option(
    "--save-baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Accept what is stuck now, and save it; without --baseline nothing counts but the unknown.",
)
@click.option(
    "--wait",
    type=click.IntRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Check again until the gate is open or the time is up.",
)
@click.option(
    "--format", "shown_as", type=click.Choice(["table", "json", "github"]), default="table", show_default=True
)
@connection_options
@click.pass_context
def gate(
    ctx: click.Context,
    connection: ProfileOptions,
    point: tuple[str, ...],
    level: tuple[str, ...],
    severity: str,
    max_age: float | None,
    baseline: Path | None,
    save_baseline: Path | None,
    wait: int,
    shown_as: str,
) -> None:
    """Say whether a deployment may go on: no accumulation point is over its limit, and none is unknown.

    Reads accumulation_points and accumulation_history, and nothing else; --format json also the oldest of
    stuck_items at each point that is over its limit.

    Exits with 0 if the gate is open; 1 if a point that counts is over its limit; 2 if none is, but there is
    no answer for one of them, or for all: the database cannot be reached, or the summary not be relied on.
    """
    counted = SEVERITIES[SEVERITIES.index(severity) :]
    rules = Rules(point, level, counted, max_age, Baseline.load(baseline) if baseline else None)
    accept = save_baseline is not None and baseline is None
    profile = prompt_profile(connection)
    verdict = _look(profile, rules, accept, time.monotonic() + wait)
    saved = save_baseline if verdict.exit is Exit.OPEN else None
    if saved:
        Baseline.of(finding.point for finding in verdict.findings).save(saved)
    match shown_as:
        case "json":
            emit(as_json(verdict, read_oldest(profile, verdict)))
        case "github":
            emit(as_annotations(verdict, saved))
        case _:
            show_table(verdict, saved)
    ctx.exit(verdict.exit)


def read_oldest(profile: Profile, verdict: Verdict) -> list[Item]:
    """The oldest items of the points that are over their limit."""
    points = [finding.point.accumulation_point for finding in verdict.findings if finding.point.is_over_limit]
    if not points:
        return []
    with refusals(), connect(profile) as connection:
        parameters = {"points": points, "most": OLDEST_ITEMS}
        return read_rows(connection, profile.schema, "gate_items.sql", Item, parameters)


def _look(profile: Profile, rules: Rules, accept: bool, deadline: float) -> Verdict:
    """Judge until the gate is open or the deadline has passed; until then no answer is not the last word.

    Args:
        profile: says where the summary is.
        rules: what to look at, and how strictly.
        accept: everything that is stuck now, as the baseline.
        deadline: by the monotonic clock.
    """
    while True:
        try:
            summary = read_summary(profile)
        except StuckJobsError:
            if time.monotonic() >= deadline:
                raise
        else:
            if accept:
                rules = dataclasses.replace(rules, baseline=Baseline.of(summary.points))
            verdict = judge(summary, rules)
            if verdict.exit is Exit.OPEN or time.monotonic() >= deadline:
                return verdict
        time.sleep(max(0, min(POLL_SECONDS, deadline - time.monotonic())))
