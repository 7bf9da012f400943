"""Puts the dbt project into the wheel, where `stuck-jobs project` finds it; a build hook of hatch."""

from __future__ import annotations

import runpy
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "stuck_jobs/project"
PARTS = runpy.run_path("src/stuck_jobs/project_parts.py")["PARTS"]


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
