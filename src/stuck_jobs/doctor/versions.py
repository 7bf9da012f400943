"""Whether what runs here is of versions that are known to work together."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from packaging.specifiers import SpecifierSet

from stuck_jobs import __version__
from stuck_jobs.dbt_project import OWN_PROJECT, PROJECT_FILE
from stuck_jobs.doctor.finding import Finding, trouble

PYTHONS = ">=3.11,<3.14"
"""As in pyproject.toml; on others dbt cannot be imported."""

OWN_NAME = "stuck_jobs"


def look_at_versions(project: Path) -> Iterator[Finding]:
    """Python, dbt and the dbt project beside this program.

    Args:
        project: the dbt project's directory.
    """
    python = platform.python_version()
    if SpecifierSet(PYTHONS).contains(python):
        yield Finding("python", python)
    else:
        yield trouble("python", f"{python} is none that dbt works with: install with one of {PYTHONS}")
    yield _dbt()
    content = yaml.safe_load((project / PROJECT_FILE).read_text(encoding="utf-8"))
    theirs = str(content.get("version", ""))
    if content.get("name") == OWN_NAME and theirs != __version__:
        yield trouble(
            "project",
            f"{project} is of version {theirs or 'unknown'}, and this program of {__version__}:"
            " make it anew, and carry its settings over",
            "stuck-jobs init --force",
        )
    else:
        yield Finding("project", str(project))


def _dbt() -> Finding:
    own = yaml.safe_load((OWN_PROJECT / PROJECT_FILE).read_text(encoding="utf-8"))
    known = SpecifierSet(",".join(own["require-dbt-version"]))
    try:
        core, adapter = version("dbt-core"), version("dbt-postgres")
    except PackageNotFoundError as error:
        return trouble(
            "dbt", f"{error.name} is not installed beside this program", f"pip install {error.name}"
        )
    if not known.contains(core, prereleases=True):
        return trouble("dbt", f"dbt-core {core} is none of {known}", f"pip install 'dbt-core{known}'")
    return Finding("dbt", f"dbt-core {core}, dbt-postgres {adapter}")
