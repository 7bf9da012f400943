"""What a published version promises is not taken back."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT, Warehouse

from stuck_jobs import contracts
from stuck_jobs.contracts import Contracts

RELATION = "stale_jobs_v1"


@pytest.fixture(scope="module")
def declared() -> Contracts:
    return contracts.declared(ROOT)


def test_the_record_is_kept_and_complete(declared: Contracts) -> None:
    recorded = contracts.recorded(ROOT)
    assert contracts.broken(recorded, declared) == []
    written = (ROOT / contracts.RECORD).read_text()
    assert written == contracts.text(declared), "run python -m stuck_jobs.contracts"


def test_the_relations_have_the_columns_of_the_record_in_its_order(built: Warehouse) -> None:
    columns = (
        "select table_name, column_name,"
        " case data_type when 'ARRAY' then ltrim(udt_name, '_') || '[]' else data_type end"
        " from information_schema.columns"
        " where table_schema = 'stuck_jobs' order by table_name, ordinal_position"
    )
    found: Contracts = {}
    for relation, column, kind in built.rows(columns):
        found.setdefault(relation, {})[column] = kind
    latest: Contracts = {}
    for relation, promised in contracts.recorded(ROOT).items():
        types = {column: re.sub(r"\(.*\)", "", kind) for column, kind in promised.items()}
        assert list(found[relation].items()) == list(types.items()), relation
        latest[relation.rpartition("_v")[0] or relation] = types
    for name, types in latest.items():
        assert list(found[name].items()) == list(types.items()), name


def renamed(columns: dict[str, str]) -> dict[str, str]:
    return {"why" if name == "cause" else name: kind for name, kind in columns.items()}


def without(columns: dict[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in columns.items() if name != "cause"}


def retyped(columns: dict[str, str]) -> dict[str, str]:
    return columns | {"cause": "bigint"}


def extended(columns: dict[str, str]) -> dict[str, str]:
    return columns | {"surprise": "text"}


def reordered(columns: dict[str, str]) -> dict[str, str]:
    return dict(reversed(columns.items()))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (renamed, "cause"),
        (without, "cause"),
        (retyped, "cause"),
        (extended, "surprise"),
        (reordered, "order"),
    ],
)
def test_a_changed_column_breaks_the_contract(
    declared: Contracts, change: Callable[[dict[str, str]], dict[str, str]], named: str
) -> None:
    (problem,) = contracts.broken(declared, declared | {RELATION: change(declared[RELATION])})
    assert problem.startswith(f"{RELATION} ")
    assert named in problem


def test_a_version_that_is_gone_breaks_the_contract(declared: Contracts) -> None:
    now = {relation: columns for relation, columns in declared.items() if relation != RELATION}
    assert contracts.broken(declared, now) == [f"{RELATION} is gone"]


def test_a_new_version_breaks_nothing(declared: Contracts) -> None:
    now = declared | {"stale_jobs_v2": renamed(declared[RELATION])}
    assert contracts.broken(declared, now) == []


@pytest.fixture
def project(declared: Contracts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a record, whose models are said to be those of this project."""
    monkeypatch.setattr(contracts, "find_project", lambda: tmp_path)
    monkeypatch.setattr(contracts, "declared", lambda _: declared)
    return tmp_path


def test_the_script_adds_what_is_new(project: Path, declared: Contracts) -> None:
    old = {relation: columns for relation, columns in declared.items() if relation != RELATION}
    (project / contracts.RECORD).write_text(contracts.text(old))
    assert CliRunner().invoke(contracts.main).exit_code == 0
    assert contracts.recorded(project) == declared


def test_the_script_overwrites_nothing(project: Path, declared: Contracts) -> None:
    other = contracts.text(copy.deepcopy(declared) | {RELATION: renamed(declared[RELATION])})
    (project / contracts.RECORD).write_text(other)
    outcome = CliRunner().invoke(contracts.main)
    assert outcome.exit_code != 0
    assert RELATION in outcome.output
    assert "cause" in outcome.output or "why" in outcome.output
    assert (project / contracts.RECORD).read_text() == other
