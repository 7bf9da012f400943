from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEASURED = {
    "analysis_created",
    "analysis_missing_executions",
    "stale_jobs",
    "unpublished_outbox",
    "stuck_executions",
    "the three together",
    "missing_executions_v1",
    "missing_executions",
    "accumulation_points",
    "accumulation_points, prepared",
}


def test_benchmark_measures_views_that_find_what_was_planted(tmp_path: Path) -> None:
    results, picture = tmp_path / "results.json", tmp_path / "results.svg"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.detection", "--jobs", "2000", "--small", "1000", "--history",
            "--repetitions", "2", "--shared-buffers", "128MB", "--json", str(results), "--svg", str(picture),
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "times as fast" in finished.stdout
    assert picture.read_text().startswith("<svg")
    report = json.loads(results.read_text())
    assert [size["rows"]["jobs"] for size in report["sizes"]] == [3500, 4500]
    assert report["growth"].keys() >= MEASURED
    for size in report["sizes"]:
        assert size["found"] == size["planted"]
        assert size["run"]["statements"] > 0
        assert size["run"]["sql_ms"] > 0
        measurements = {row["name"]: row for row in size["measurements"]}
        assert measurements.keys() >= MEASURED
        for row in measurements.values():
            assert row["rows"] > 0, row
            assert row["buffers"] > 0, row
            assert row["median_ms"] > 0, row
        assert measurements["accumulation_points"]["speed_up"] > 0


def test_writers_are_measured_with_and_without_the_check(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.writers", "--jobs", "1000", "--seconds", "3", "--rounds", "1",
            "--every", "1", "--shared-buffers", "128MB", "--json", str(results),
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    together = json.loads(results.read_text())["together"]
    assert together.keys() == {"nobody checks", "the analysis's queries", "dbt build --selector check"}
    assert together["nobody checks"]["checks"] == 0
    for one in together.values():
        assert one["jobs_per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]


def test_optional_indexes_are_measured_for_readers_and_writers(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.indexes", "--jobs", "1000", "--seconds", "1",
            "--repetitions", "1", "--shared-buffers", "128MB", "--json", str(results),
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    effects = json.loads(results.read_text())
    assert effects.keys() == {"none of them", "unpublished", "by creation", "both"}
    assert effects["none of them"]["megabytes"] == 0
    for name, effect in effects.items():
        assert (effect["megabytes"] > 0) == (name != "none of them")
        assert effect["jobs_per_second"] > 0
        assert all(took > 0 for took in effect["view_ms"].values())


def test_the_summary_is_measured_beside_an_earlier_commit_in_each_situation() -> None:
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.against", "d47a5b9", "--jobs", "1000", "--incident", "100",
            "--repetitions", "1", "--shared-buffers", "128MB",
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for situation in ("quiet", "stuck half-way", "queued, messages published"):
        rows = [line for line in finished.stdout.splitlines() if line.strip().startswith(situation)]
        assert len(rows) == 3, finished.stdout
        assert all(float(row.split()[-1]) > 0 for row in rows)


def test_the_summary_is_measured_over_other_systems_beside_the_pipeline(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.systems", "--history", "12000", "--repetitions", "1",
            "--shared-buffers", "128MB", "--json", str(results),
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    costs = {(cost["system"], cost["question"]): cost for cost in json.loads(results.read_text())}
    assert costs.keys() == {
        (system, way) for system in ("pipeline", "airflow", "celery") for way in ("unprepared", "prepared")
    }
    assert all(cost["ratio"] > 0 for cost in costs.values())
    assert costs["pipeline", "prepared"]["ratio"] == 1
