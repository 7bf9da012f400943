"""The exporter's queries answer, and the rules do what their unit tests say."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import psycopg
import pytest
import yaml
from conftest import ROOT

FOLDER = ROOT / "orchestration" / "prometheus"
QUERIES = yaml.safe_load((FOLDER / "queries.yml").read_text())


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_the_columns_that_it_exports(name: str, connection: psycopg.Connection[Any]) -> None:
    answer = connection.execute(QUERIES[name]["query"])
    assert answer.description is not None
    exported = [next(iter(metric)) for metric in QUERIES[name]["metrics"]]
    assert [column.name for column in answer.description] == exported
    assert answer.fetchall()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "check",
    [
        ("test", "rules", "rules_test.yml"),
        ("check", "rules", "rules.yml"),
        ("check", "config", "prometheus.yml"),
    ],
)
def test_the_rules_fire_when_they_should(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *check], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
