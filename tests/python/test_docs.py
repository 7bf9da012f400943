"""`dbt docs generate` tells of everything, and of nothing that does not exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conftest import ROOT, Warehouse

PACKAGE = "stuck_jobs"
HEADER = re.compile(r"{%-?\s*(?:macro|test|materialization)\s+\w+\s*(?:\((.*?)\))?[^%]*?-?%}", re.DOTALL)


@pytest.fixture(scope="module")
def target(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("docs")
    outcome = built.run_dbt("docs", "generate", target=target)
    assert outcome.exit_code == 0, outcome.output
    return target


@pytest.fixture(scope="module")
def manifest(target: Path) -> Any:
    return json.loads((target / "manifest.json").read_text())


@pytest.fixture(scope="module")
def catalog(target: Path) -> Any:
    return json.loads((target / "catalog.json").read_text())["nodes"]


@pytest.fixture(scope="module")
def models(manifest: Any) -> list[Any]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_public_column_is_described_and_none_that_does_not_exist(
    catalog: Any, models: list[Any]
) -> None:
    assert {model["unique_id"] for model in models} == set(catalog) - {
        name for name in catalog if not name.startswith("model.")
    }
    for model in models:
        described = {name for name, column in model["columns"].items() if column["description"].strip()}
        assert described == set(model["columns"]), model["unique_id"]
        existing = set(catalog[model["unique_id"]]["columns"])
        assert described <= existing, model["unique_id"]
        assert model["access"] != "public" or described == existing, model["unique_id"]


def test_everything_else_is_described(manifest: Any) -> None:
    kinds = ("nodes", "sources", "exposures", "groups", "unit_tests", "macros")
    found = [node for kind in kinds for node in manifest[kind].values() if node["package_name"] == PACKAGE]
    generic = {node["unique_id"] for node in found if node.get("test_metadata")}  # named after what they test
    hooks = {node["unique_id"] for node in found if node["resource_type"] == "operation"}
    silent = {node["unique_id"] for node in found if not (node["description"] or "").strip()}
    assert silent - generic - hooks == set()


def test_the_arguments_of_every_macro_are_described(manifest: Any) -> None:
    macros = [macro for macro in manifest["macros"].values() if macro["package_name"] == PACKAGE]
    assert len(macros) > 50
    for macro in macros:
        header = HEADER.search(macro["macro_sql"])
        assert header, macro["unique_id"]
        names = [
            name.partition("=")[0].strip() for name in (header.group(1) or "").split(",") if name.strip()
        ]
        if macro["name"].startswith("test_"):  # dbt takes no entries for these
            assert not [name for name in names if f"`{name}`" not in macro["description"]], macro["unique_id"]
        elif "materialization" not in macro["name"]:
            assert [argument["name"] for argument in macro["arguments"]] == names, macro["unique_id"]
            assert all(argument["description"] for argument in macro["arguments"]), macro["unique_id"]


def test_no_text_is_written_for_nobody(manifest: Any) -> None:
    texts = {name for name in manifest["docs"] if name.startswith(f"doc.{PACKAGE}.")}
    properties = "".join(path.read_text() for path in Path(__file__).parents[2].glob("models/**/*.yml"))
    used = {f"doc.{PACKAGE}.{name}" for name in re.findall(r"doc\('(\w+)'\)", properties)}
    assert texts == used | {f"doc.{PACKAGE}.__overview__"}  # the page on which dbt docs opens


def test_each_public_model_has_the_full_score(target: Path, models: list[Any]) -> None:
    manifest = target / "manifest.json"
    finished = subprocess.run(
        [Path(sys.executable).with_name("dbt-score"), "lint", "--format", "json", "--manifest", manifest],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    scores = json.loads(finished.stdout)["evaluables"]
    public = {model["unique_id"]: model for model in models if model["access"] == "public"}
    below = {name for name in public if scores[name]["score"] < 10}
    assert below <= {"model.stuck_jobs.job_spans.v1"}  # which takes more than 200 lines


def test_each_public_model_has_an_example_that_runs(
    models: list[Any], connection: psycopg.Connection[Any]
) -> None:
    for model in models:
        if model["access"] == "public":
            (example,) = re.findall(r"```sql\n(.*?)\n```", model["description"], re.DOTALL)
            assert f"stuck_jobs.{model['name']}" in example
            connection.execute(example)


def test_every_public_model_is_read_by_an_exposure(manifest: Any, models: list[Any]) -> None:
    read = {node for exposure in manifest["exposures"].values() for node in exposure["depends_on"]["nodes"]}
    latest = {
        model["unique_id"]
        for model in models
        if model["access"] == "public" and model["version"] == model["latest_version"]
    }
    assert latest - read == set()


def test_the_exposures_read_what_is_public(manifest: Any) -> None:
    nodes = manifest["nodes"]
    for exposure in manifest["exposures"].values():
        read = [nodes[node] for node in exposure["depends_on"]["nodes"]]
        assert read
        assert {node["access"] for node in read} == {"public"} or exposure["type"] == "application"
