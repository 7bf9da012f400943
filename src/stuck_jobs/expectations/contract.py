"""What the dbt project says about its points and views; the expectations are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from stuck_jobs.systems import render_macro, system_entry

REGISTRY_MACRO = Path("macros", "registry", "default_registry.sql")
SUMMARY = "accumulation_points"
DEFAULT_SYSTEM = "pipeline"


@dataclass(frozen=True)
class View:
    """A public view, as its YAML describes it.

    Attributes:
        name: of the relation that shows the latest version.
        columns: in order.
        points: that a detection view may list; empty where its rows are not stuck items.
        causes: that it may give; likewise.
    """

    name: str
    columns: tuple[str, ...]
    points: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


def registered_points(project: Path) -> dict[str, dict[str, Any]]:
    """The registry with the defaults of the pipeline; a point that it cannot prove is not enabled.

    Args:
        project: the dbt project's directory.
    """
    provable = system_entry(project, DEFAULT_SYSTEM)["points"]
    return {
        point: fields | provable.get(point, {"enabled": False})
        for point, fields in render_macro(project, REGISTRY_MACRO).items()
    }


def summary_view(project: Path) -> View:
    """The view `accumulation_points`."""
    (model,) = _yaml(project / "models" / "monitoring" / f"{SUMMARY}.yml")["models"]
    return _view(model)


def detection_views(project: Path) -> list[View]:
    """The latest version of each detection view, by name."""
    files = (project / "models" / "detection").glob("*/*.yml")
    models = [model for file in files for model in _yaml(file).get("models", [])]
    return sorted((_view(model) for model in models), key=lambda view: view.name)


def _view(model: dict[str, Any]) -> View:
    (latest,) = (version for version in model["versions"] if version["v"] == model["latest_version"])
    if "columns" in latest:
        raise NotImplementedError(f"the latest version of {model['name']} has columns of its own")
    tests = [*model.get("data_tests", []), *latest.get("data_tests", [])]
    vocabulary: dict[str, list[str]] = next(
        (test["well_formed"]["arguments"] for test in tests if "well_formed" in test), {}
    )
    return View(
        model["name"],
        tuple(column["name"] for column in model["columns"]),
        tuple(vocabulary.get("points", ())),
        tuple(vocabulary.get("causes", ())),
    )


def _yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
