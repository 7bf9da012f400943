"""`dbt docs generate` tells of everything, and of nothing that does not exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Warehouse

PACKAGE = "stuck_jobs"
HEADER = re.compile(r"{%-?\s*(?:macro|test|materialization)\s+\w+\s*(?:\((.*?)\))?[^%]*?-?%}", re.DOTALL)


@pytest.fixture(scope="module")
def artifacts(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The manifest and the catalog."""
    target = tmp_path_factory.mktemp("docs")
    outcome = built.run_dbt("docs", "generate", target=target)
    assert outcome.exit_code == 0, outcome.output
    return tuple(json.loads((target / f"{name}.json").read_text()) for name in ("manifest", "catalog"))


@pytest.fixture(scope="module")
def manifest(artifacts: tuple[Any, Any]) -> Any:
    return artifacts[0]


@pytest.fixture(scope="module")
def models(manifest: Any) -> list[Any]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_public_column_is_described_and_none_that_does_not_exist(
    artifacts: tuple[Any, Any], models: list[Any]
) -> None:
    catalog = artifacts[1]["nodes"]
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
        signature = [] if "materialization" in macro["name"] else (header.group(1) or "").split(",")
        names = [name.partition("=")[0].strip() for name in signature if name.strip()]
        assert [argument["name"] for argument in macro["arguments"]] == names, macro["unique_id"]
        assert all(argument["description"] for argument in macro["arguments"]), macro["unique_id"]


def test_no_text_is_written_for_nobody(manifest: Any) -> None:
    texts = {name for name in manifest["docs"] if name.startswith(f"doc.{PACKAGE}.")}
    properties = "".join(path.read_text() for path in Path(__file__).parents[2].glob("models/**/*.yml"))
    assert texts == {f"doc.{PACKAGE}.{name}" for name in re.findall(r"doc\('(\w+)'\)", properties)}


def test_the_exposures_read_what_is_public(manifest: Any) -> None:
    nodes = manifest["nodes"]
    for exposure in manifest["exposures"].values():
        read = [nodes[node] for node in exposure["depends_on"]["nodes"]]
        assert read
        assert {node["access"] for node in read} == {"public"} or exposure["type"] == "application"
