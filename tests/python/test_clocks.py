"""Clocks that differ, and an hour that a zone's clocks repeat, make no false alarm and hide nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import Warehouse

ITEMS = "select jobspec_id, accumulation_point, cause from stale_jobs order by 1"
JOB = (
    "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
    " select '{0}', '{{}}', 'created', at, at"
    " from (select (now() + interval '{1}') at time zone {2} as at) as clock"
)
EXECUTION = (
    "insert into executions (provider_id, region, status, started_at, created_at)"
    " select 'p', 'us-east', 'running', at, at"
    " from (select (now() + interval '{0}') at time zone '{1}' as at) as clock"
)


@pytest.mark.parametrize(
    ("standard", "summer", "ahead"),
    [("CET-1", "CEST", 2.0), ("LHST-10:30", "LHDT-11", 11.0), ("<+00>0", "<+02>-2", 2.0)],
    ids=["an hour", "half an hour", "two hours"],
)
def test_in_the_hour_that_is_repeated_fresh_work_is_fresh_and_old_is_stuck(
    new_warehouse: Callable[[], Warehouse], standard: str, summer: str, ahead: float
) -> None:
    """The clocks go from summer to winter time ten minutes from now, so that this time comes twice."""
    warehouse = new_warehouse()
    change = datetime.now(UTC) + timedelta(minutes=10)
    local = change + timedelta(hours=ahead)
    start = f"{local.timetuple().tm_yday}/{local:%H:%M}"
    leap = local.year % 4 == 0
    day = local.timetuple().tm_yday
    julian = day - 1 if leap and day > 59 else day
    zone = f"{standard}{summer},J{1 if julian > 2 else 200},J{julian}/{start.split('/')[1]}"
    outcome = warehouse.run_dbt(
        "run", "--select", "+stale_jobs", "+stuck_executions", variables={"source_time_zone": zone}
    )
    assert outcome.exit_code == 0, outcome.output
    warehouse.execute(
        JOB.format("fresh", "-5 seconds", f"'{zone}'"), JOB.format("old", "-70 minutes", f"'{zone}'")
    )
    warehouse.execute(EXECUTION.format("-5 seconds", zone), EXECUTION.format("-40 minutes", zone))
    assert warehouse.rows(ITEMS) == [("old", "job_created", "never_published")]
    assert warehouse.rows("select accumulation_point from stuck_executions") == [("execution_running",)]


def test_a_fast_clock_has_a_margin_and_beyond_it_a_name(
    new_built_warehouse: Callable[..., Warehouse],
) -> None:
    warehouse = new_built_warehouse()
    warehouse.execute(
        JOB.format("fast", "90 seconds", "'UTC'"),
        JOB.format("far ahead", "5 hours", "'UTC'"),
        JOB.format("stuck", "-1 hour", "'UTC'"),
    )
    assert warehouse.rows(ITEMS) == [
        ("far ahead", "job_unevaluable", "clock_skew"),
        ("stuck", "job_created", "never_published"),
    ]
