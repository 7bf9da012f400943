"""The command `stuck-jobs metrics`: what the exporter says by `queries.yml`, where a file suits better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import click
from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from stuck_jobs.output import emit, say
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.session.patience import prompt_profile
from stuck_jobs.views.incidents import IncidentCount, count_incidents, in_few_seconds
from stuck_jobs.views.rows import INCIDENT_KINDS, SEVERITIES, JudgedPoint
from stuck_jobs.views.summary import Summary, read_summary

LABELS = ("accumulation_point", "level", "severity", "remedy")

GAUGES: dict[str, tuple[str, Callable[[JudgedPoint], float | None]]] = {
    "stuck_count": ("How many items are stuck", lambda point: point.stuck_count),
    "max_count": ("How many may be", lambda point: point.max_count),
    "oldest_age_seconds": (
        "For how long the oldest is stuck; NaN if none is",
        lambda point: point.oldest_age_seconds,
    ),
    "breached": ("1 if the point is over its limit", lambda point: point.state == "breached"),
    "unknown": ("1 if nobody knows", lambda point: point.state == "unknown"),
    "evidence_age_seconds": (
        "How old the evidence is; NaN if there is none",
        lambda point: point.evidence_age,
    ),
}
"""Of each point, by the name of the metric: what it says, and its value; None is NaN."""


INCIDENTS = "How many incidents there are; every kind is there, so that an alert resolves"


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write this file at once, for the textfile collector of node_exporter.",
)
@connection_options
def metrics(connection: ProfileOptions, output: Path | None) -> None:
    """Print the accumulation points as metrics, in Prometheus's text format.

    They have the names and labels of those that postgres_exporter makes of the same views, so that the same
    alerting rules hold. Reads accumulation_points and accumulation_history, and the incidents for three
    seconds at most: how many there are is left out if that is not enough.

    Exits with 0 if the metrics were written, whatever they say; 2 if the summary cannot be read, in which
    case a file is left as it was.
    """
    profile = prompt_profile(connection)
    summary = read_summary(profile)
    incidents, problem = in_few_seconds(profile, count_incidents)
    if problem:
        say(f"the incidents are not known: {problem}", err=True)
    registry = measured(summary, incidents)
    if output is None:
        emit(generate_latest(registry).removesuffix(b"\n"))
    else:
        write_to_textfile(str(output), registry)


def measured(summary: Summary, incidents: Sequence[IncidentCount] | None = None) -> CollectorRegistry:
    """Each gauge with a value per point, the incidents by kind and severity, and the age of dbt's last run.

    Args:
        summary: to show.
        incidents: how many there are; None if nobody knows, and then nothing is said of them.
    """
    registry = CollectorRegistry()
    for name, (says, value) in GAUGES.items():
        gauge = Gauge(f"stuck_jobs_point_{name}", says, LABELS, registry=registry)
        for point in summary.points:
            gauge.labels(*(getattr(point, label) for label in LABELS)).set(_number(value(point)))
    age = Gauge("stuck_jobs_history_age_seconds", "How long ago dbt build last ran", registry=registry)
    age.set(_number(summary.last_run.age))
    if incidents is not None:
        count = Gauge("stuck_jobs_incidents", INCIDENTS, ("kind", "severity"), registry=registry)
        for kind, severity in product(INCIDENT_KINDS, SEVERITIES):
            count.labels(kind, severity).set(0)
        for found in incidents:
            count.labels(found.kind, found.severity).set(found.incidents)
    return registry


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
