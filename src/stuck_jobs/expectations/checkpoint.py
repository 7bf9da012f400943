"""Run the checkpoint in this process, and read what Great Expectations says."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import great_expectations as gx
from great_expectations.exceptions.exceptions import GreatExpectationsError
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from stuck_jobs.citus.wholeness import HARMLESS, NotWholeError
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.expectations import CHECKPOINT, CONNECTION_VARIABLE, DATASOURCE, DOCS_VARIABLE
from stuck_jobs.files import replace
from stuck_jobs.profile import Profile

ROWS_SHOWN = 5


class Kind(Enum):
    """What became of an expectation that is worth a word; the value is how it is shown."""

    FAILED = ("failed", "red")
    NOT_EVALUATED = ("not evaluated", "magenta")
    WARNING = ("warning", "yellow")

    @property
    def style(self) -> str:
        """Of the text."""
        return self.value[1]


@dataclass(frozen=True)
class Finding:
    """An expectation that failed, warns, or could not be evaluated.

    Attributes:
        kind: which of these.
        relation: that it is about.
        expectation: its description.
        found: the offending rows or values, or the error.
    """

    kind: Kind
    relation: str
    expectation: str
    found: str

    @property
    def text(self) -> str:
        """All of it in one line."""
        return f"{self.kind.value[0]}: {self.relation}: {self.expectation}: {self.found}"


@dataclass(frozen=True)
class Outcome:
    """What the checkpoint came to.

    Attributes:
        relations: that were validated.
        evaluated: how many expectations could be evaluated.
        findings: about those that are worth a word.
    """

    relations: list[str]
    evaluated: int
    findings: list[Finding]

    @property
    def exit_code(self) -> int:
        """1 if an expectation failed, 2 if none did but one was not evaluated."""
        kinds = {finding.kind for finding in self.findings}
        return 1 if Kind.FAILED in kinds else 2 if Kind.NOT_EVALUATED in kinds else 0


def run_checkpoint(
    root: Path,
    profile: Profile,
    docs: Path | None = None,
    temporary_tables: bool = True,
    is_distributed: bool = False,
) -> Outcome:
    """Run the checkpoint.

    Args:
        root: of the context; nothing is written there.
        profile: says where the views are.
        docs: the directory for Data Docs, if they are wanted.
        temporary_tables: whether each view is read once, into one; otherwise every expectation reads it.
        is_distributed: whether a part of an answer may be lost between nodes, of which only a notice tells.

    Raises:
        StuckJobsError: if it cannot be run.
    """
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    variables = {CONNECTION_VARIABLE: connection_url(profile)}
    whole = whole_answers() if is_distributed else nullcontext()
    try:
        with whole, tempfile.TemporaryDirectory(prefix="stuck-jobs-expectations-") as scratch:
            pages = Path(scratch, "pages")
            variables[DOCS_VARIABLE] = str(pages)
            shutil.copytree(root, scratch, dirs_exist_ok=True)  # the library makes files of its own there
            context = gx.get_context(mode="file", context_root_dir=scratch, runtime_environment=variables)
            datasource: Any = context.data_sources.get(DATASOURCE)
            datasource.create_temp_table = temporary_tables
            results = context.checkpoints.get(CHECKPOINT).run().run_results.values()
            if docs:
                context.build_data_docs()
                _hand_over(pages, docs)
    except (GreatExpectationsError, SQLAlchemyError) as error:
        raise StuckJobsError(f"the checkpoint cannot be run: {_first_line(str(error))}") from error
    return _outcome(root, [_as_dict(result) for result in results])


@contextmanager
def whole_answers() -> Iterator[None]:
    """Have SQLAlchemy refuse, in a `with` block, an answer with a warning; its driver does not say which one.

    Raises:
        NotWholeError: from whatever executes a query.
    """

    def forget(connection: Connection, *_: object) -> None:
        connection.connection.notices.clear()

    def refuse(connection: Connection, *_: object) -> None:
        for notice in connection.connection.notices:
            if HARMLESS not in notice:
                raise NotWholeError(f"a part of the answer was lost between the nodes: {notice.strip()}")

    event.listen(Engine, "before_cursor_execute", forget)
    event.listen(Engine, "after_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", forget)
        event.remove(Engine, "after_cursor_execute", refuse)


def _hand_over(pages: Path, docs: Path) -> None:
    """Put each page in its place whole, those that lead to others last."""
    for page in sorted(
        filter(Path.is_file, pages.rglob("*")), key=lambda page: (page.name == "index.html", page)
    ):
        target = docs / page.relative_to(pages)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StuckJobsError(f"{target.parent} cannot be made: {error.strerror}") from None
        replace(target, page.read_bytes())


def connection_url(profile: Profile) -> str:
    """SQLAlchemy's URL for the profile's connection, with the profile's schema as the search path.

    Args:
        profile: the dbt profile.
    """
    schema = '"' + profile.schema.replace('"', '""') + '"'
    settings = {"search_path": schema, "client_min_messages": "warning"} | (
        {"role": profile.role} if profile.role else {}
    )
    libpq = profile.libpq
    options = [str(libpq.get("options", ""))]
    options += [f"-c {name}={_escape_option(value)}" for name, value in settings.items()]
    query = urlencode(libpq | {"options": " ".join(options).strip()}, quote_via=quote)
    return f"postgresql+psycopg2://?{query}"


def _escape_option(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _as_dict(result: Any) -> dict[str, Any]:
    plain: dict[str, Any] = result.to_json_dict()
    return plain


def _outcome(root: Path, suites: list[dict[str, Any]]) -> Outcome:
    findings = [finding for suite in suites for finding in _findings(suite)]
    found = {suite["suite_name"]: len(suite["results"]) for suite in suites}
    findings += _lost(root, found)
    lost = sum(finding.kind is Kind.NOT_EVALUATED for finding in findings)
    return Outcome(list(found), sum(found.values()) - lost, findings)


def _lost(root: Path, found: dict[str, int]) -> Iterator[Finding]:
    """Great Expectations leaves out an expectation that it cannot load, without failing."""
    for path in sorted((root / "suites").glob("*.json")):
        expected = len(json.loads(path.read_text(encoding="utf-8"))["expectations"])
        if found.get(path.stem, 0) != expected:
            results = f"{found.get(path.stem, 0)} results for {expected} expectations"
            yield Finding(Kind.NOT_EVALUATED, path.stem, "every expectation has a result", results)


def _findings(suite: dict[str, Any]) -> Iterator[Finding]:
    for result in suite["results"]:
        config = result["expectation_config"]
        about = (suite["suite_name"], config["description"])
        if errors := [*_errors(result["exception_info"])]:
            yield Finding(Kind.NOT_EVALUATED, *about, errors[0])
        elif not result["success"]:
            yield Finding(Kind.FAILED, *about, _found(result["result"]))
        elif result["result"].get("unexpected_count"):
            yield Finding(Kind.WARNING, *about, _found(result["result"]))


def _errors(info: dict[str, Any]) -> Iterator[str]:
    """The messages of what was raised: one error, or one for each metric."""
    raised = [info] if "raised_exception" in info else list(info.values())
    for error in raised:
        if error["raised_exception"]:
            yield _first_line(error["exception_message"] or "an unnamed error")


def _found(result: dict[str, Any]) -> str:
    if rows := result.get("details", {}).get("unexpected_rows"):
        listed = [
            ", ".join(f"{name} {value}" for name, value in row.items() if value is not None) for row in rows
        ]
        return _shortened(listed, result["observed_value"])
    if values := result.get("partial_unexpected_list"):
        return _shortened([str(value) for value in values], result["unexpected_count"])
    if count := result.get("unexpected_count"):
        return f"{count} rows"
    return f"found {result.get('observed_value')}"


def _shortened(listed: list[str], count: int) -> str:
    rest = count - len(listed[:ROWS_SHOWN])
    return "; ".join(listed[:ROWS_SHOWN]) + (f"; and {rest} more" if rest > 0 else "")


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), text)
