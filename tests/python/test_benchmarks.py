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
    "missing_executions_v2",
    "accumulation_points",
}


def test_benchmark_measures_views_that_find_what_was_planted(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    finished = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.detection", "--jobs", "2000", "--history",
            "--repetitions", "2", "--shared-buffers", "128MB", "--json", str(results),
        ],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    report = json.loads(results.read_text())
    assert report["rows"]["jobs"] == 4500
    assert report["found"] == report["planted"]
    measurements = {row["name"]: row for row in report["measurements"]}
    assert measurements.keys() >= MEASURED
    for row in measurements.values():
        assert row["rows"] > 0, row
        assert row["buffers"] > 0, row
        assert row["median_ms"] > 0, row
    assert measurements["the three together"]["speed_up"] > 0
