"""docs/faults.md has every "How it happens" of the analysis, and says what the faults' tests assert."""

from __future__ import annotations

import pytest
import yaml
from conftest import ROOT
from fault_catalogue import CASES
from test_faults import REGISTRY

ANALYSIS = {
    "1 created": [
        "Job inserted into database",
        "Never picked up by worker",
        "Worker crashed before processing",
        "Queue message lost",
    ],
    "1 processing": [
        'Worker picked up job, set status to "processing"',
        "Worker crashed mid-execution",
        "Context cancelled before completion",
        "Database write failed for final status",
    ],
    "1 running": [
        'Job marked as "running" but never completes',
        "All executions complete but job status never updated",
        "Worker crashed after executions but before final status update",
        "`processExecutionResults()` failed",
    ],
    "1 queued": [
        'Job created but never transitioned to "processing"',
        "Worker not consuming from queue",
        "Redis queue connection lost",
        "Message stuck in dead-letter queue",
    ],
    "2 jobs": [
        "Messages pushed but never consumed",
        "Worker not running",
        "Worker crashed",
        "Consumer lag",
    ],
    "2 jobs:dead": [
        "Job failed max retry attempts",
        "Permanent failure (validation error, etc.)",
        "Moved from main queue after retries exhausted",
    ],
    "3 never written": [
        "Goroutine cancelled before DB write",
        "Context timeout during execution",
        "Database connection lost",
        "`InsertExecutionWithModelAndQuestion()` failed silently",
    ],
    "3 running": [
        "Execution started but never updated to final status",
        "Modal/provider returned success but status update failed",
        "Context cancelled before status update",
    ],
    "4 crashes": [
        "OOM (out of memory)",
        "Panic/unhandled error",
        "Container restart",
        "Deployment",
    ],
    "4 context": [
        "Job exceeds 15-minute timeout",
        "Parent context cancelled",
        "Goroutines don't respect context",
    ],
    "5 stale data": [
        "Polling lag (15s interval)",
        "Caching issues",
        "Job status updated but executions not yet written",
        "Race condition between job completion and execution writes",
    ],
    "6 timeouts": [
        "Modal cold start >150s",
        "Network timeout",
        "Provider unavailable",
    ],
    "6 database": [
        "Railway/Fly.io network issue",
        "PostgreSQL restart",
        "Connection pool exhausted",
    ],
}
BULLETS = [(section, bullet) for section, bullets in ANALYSIS.items() for bullet in bullets]
NOTHING = "nothing: the job is whole"


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "faults.md").read_text().splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in table if cells[0].strip() != "section"]


def causes() -> dict[str, set[str]]:
    """The causes that a point may have, as the YAML of its view documents and tests them."""
    known: dict[str, set[str]] = {}
    for path in (ROOT / "models" / "detection").glob("*/*.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            versions = [version.get("data_tests", []) for version in model.get("versions", [])]
            for test in [test for tests in [model.get("data_tests", []), *versions] for test in tests]:
                if isinstance(test, dict) and "well_formed" in test:
                    arguments = test["well_formed"]["arguments"]
                    for point in arguments["points"]:
                        known.setdefault(point, set()).update(arguments["causes"])
    return known


def test_no_cell_is_empty() -> None:
    assert all(len(row) == 4 and all(row) for row in rows())


@pytest.mark.parametrize(("section", "bullet"), BULLETS)
def test_bullet_of_the_analysis_has_a_fault(section: str, bullet: str) -> None:
    found = [fault for row_section, text, fault, _ in rows() if (row_section, text) == (section, bullet)]
    assert found
    assert any(CASES[fault].expected for fault in found)


def test_sections_have_no_other_rows() -> None:
    assert {(row[0], row[1]) for row in rows() if row[0] != "beyond"} == set(BULLETS)


def test_fault_is_in_the_table_once() -> None:
    assert sorted(row[2] for row in rows()) == sorted(CASES)


def test_table_says_what_is_asserted() -> None:
    expected = {
        name: ", ".join(f"{point}: {cause}" for point, cause in case.expected.items()) or NOTHING
        for name, case in CASES.items()
    }
    assert {row[2]: row[3] for row in rows()} == expected


def test_points_are_in_the_registry_and_causes_in_the_views() -> None:
    known = causes()
    for case in CASES.values():
        for point, cause in {*case.expected.items(), *case.before}:
            assert point in REGISTRY
            assert cause in known.get(point, {cause} if point == "queue_depth" else set()), (
                f"{point}: {cause}"
            )


def test_every_point_is_made_to_appear() -> None:
    assert {point for case in CASES.values() for point in case.expected} == set(REGISTRY)
