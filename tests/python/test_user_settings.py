"""A user's own settings, and the zone of a session, never change what the unit tests of the views say."""

from __future__ import annotations

import os

from conftest import Warehouse

SETTINGS = {
    "redis_enabled": False,
    "source_time_zone": "Asia/Tokyo",
    "region_aliases": {"US": "elsewhere"},
    "snapshot_max_age_minutes": 60,
    "thresholds": {
        "job_created": {"max_age_minutes": 77, "max_count": 5},
        "job_unevaluable": {"max_age_minutes": 77},
        "outbox_unpublished": {"max_age_minutes": 77},
        "execution_missing": {"max_age_minutes": 77, "severity": "warn"},
        "execution_running": {"enabled": False},
        "worker_lost": {"enabled": False},
    },
}


def test_unit_tests_pass_with_any_settings(built: Warehouse) -> None:
    model = os.environ.get("STUCK_JOBS_MODEL")  # of make test-quick MODEL=
    selected = f"{model}+,test_type:unit" if model else "test_type:unit"
    outcome = built.run_dbt("test", "--select", selected, variables=SETTINGS, PGTZ="Asia/Kolkata")
    assert outcome.exit_code == 0, outcome.output
    assert "PASS" in outcome.output
