"""The files of a dbt project that watches one system: a copy of ours with its settings, and a profile."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from stuck_jobs.dbt_project import EXAMPLE_PROFILES_FILE, PROJECT_FILE
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.project_parts import PARTS

Setting = str | bool | list[str] | None


def project_text(project: Path, settings: Mapping[str, Setting]) -> str:
    """Our `dbt_project.yml` with other values of some variables.

    Args:
        project: the dbt project's directory.
        settings: the values, by the names of the variables.
    """
    text = (project / PROJECT_FILE).read_text(encoding="utf-8")
    for name, value in settings.items():
        line = f"  {setting_line(name, value)}"
        text, changed = re.subn(rf"^  {name}: .*$", lambda _, line=line: line, text, flags=re.MULTILINE)  # type: ignore[misc]
        if changed != 1:
            raise StuckJobsError(f"{project / PROJECT_FILE} has no variable {name}")
    return text


def setting_line(name: str, value: Setting) -> str:
    """A variable with its value, as YAML."""
    return f"{name}: {json.dumps(value, ensure_ascii=False)}"


def profile_text(project: Path, defaults: Mapping[str, str]) -> str:
    """Our example profile, which reads libpq's variables, but for other defaults. No password.

    Args:
        project: the dbt project's directory.
        defaults: the values, by the names of libpq's variables.
    """
    text = (project / EXAMPLE_PROFILES_FILE).read_text(encoding="utf-8")
    for name, value in defaults.items():
        filters = " | as_number" if name == "PGPORT" else ""
        expression = f"{{{{ env_var('{name}', {json.dumps(value)}){filters} }}}}"
        text = re.sub(
            rf"^(\s+\w+: ).*env_var\('{name}'.*$",
            lambda match, shown=expression: match[1] + json.dumps(shown),  # type: ignore[misc]
            text,
            flags=re.MULTILINE,
        )
    return text


def write_project(project: Path, directory: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """Copy our dbt project, with other texts of some files.

    Args:
        project: our dbt project's directory.
        directory: where to; it is made.
        texts: by the names of the files.
        force: whether files that are there are replaced.

    Raises:
        StuckJobsError: if one is there and that is not wanted; then nothing is written.
    """
    copied = {name: source for name, source in _files(project) if name not in texts}
    for name in sorted([*texts, *copied]):
        if (directory / name).exists() and not force:
            raise StuckJobsError(
                f"{directory / name} is there already: name another directory, or replace it with --force"
            )
    for name, source in copied.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, directory / name)
    for name, text in texts.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def _files(project: Path) -> Iterator[tuple[str, Path]]:
    """The files of the dbt project, by their names in it."""
    for part in PARTS:
        path = project / part
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                yield file.relative_to(project).as_posix(), file
