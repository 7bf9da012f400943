"""The columns that published relations promise: `python -m stuck_jobs.contracts` records what is new.

What is recorded is never overwritten: a version that changes its columns is an error, here and in the tests.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import yaml  # type: ignore[import-untyped]

from stuck_jobs.dbt_project import example_profiles, find_project
from stuck_jobs.errors import StuckJobsError

RECORD = "contracts.yml"
HEADER = """\
# Written by `python -m stuck_jobs.contracts`; docs/versioning.md says what it is for.
# Nothing of it is released: version 1 changed in place once, when ids became text, and items got queue_name,
# job_kind and evidence; incident_items grew. From the first release on, a change is a new version.
"""

Contracts = dict[str, dict[str, str]]
"""The types of the columns, in order, by the name of the relation."""


def declared(project: Path) -> Contracts:
    """What the models with a contract promise now.

    Args:
        project: the dbt project's directory.

    Raises:
        StuckJobsError: if the project cannot be parsed.
    """
    models = (node for node in _manifest(project).nodes.values() if node.resource_type == "model")
    contracts = {
        model.alias: {column.name: column.data_type for column in model.columns.values()}
        for model in models
        if model.contract.enforced
    }
    return dict(sorted(contracts.items()))


def recorded(project: Path) -> Contracts:
    """What was promised before.

    Args:
        project: the dbt project's directory.
    """
    contracts: Contracts = yaml.safe_load((project / RECORD).read_text(encoding="utf-8")) or {}
    return contracts


def broken(before: Contracts, now: Contracts) -> list[str]:
    """The promises that are not kept, a line each.

    Args:
        before: what was recorded.
        now: what is declared.
    """
    return [
        f"{relation} {change}"
        for relation, columns in before.items()
        if (change := _change(columns, now.get(relation)))
    ]


def text(contracts: Contracts) -> str:
    """The text of the record."""
    listed: str = yaml.safe_dump(contracts, sort_keys=False)
    return HEADER + listed


@click.command()
def main() -> None:
    """Record the columns of what is published for the first time."""
    project = find_project()
    now = declared(project)
    if problems := broken(recorded(project), now):
        raise StuckJobsError(f"{'; '.join(problems)}: publish a new version instead, see docs/versioning.md")
    (project / RECORD).write_text(text(now), encoding="utf-8")


def _change(before: dict[str, str], now: dict[str, str] | None) -> str | None:
    """What is wrong with the columns of a relation, compared with those that it had."""
    if now is None:
        return "is gone"
    if gone := before.keys() - now.keys():
        return f"lacks {', '.join(sorted(gone))}"
    if added := now.keys() - before.keys():
        return f"has the new {', '.join(sorted(added))}"
    if changed := [name for name in before if before[name] != now[name]]:
        return f"has another type of {', '.join(changed)}"
    return None if list(before) == list(now) else "has its columns in another order"


def _manifest(project: Path) -> Any:
    """The project, parsed by dbt, which connects nowhere and leaves nothing behind."""
    from dbt.cli.main import dbtRunner  # takes a second

    with example_profiles(project) as profiles, tempfile.TemporaryDirectory() as scratch:
        outcome = dbtRunner().invoke(
            [
                "parse", "--quiet", "--project-dir", str(project), "--profiles-dir", str(profiles),
                "--target-path", scratch, "--log-path", scratch, "--no-partial-parse",
            ]
        )  # fmt: skip
    if not outcome.success:
        raise StuckJobsError(f"dbt parse: {outcome.exception}")
    return outcome.result


if __name__ == "__main__":
    main()
