"""The expectations, one suite per public view. Nothing here needs Great Expectations itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stuck_jobs.expectations.contract import View
from stuck_jobs.views.rows import LEVELS

STATES = ("ok", "breached", "unknown")
SEVERITIES = ("error", "warn")

STATUSES = {
    "lost_workers": ("processing", "running"),
    "missing_executions": ("completed", "failed"),
    "provider_failures": ("failing",),
    "queue_backlog": ("main", "retry"),
    "queue_mismatches": ("main", "retry"),
    "stalled_pipeline": ("stalled",),
    "unpublished_outbox": ("unpublished",),
}
"""The statuses of a view's items where the set is closed, whichever system is watched."""

DISPLAY_STATUSES = (
    "waiting", "running", "finishing", "stuck", "incomplete", "completed", "failed", "cancelled",
)  # fmt: skip
"""What a portal may be told to show."""


@dataclass(frozen=True)
class Expectation:
    """One expectation, before it has an id.

    Attributes:
        description: what is expected, in words; unique within its suite.
        type: Great Expectations' name of the kind of expectation.
        kwargs: its arguments.
        severity: what a failure means to Great Expectations, critical or warning.
    """

    description: str
    type: str
    kwargs: dict[str, Any]
    severity: str = "critical"


@dataclass(frozen=True)
class Suite:
    """The expectations of one relation, from which it has its name."""

    relation: str
    expectations: list[Expectation] = field(default_factory=list)


def summary_suite(view: View, points: Iterable[str]) -> Suite:
    """What is expected of the summary; the limits and severities are the relation's own.

    Args:
        view: the summary.
        points: the names of all registered points.
    """
    registered = sorted(points)
    return Suite(
        view.name,
        [
            _columns(view),
            Expectation("there is a row", "expect_table_row_count_to_be_between", {"min_value": 1}),
            _no_rows("no point of dbt's last run is missing, or at another level", _MISSING),
            Expectation(
                "no point has a second row",
                "expect_column_values_to_be_unique",
                {"column": "accumulation_point"},
            ),
            *_words("accumulation_point", registered),
            *_words("level", LEVELS),
            *_words("state", STATES),
            *_words("severity", SEVERITIES),
            *(_filled(column) for column in ("stuck_count", "max_count", "remedy")),
            _not_negative("oldest_age_seconds"),
            _not_negative("stuck_count"),
            _no_rows(
                "no date is in the future",
                "SELECT accumulation_point, oldest_stuck_since, evidence_at FROM {batch}\n"
                "WHERE greatest(oldest_stuck_since, evidence_at) > now()",
            ),
            *(expectation for point in registered for expectation in _gate(point)),
        ],
    )


def detection_suite(view: View) -> Suite:
    """What is expected of a detection view: its shape, its vocabulary, and believable dates."""
    expectations = NOT_ITEMS[view.name]() if view.name in NOT_ITEMS else _items(view)
    return Suite(view.name, [_columns(view), *expectations])


def _items(view: View) -> Iterator[Expectation]:
    yield from _words("accumulation_point", view.points)
    yield from _words("cause", view.causes)
    if view.name in STATUSES:
        yield from _words("status", STATUSES[view.name])
    for column in ("entity_type", "entity_id", "threshold_seconds"):
        yield _filled(column)
    yield _unique("no entity is listed twice at a point", "accumulation_point", "entity_id")
    yield _no_rows(
        "stuck_since is not in the future",
        "SELECT accumulation_point, entity_id, stuck_since FROM {batch} WHERE stuck_since > now()",
    )
    yield _not_negative("age_seconds")


def _queue_depths() -> Iterator[Expectation]:
    yield from _words("kind", ("main", "retry", "dead"))
    yield _filled("queue_name")
    yield _unique("no queue is listed twice", "queue_name", "kind")
    yield _no_rows(
        "observed_at is not in the future",
        "SELECT queue_name, kind, observed_at FROM {batch} WHERE observed_at > now()",
    )
    yield _not_negative("depth")


def _job_status() -> Iterator[Expectation]:
    yield from _words("display_status", DISPLAY_STATUSES)
    yield from (_filled(column) for column in ("job_id", "reason"))
    yield Expectation("no job is listed twice", "expect_column_values_to_be_unique", {"column": "job_id"})
    for count in ("expected", "finished", "pending", "missing"):
        yield _filled(f"executions_{count}")
        yield _not_negative(f"executions_{count}")


NOT_ITEMS: dict[str, Callable[[], Iterator[Expectation]]] = {
    "job_status": _job_status,
    "queue_depths": _queue_depths,
}
"""The detection views whose rows are not stuck items, and what is expected of each."""


_MISSING = """\
SELECT accumulation_point, level
FROM accumulation_history
WHERE observed_at = (SELECT max(observed_at) FROM accumulation_history)
EXCEPT
SELECT accumulation_point, level
FROM {batch}"""


def _gate(point: str) -> Iterator[Expectation]:
    """What stops a deployment, for one point; it has no row if it is disabled."""
    this = f"accumulation_point = '{point}' AND severity IS DISTINCT FROM 'warn'"
    verdict = "SELECT accumulation_point, state, stuck_count, max_count, oldest_age_seconds, evidence_at"
    yield _no_rows(
        f"{point} is within its limit",
        f"{verdict}\nFROM {{batch}}\nWHERE {this}\n    AND (state = 'breached' OR stuck_count > max_count)",
    )
    yield _no_rows(
        f"{point} is known",
        f"{verdict}\nFROM {{batch}}\nWHERE {this}\n    AND coalesce(state, 'unknown') = 'unknown'",
    )
    yield Expectation(
        f"{point} is ok where it only warns (listed, never failing)",
        "expect_column_values_to_be_in_set",
        {
            "column": "state",
            "value_set": ["ok"],
            "row_condition": {
                "type": "and",
                "conditions": [_equals("accumulation_point", point), _equals("severity", "warn")],
            },
            "mostly": 0,
        },
        severity="warning",
    )


def _equals(column: str, value: str) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": "==", "parameter": value}


def _no_rows(description: str, query: str) -> Expectation:
    return Expectation(description, "unexpected_rows_expectation", {"unexpected_rows_query": query})


def _columns(view: View) -> Expectation:
    return Expectation(
        "the columns are those of the contract, in order",
        "expect_table_columns_to_match_ordered_list",
        {"column_list": list(view.columns)},
    )


def _filled(column: str) -> Expectation:
    return Expectation(f"{column} is never NULL", "expect_column_values_to_not_be_null", {"column": column})


def _words(column: str, words: Iterable[str]) -> Iterator[Expectation]:
    yield _filled(column)
    yield Expectation(
        f"{column} is a known word",
        "expect_column_values_to_be_in_set",
        {"column": column, "value_set": list(words)},
    )


def _not_negative(column: str) -> Expectation:
    return Expectation(
        f"{column} is not negative",
        "expect_column_values_to_be_between",
        {"column": column, "min_value": 0},
    )


def _unique(description: str, *columns: str) -> Expectation:
    return Expectation(description, "expect_compound_columns_to_be_unique", {"column_list": list(columns)})
