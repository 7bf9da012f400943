"""The entries of the job systems, which are macros of the dbt project: their tables, points and remedies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import yaml  # type: ignore[import-untyped]

from stuck_jobs.dbt_project import OWN_PROJECT, PROJECT_FILE
from stuck_jobs.errors import StuckJobsError

ENTRIES = Path("macros", "systems")
PREFIX = "system_of_"


def system_names(project: Path) -> list[str]:
    """The systems that the project knows, in the order of their names.

    Args:
        project: the dbt project's directory.
    """
    entries = _home(project) / ENTRIES
    return sorted(path.stem.removeprefix(PREFIX) for path in entries.glob(f"{PREFIX}*.sql"))


def system_entry(project: Path, name: str) -> dict[str, Any]:
    """What the project says of a system, with its variables; see macros/systems/_systems.yml.

    Args:
        project: the dbt project's directory.
        name: of the system, as in `vars: job_system`.

    Raises:
        StuckJobsError: if the project does not know it.
    """
    known = system_names(project)
    if name not in known:
        raise StuckJobsError(f"there is no job system {name}; known: {', '.join(known)}")
    return render_macro(project, ENTRIES / f"{PREFIX}{name}.sql")


def render_macro(project: Path, path: Path) -> dict[str, Any]:
    """What a macro without arguments returns, with the project's variables.

    Args:
        project: the dbt project's directory.
        path: of its file within the project, which has its name.
    """
    variables = project_variables(project)
    returned: dict[str, Any] = {}
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701
    template = environment.from_string(
        (_home(project) / path).read_text(encoding="utf-8"),
        globals={"var": variables.__getitem__, "return": returned.update},
    )
    macro: Callable[[], object] = getattr(template.module, path.stem)
    macro()
    return returned


def rests_on_redis(project: Path, system: str) -> bool:
    """Whether a system has queues in Redis, where there is one to watch.

    Args:
        project: the dbt project's directory.
        system: its name, as in `vars: job_system`.
    """
    points = system_entry(project, system)["points"].values()
    return any(point.get("evidence") == "snapshot" for point in points)


def watches_redis(project: Path) -> bool:
    """Whether there are queues in Redis to look at, as the macro `has_queues` has it.

    Args:
        project: the dbt project's directory.
    """
    variables = project_variables(project)
    return bool(variables["redis_enabled"]) and rests_on_redis(project, str(variables["job_system"]))


def project_variables(project: Path) -> dict[str, Any]:
    """The variables of our project, as a copy of it sets them, or a project that has it as a package.

    Args:
        project: the dbt project's directory.
    """
    given = _variables(project)
    return _variables(OWN_PROJECT) | given | (given.get("stuck_jobs") or {})


def _variables(project: Path) -> dict[str, Any]:
    content = yaml.safe_load((project / PROJECT_FILE).read_text(encoding="utf-8"))
    return dict(content.get("vars") or {})


def _home(project: Path) -> Path:
    """Where the macros are: those of a project that has ours as a package came with this program."""
    return project if (project / ENTRIES).is_dir() else OWN_PROJECT
