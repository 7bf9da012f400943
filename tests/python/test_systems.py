"""What holds for each job system: entry, folder, unit tests, page, real run; nobody else knows its name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from stuck_jobs.expectations.contract import registered_points
from stuck_jobs.systems import system_entry, system_names

STAGING = ROOT / "models" / "staging"
OF_NO_SYSTEM = {"none", "raw"}
DEFAULT = "pipeline"
"""The one that the other tests run."""

JUDGED_BY_REAL_RUNS = {"procrastinate"}
"""Those whose staging has no unit tests, but the real run's."""

NAMING = (
    "docs/", "tests/", "findings/", "src/stuck_jobs/init/", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
    "benchmarks/generate/", "benchmarks/systems.py",
)  # fmt: skip
"""Where any system may be named, beside its own folder and entry."""

ORCHESTRATORS = {"airflow": ("orchestration/", "Makefile", ".ci/run")}
"""Where a system is named that runs this project as well."""


def systems() -> list[str]:
    """Those with an entry, and those with a folder."""
    folders = {path.name for path in STAGING.iterdir() if path.is_dir()}
    return sorted({*system_names(ROOT), *folders} - OF_NO_SYSTEM)


def models_of(system: str) -> set[str]:
    return {path.stem for path in (STAGING / system).glob("*.sql")}


@pytest.mark.parametrize("system", systems())
def test_a_system_has_an_entry_with_points_that_exist(system: str) -> None:
    entry = system_entry(ROOT, system)
    assert set(entry["points"]) <= set(registered_points(ROOT))
    assert "jobs" in entry["tables"]
    for table in entry["tables"].values():
        assert set(table) - {
            "is_optional",
            "types",
            "is_unlogged",
            "withheld",
            "recovered",
            "has_row_versions",
            "key_type",
        } == {
            "name",
            "required",
            "optional",
        }
        assert set(table["required"]).isdisjoint(table["optional"])


@pytest.mark.parametrize("system", systems())
def test_its_folder_has_the_relations_that_the_entry_names(system: str) -> None:
    relations = set(system_entry(ROOT, system)["relations"])
    assert {model for model in models_of(system) if model.startswith("stg_")} == relations
    contract = yaml.safe_load((STAGING / "_contract.yml").read_text())["models"]
    assert relations <= {model["name"] for model in contract}
    left_out = {path.stem for path in (STAGING / "none").glob("*.sql")}
    assert {model["name"] for model in contract} - relations <= left_out
    for model in models_of(system):
        text = (STAGING / system / f"{model}.sql").read_text()
        assert f"is_system('{system}')" in text, f"{model} is enabled for other systems too"


@pytest.mark.parametrize("system", sorted({*systems()} - JUDGED_BY_REAL_RUNS))
def test_its_jobs_have_unit_tests(system: str) -> None:
    files = (STAGING / system).glob("_*.yml")
    tests = [test for path in files for test in yaml.safe_load(path.read_text()).get("unit_tests", [])]
    assert "stg_jobs" in {test["model"] for test in tests}
    for test in tests:
        assert f"var('job_system') == '{system}'" in test["config"]["enabled"], test["name"]


@pytest.mark.parametrize("system", systems())
def test_its_page_names_the_points_that_it_proves(system: str) -> None:
    page = (ROOT / "docs" / "systems" / f"{system}.md").read_text()
    overview = (ROOT / "docs" / "systems" / "README.md").read_text()
    (row,) = re.findall(rf"^\| \[{system}\]\({system}\.md\).*$", overview, re.MULTILINE)
    for point in system_entry(ROOT, system)["points"]:
        assert system == DEFAULT or point in page, point
        assert system == DEFAULT or point in row, point


@pytest.mark.parametrize("system", sorted({*systems()} - {DEFAULT}))
def test_it_is_really_run(system: str) -> None:
    test = Path(__file__).with_name("systems") / f"test_{system}.py"
    assert f'"{system}"' in test.read_text()
    assert "found()" in test.read_text()


FRAMEWORKS = {"django"}
"""What systems may be of, so that it is no name of one."""


def spellings(system: str) -> set[str]:
    """How a system is spelt, and its first word where that is one of its own."""
    first = system.partition("_")[0]
    is_own = len(first) > 3 and first not in FRAMEWORKS
    return {system, system.replace("_", "-"), system.replace("_", ""), *({first} if is_own else ())}


def test_no_system_is_named_where_all_are_meant() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {system: spellings(system) for system in system_names(ROOT) if system != DEFAULT}
    for file in filter(None, listed.stdout.split("\0")):
        path = ROOT / file
        if file.startswith(NAMING) or path.suffix == ".png" or not path.is_file():
            continue
        text = path.read_text().lower()
        for system, spelt in names.items():
            own = (
                f"models/staging/{system}/",
                f"macros/systems/system_of_{system}.sql",
                f"macros/systems/_{system}.yml",
                *ORCHESTRATORS.get(system, ()),
            )
            named = {name for name in spelt if name in text}
            assert not named or file.startswith(own), f"{file} names {named}"
