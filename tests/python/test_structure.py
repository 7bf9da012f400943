"""The project keeps to dbt-project-evaluator's rules on its graph, apart from what decision 0012 lists."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml
from conftest import ROOT, SHAPING, ParsedProject, Warehouse
from dbt.contracts.graph.manifest import Manifest

PREFIXES = {"staging": "stg_", "intermediate": "int_"}
LAYERS = ["staging", "intermediate", "detection", "monitoring", "analytics"]
STAGING_ON_STAGING = {"stg_activity", "stg_job_contents", "stg_execution_contents"}
SEVERAL_SOURCES = {"stg_judgment_basis", "stg_watched_tables"}

PRIVATE_TO_US = {
    "stuck_jobs_recovery": {
        "int_live_jobs",
        "int_recovery_evidence",
        "int_recovery_plan",
        "int_recovery_settings",
    },
    "stuck_jobs_why": {
        "int_current_locks",
        "int_current_messages",
        "int_heartbeats",
        "int_job_clocks",
        "int_live_jobs",
        "int_recovery_plan",
        "int_recovery_settings",
        "int_worker_signals",
        "stg_attempts",
        "stg_executions",
        "stg_given_up",
        "stg_holders",
        "stg_jobs",
        "stg_outbox",
        "stg_recoveries",
        "stg_recovery_log",
        "stg_waits",
    },
}
"""What a command of ours reads that nobody else should."""

SETTINGS = {
    "reader_roles": ["analyst"],
    "operator_roles": ["operator"],
    "source_time_zone": "Asia/Tokyo",
    "thresholds": {
        "job_created": {"max_age_minutes": 77, "max_count": 5, "severity": "warn"},
        "execution_running": {"enabled": False},
        "worker_lost": {"enabled": False},
        "job_queued": {"auto": True},
    },
    "region_aliases": {"BRAZIL": "sa-east"},
    "redis_enabled": True,
    "completeness_since": "2026-01-01",
    "recovery_topic": "others",
    "recovery_breaker_share": 0.25,
}
"""Other than by default; of a number the next one will do."""

NOT_OF_A_PIPELINE = {"schedules", "broker_transport_options"}
"""A pipeline that has them set is refused."""

Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(built: Warehouse) -> dict[str, dict[str, Node]]:
    outcome, path = built.parsed({}, {})
    assert path is not None, outcome.output
    return written(ParsedProject(path).put_into(built))


def written(manifest: Manifest) -> dict[str, dict[str, Node]]:
    """What is in a manifest, apart from when it was parsed."""
    parts: dict[str, dict[str, Node]] = manifest.writable_manifest().to_dict(omit_none=False)
    for part in parts.values():
        for node in part.values():
            if isinstance(node, dict):
                node.pop("created_at", None)
    parts["disabled"] = {name: {} for name in parts["disabled"]}
    del parts["metadata"]
    return parts


@pytest.fixture(scope="module")
def models(manifest: dict[str, dict[str, Node]]) -> dict[str, Node]:
    return {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def layer(node: Node) -> str:
    return str(node["path"].partition("/")[0])


def sources_of(node: Node) -> set[str]:
    return {name for name in node["depends_on"]["nodes"] if name.startswith("source.")}


def parents_of(node: Node, models: dict[str, Node]) -> list[Node]:
    return [models[name] for name in node["depends_on"]["nodes"] if name in models]


def test_nothing_outside_staging_reads_a_source_not_even_by_a_hook(
    manifest: dict[str, dict[str, Node]],
) -> None:
    readers = [node for node in manifest["nodes"].values() if sources_of(node)]
    assert readers
    outside = [
        node["original_file_path"]
        for node in readers
        if not node["original_file_path"].startswith("models/staging/")
    ]
    assert [path for path in outside if not path.startswith("analyses/analysis_")] == []
    readers_of_text = [
        node["original_file_path"]
        for node in manifest["nodes"].values()
        if "source(" in str(node["config"].get("pre-hook")) + str(node["config"].get("post-hook"))
    ]
    assert [path for path in readers_of_text if not path.startswith("models/staging/")] == []


def test_every_source_is_read_by_a_staging_model_in_its_own_folder(
    manifest: dict[str, dict[str, Node]],
) -> None:
    read = {name for node in manifest["nodes"].values() for name in sources_of(node)}
    assert read == set(manifest["sources"])
    for node in manifest["nodes"].values():
        for name in sources_of(node):
            source = manifest["sources"][name]
            if layer(node) == "staging":
                assert node["path"].split("/")[1] == source["source_name"], node["path"]


def test_no_two_sources_are_one_table(manifest: dict[str, dict[str, Node]]) -> None:
    tables = Counter((source["schema"], source["identifier"]) for source in manifest["sources"].values())
    assert [table for table, times in tables.items() if times > 1] == []


def test_the_folder_is_the_layer_and_the_name_says_it(models: dict[str, Node]) -> None:
    for node in models.values():
        assert layer(node) in LAYERS, node["path"]
        prefix = PREFIXES.get(layer(node))
        assert node["name"].startswith(prefix or node["name"]), node["path"]
        assert prefix or not node["name"].startswith(tuple(PREFIXES.values())), node["path"]


def test_no_model_joins_a_source_to_a_model(models: dict[str, Node]) -> None:
    joined = {node["name"] for node in models.values() if sources_of(node) and parents_of(node, models)}
    assert joined == set()


def test_staging_reads_sources_alone(models: dict[str, Node]) -> None:
    staging = [node for node in models.values() if layer(node) == "staging"]
    parents = {node["name"]: {layer(parent) for parent in parents_of(node, models)} for node in staging}
    assert {name for name, layers in parents.items() if layers == {"staging"}} <= STAGING_ON_STAGING
    assert [name for name, layers in parents.items() if layers - {"staging"}] == []
    assert {node["name"] for node in staging if len(sources_of(node)) > 1} <= SEVERAL_SOURCES


def test_intermediate_and_staging_are_private_to_the_project(models: dict[str, Node]) -> None:
    for node in models.values():
        access = "protected" if layer(node) in PREFIXES else "public"
        assert node["access"] == access, node["path"]
        assert (
            access == "protected"
            or node["config"]["contract"]["enforced"]
            or node["name"] == "accumulation_history"
        )


def test_exposures_read_public_relations_only(
    manifest: dict[str, dict[str, Node]], models: dict[str, Node]
) -> None:
    assert manifest["exposures"]
    for exposure in manifest["exposures"].values():
        read = exposure["depends_on"]["nodes"]
        private = {models[name]["name"] for name in read if models[name]["access"] != "public"}
        assert private <= PRIVATE_TO_US.get(exposure["name"], set()), exposure["name"]


def test_every_unit_test_is_of_the_system_whose_words_it_uses(manifest: dict[str, dict[str, Node]]) -> None:
    for node in manifest["unit_tests"].values():
        assert node["config"]["enabled"] is True, node["name"]
        assert len(node["depends_on"]["nodes"]) == 1, node["name"]


def test_no_other_settings_shape_what_dbt_parses(
    built: Warehouse, manifest: dict[str, dict[str, Node]]
) -> None:
    """So the tests parse once for all of them."""
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    others = {name: value for name, value in declared.items() if name not in SHAPING | NOT_OF_A_PIPELINE}
    numbers = {name: value + 1 for name, value in others.items() if type(value) is int}
    assert set(others) == set(SETTINGS) | set(numbers)
    outcome, parsed_so = built.parse(numbers | SETTINGS)
    assert parsed_so is not None, outcome.output
    assert written(parsed_so) == manifest
