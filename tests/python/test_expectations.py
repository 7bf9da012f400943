from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import great_expectations as gx
import pytest
import yaml
from conftest import ROOT

from stuck_jobs.expectations import CHECKPOINT
from stuck_jobs.expectations.contract import detection_views, registered_points, summary_view
from stuck_jobs.expectations.generate import context_files, main
from stuck_jobs.systems import render_macro

CONTEXT = ROOT / "expectations"
PER_POINT = ("is within its limit", "is known", "is ok where it only warns (listed, never failing)")


def suites() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in (CONTEXT / "suites").glob("*.json")}


def descriptions(suite: dict[str, Any]) -> list[str]:
    return [expectation["description"] for expectation in suite["expectations"]]


def test_the_files_are_up_to_date() -> None:
    found = {
        str(path.relative_to(CONTEXT)): path.read_text()
        for path in CONTEXT.rglob("*")
        if path.is_file() and "uncommitted" not in path.parts
    }
    assert found == context_files(ROOT), "run python -m stuck_jobs.expectations.generate"


def test_every_point_has_its_gate_and_its_expectations() -> None:
    registered = set(registered_points(ROOT))
    (model,) = yaml.safe_load((ROOT / "models/monitoring/accumulation_points.yml").read_text())["models"]
    tested = {test["within_limit"]["arguments"]["point"] for test in model["data_tests"]}
    assert tested == registered
    expected = {f"{point} {words}" for point in registered for words in PER_POINT}
    assert expected <= set(descriptions(suites()["accumulation_points"]))


def test_every_public_view_has_its_suite() -> None:
    models = [path.stem.rpartition("_v")[0] for path in (ROOT / "models/detection").glob("*/*.sql")]
    assert set(suites()) == {"accumulation_points", *models}


def test_every_point_is_listed_by_a_view() -> None:
    listed = {point for view in detection_views(ROOT) for point in view.points}
    assert set(registered_points(ROOT)) - listed == {"queue_depth"}


def test_every_view_is_counted_with_all_of_its_points() -> None:
    counted = render_macro(ROOT, Path("macros", "registry", "detections.sql"))
    points = Counter(point for listed in counted.values() for point in listed)
    assert points == Counter(list(registered_points(ROOT)))
    for view in detection_views(ROOT):
        if view.name in counted:
            assert set(counted[view.name]) == set(view.points), view.name


def test_the_summary_columns_are_those_of_the_contract() -> None:
    assert summary_view(ROOT).columns[:3] == ("accumulation_point", "level", "state")
    assert summary_view(ROOT).columns[-2:] == ("evidence_at", "evidence")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the expectations are made of."""
    for directory in ("macros", "models"):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    return tmp_path


def test_a_new_point_makes_the_files_out_of_date(project: Path) -> None:
    registry = project / "macros" / "registry" / "default_registry.sql"
    entry = "        'job_lost': {'level': 'database', 'max_age_minutes': 5},\n"
    registry.write_text(registry.read_text().replace("        'job_queued'", entry + "        'job_queued'"))
    new = json.loads(context_files(project)["suites/accumulation_points.json"])
    added = set(descriptions(new)) - set(descriptions(suites()["accumulation_points"]))
    assert added == {f"job_lost {words}" for words in PER_POINT}


def test_generating_removes_what_no_longer_belongs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_PROJECT_DIR", str(project))
    monkeypatch.chdir(project)
    stale = project / "expectations" / "suites" / "no_such_view.json"
    stale.parent.mkdir(parents=True)
    stale.touch()
    main()
    assert not stale.exists()
    assert (project / "expectations" / "great_expectations.yml").is_file()


def test_no_limit_is_repeated() -> None:
    numbers = {
        value
        for suite in suites().values()
        for expectation in suite["expectations"]
        for value in expectation["kwargs"].values()
        if isinstance(value, int | float)
    }
    assert numbers <= {0, 1}


def test_the_library_loads_every_expectation() -> None:
    variables = {"STUCK_JOBS_CONNECTION": "postgresql+psycopg2://?host=/nowhere"}
    context = gx.get_context(mode="file", context_root_dir=CONTEXT, runtime_environment=variables)
    assert context.config.analytics_enabled is False
    definitions = context.checkpoints.get(CHECKPOINT).validation_definitions
    assert definitions[0].name == "accumulation_points"
    for definition in definitions:
        assert definition.suite.name == definition.asset.name == definition.name
        loaded = [expectation.description for expectation in definition.suite.expectations]
        assert loaded == descriptions(suites()[definition.name])


def test_ids_are_unique() -> None:
    ids = [identified["id"] for suite in suites().values() for identified in (suite, *suite["expectations"])]
    assert len(ids) == len(set(ids))
