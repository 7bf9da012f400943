"""Do one task by the watched system's own documented way, such as a function that it has in its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.recover.apply import Recoverer, Skipped
from stuck_jobs.recover.plan import Task, read_query
from stuck_jobs.systems import system_entry


@dataclass(frozen=True)
class Remedy:
    """How a system puts a job right.

    Attributes:
        statement: SQL with the parameter `id`, run with the search path of its schema.
    """

    statement: LiteralString


def find_remedies(project: Path, system: str) -> dict[str, Remedy]:
    """The remedies of a system that are applied in SQL, by name.

    Args:
        project: the dbt project's directory.
        system: its name, as in `vars: job_system`.

    Raises:
        StuckJobsError: if the project does not know the system.
    """
    remedies = system_entry(project, system).get("remedies", {})
    return {name: Remedy(how["statement"]) for name, how in remedies.items() if "statement" in how}


@dataclass
class SystemRecoverer(Recoverer):
    """Changes the jobs of a system that is not the pipeline.

    Attributes:
        remedies: of the system, by name.
    """

    remedies: Mapping[str, Remedy] = field(default_factory=dict)

    def _guard(self, task: Task) -> None:
        """Lock the row, if it is as it was, and nobody gives a sign of life for it.

        Raises:
            Skipped: if it is not so.
        """
        table, row = self._table(task), {"id": task.entity_id}
        is_locked = self.connection.execute(read_query("lock_row.sql", table=table), row).fetchone()
        query = read_query("still_lost.sql", schema=sql.Identifier(self.settings.schema))
        found = self.connection.execute(query, row | {"fingerprint": task.fingerprint}).fetchone()
        if is_locked is None or found != (True,):
            raise Skipped("it has changed since, or somebody is at it")

    def _update(self, task: Task) -> None:
        """Have the system do it, with its own tables in reach of its statement.

        Raises:
            Skipped: if the statement finds that it must not be done.
        """
        remedy = self.remedies.get(task.remedy)
        if remedy is None:
            raise StuckJobsError(f"{self.settings.job_system}: there is no statement for {task.remedy}")
        path = sql.Identifier(self.settings.source_schema).as_string()
        self.connection.execute("select set_config('search_path', %s, true)", [path])
        if self.connection.execute(remedy.statement, {"id": task.entity_id}).rowcount != 1:
            raise Skipped("it has changed since, or somebody is at it")
