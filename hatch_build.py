"""Puts the dbt project into the wheel, where `stuck-jobs project` finds it; a build hook of hatch."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "stuck_jobs/project"
PARTS = (
    "README.md",
    "analyses",
    "dbt_project.yml",
    "docs",
    "expectations/checkpoints",
    "expectations/config_variables.yml",
    "expectations/great_expectations.yml",
    "expectations/suites",
    "expectations/validation_definitions",
    "macros",
    "models",
    "profiles.example.yml",
    "selectors.yml",
    "tests/generic",
    "tests/singular",
)


class PackagedProject(BuildHookInterface):  # type: ignore[type-arg]
    """Adds what dbt and Great Expectations read; an editable installation has it in the repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built.

        Args:
            version: of the wheel: `standard` or `editable`.
            build_data: what goes into it.
        """
        if version == "standard":
            build_data["force_include"] |= {part: f"{FOLDER}/{part}" for part in PARTS}
