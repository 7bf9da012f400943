"""Settings of a project that has this one as a package: none changes what ours promises without a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import Warehouse, copy_project
from dbt.cli.main import dbtRunner

HARMFUL = {
    "materialized": {"models": {"+materialized": "table"}},
    "schema": {"models": {"+schema": "reporting"}},
    "full_refresh": {"models": {"+full_refresh": True}},
    "sql_header": {"models": {"+sql_header": "select 1;"}},
    "contract": {"models": {"+contract": {"enforced": True}}},
    "severity": {"data_tests": {"+severity": "warn"}},
    "where": {"data_tests": {"+where": "1 = 0"}},
    "enabled": {"data_tests": {"+enabled": False}},
    "enabled: false": {"models": {"+enabled": False}},
}
TAKEN_BACK = {"models": {"shop": {"+materialized": "table"}, "+tags": ["nightly"]}}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    return new_warehouse().in_schema("own")


def project(directory: Path, package: Path, warehouse: Warehouse, settings: dict[str, object]) -> Path:
    variables = {"stuck_jobs": {"stuck_jobs_schema": "ops", "redis_enabled": False}}
    config = {"name": "shop", "profile": "stuck_jobs", "vars": variables} | settings
    (directory / "dbt_project.yml").write_text(yaml.safe_dump(config))
    (directory / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(package)}]}))
    arguments = ["--project-dir", str(directory), "--profiles-dir", str(warehouse.scratch)]
    assert dbtRunner().invoke(["deps", "--quiet", *arguments]).success
    return directory


@pytest.mark.parametrize("name", HARMFUL)
def test_a_setting_that_would_break_a_promise_is_named(
    warehouse: Warehouse, package: Path, tmp_path: Path, name: str
) -> None:
    root = project(tmp_path, package, warehouse, HARMFUL[name])
    outcome = warehouse.run_dbt("build", project=root)
    assert outcome.exit_code != 0
    assert f"+{name.partition(': ')[0]}: " in outcome.output, outcome.output
    assert "of the package stuck_jobs" in outcome.output
    assert warehouse.rows("select from pg_class where relname in ('stg_jobs', 'accumulation_history')") == []


def test_settings_for_ones_own_models_are_without_effect(
    warehouse: Warehouse, package: Path, tmp_path: Path
) -> None:
    root = project(tmp_path, package, warehouse, TAKEN_BACK)
    outcome = warehouse.run_dbt("run", project=root)
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize("name", ["source_schema", "jobs_table"])
def test_a_name_that_dbt_cannot_look_up_is_refused_before_anything_is_built(
    built: Warehouse, name: str
) -> None:
    outcome = built.run_dbt("run", "--select", "stg_outbox", variables={name: "o'clock"})
    assert outcome.exit_code != 0
    assert f"vars: {name} must be a name without an apostrophe" in outcome.output
    assert "OK created" not in outcome.output
