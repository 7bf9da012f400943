"""The profile that dbt would use, without dbt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner
from conftest import ROOT

from stuck_jobs import embedded
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options, load_profile

PASSWORD = "s3cret-p4ssword"
MINIMAL = """
shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev: {type: postgres, host: db, port: 5432, user: u, pass: s3cret-p4ssword, database: d, schema: s}
    lake: {type: duckdb, path: file, password: s3cret-p4ssword}
    broken: {type: postgres, host: "{{ env_var('SHOP_HOST') }}", port: 1, user: u, dbname: d, schema: s}
    port: {type: postgres, host: h, port: many, user: u, dbname: d, schema: s, password: s3cret-p4ssword}
    short: {type: postgres, host: h, port: 1, password: s3cret-p4ssword}
    template: {type: postgres, host: "{{ nothing }}", port: 1, user: u, dbname: d, schema: s}
    syntax: {type: postgres, host: "{{", port: 1, user: u, dbname: d, schema: s}
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBT_PROFILES_DIR", "DBT_PROJECT_DIR", "DBT_PROFILE", "DBT_TARGET", "PGHOST", "PGPORT"):
        monkeypatch.delenv(name, raising=False)


def options(directory: Path, profiles: str = MINIMAL, **chosen: str) -> ProfileOptions:
    (directory / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (directory / "profiles.yml").write_text(profiles)
    return ProfileOptions(project_dir=directory, profiles_dir=directory, **chosen)


def message_of(chosen: ProfileOptions) -> str:
    with pytest.raises(StuckJobsError) as raised:
        load_profile(chosen)
    message: str = raised.value.message
    assert "\n" not in message
    assert PASSWORD not in message
    return message


def test_the_example_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGHOST", "/run/db")
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    profile = load_profile(ProfileOptions(project_dir=ROOT))
    assert (profile.host, profile.port, profile.password) == ("/run/db", 6543, PASSWORD)
    assert profile.schema == "stuck_jobs"
    assert PASSWORD not in repr(profile)


def test_aliases_and_defaults(tmp_path: Path) -> None:
    profile = load_profile(options(tmp_path))
    assert profile == Profile("db", 5432, "u", "d", "s", PASSWORD)
    assert profile.libpq["connect_timeout"] == 10


def test_target_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TARGET", "broken")
    monkeypatch.setenv("SHOP_HOST", "elsewhere")
    assert load_profile(options(tmp_path)).host == "elsewhere"


def test_filters_of_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PORT", "77")
    text = MINIMAL.replace("port: 5432", "port: \"{{ env_var('SHOP_PORT') | as_number }}\"").replace(
        "user: u", "user: \"{{ env_var('SHOP_USER', '007') | as_text }}\""
    )
    profile = load_profile(options(tmp_path, text))
    assert (profile.port, profile.user) == (77, "007")


@pytest.mark.parametrize("password", ["{{", "{%x", "a{#b", "100%"])
def test_a_password_need_not_be_jinja(tmp_path: Path, password: str) -> None:
    profile = load_profile(options(tmp_path, MINIMAL.replace(PASSWORD, f"'{password}'")))
    assert profile.password == password


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("lake", ["lake", "duckdb", "not postgres"]),
        ("broken", ["host", "broken", "SHOP_HOST is not set"]),
        ("port", ["port", "many", "not a number"]),
        ("short", ["short", "dbname, schema, user"]),
        ("template", ["host", "nothing"]),
        ("syntax", ["host", "cannot be rendered"]),
        ("production", ["production", "dev, lake"]),
    ],
)
def test_unusable_targets(tmp_path: Path, target: str, words: list[str]) -> None:
    message = message_of(options(tmp_path, target=target))
    assert not [word for word in words if word not in message], message
    assert str(tmp_path) in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shop: [", ["not YAML", "line"]),
        ("shop:\n  outputs:\n    password: *s3cret-p4ssword\n", ["not YAML", "line 3"]),
        ("", ["no mapping"]),
        ("other: {}", ["no profile shop"]),
        ("shop: {}", ["no outputs"]),
        ("shop: {outputs: {dev: {}}}", ["no target default", "dev"]),
    ],
)
def test_unusable_files(tmp_path: Path, text: str, words: list[str]) -> None:
    message = message_of(options(tmp_path, text))
    assert not [word for word in words if word not in message], message
    assert "profiles.yml" in message


def test_no_files(tmp_path: Path) -> None:
    assert "dbt_project.yml" in message_of(ProfileOptions(project_dir=tmp_path))
    assert "profiles.yml" in message_of(ProfileOptions(project_dir=ROOT, profiles_dir=tmp_path))


def test_every_parameter_of_dbt_postgres(tmp_path: Path, server: embedded.Postgres) -> None:
    text = f"""
shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: {server.directory}
      port: 5432
      user: postgres
      password: x
      dbname: postgres
      schema: s
      search_path: "a, b\\t-c\\tstatement_timeout=7s"
      application_name: shop
      role: pg_monitor
      keepalives_idle: 7
      sslmode: prefer
      connect_timeout: 0
"""
    profile = load_profile(options(tmp_path, text))
    assert profile.libpq["connect_timeout"] == 10
    with connect(profile) as connection:
        shown = "select current_user, current_setting('statement_timeout'), current_setting('search_path')"
        assert connection.execute(shown).fetchone() == ("pg_monitor", "7s", "a, b")
        assert connection.info.get_parameters()["application_name"] == "shop"
        assert connection.autocommit


def test_text_is_text_in_a_database_that_knows_no_encoding(server: embedded.Postgres) -> None:
    with psycopg.connect(server.dsn, autocommit=True) as administrator:
        administrator.execute("create database in_ascii template template0 encoding 'SQL_ASCII'")
    profile = Profile(str(server.directory), 5432, "postgres", "in_ascii", "s")
    with connect(profile) as connection:
        assert connection.execute("select 'cr\u00e9\u00e9'").fetchone() == ("cr\u00e9\u00e9",)


def test_a_refused_connection_does_not_tell_the_password(tmp_path: Path) -> None:
    profile = Profile(str(tmp_path), 5432, "u", "d", "s", PASSWORD)
    with pytest.raises(psycopg.OperationalError) as raised:
        connect(profile)
    assert PASSWORD not in str(raised.value)


def test_options_of_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[ProfileOptions] = []

    @click.command()
    @connection_options
    def command(connection: ProfileOptions) -> None:
        seen.append(connection)

    monkeypatch.setenv("DBT_TARGET", "ci")
    outcome = CliRunner().invoke(command, ["--project-dir", str(tmp_path), "--profile", "p"])
    assert outcome.exit_code == 0, outcome.output
    assert seen == [ProfileOptions(tmp_path, None, "p", "ci")]


def test_dbt_is_not_imported() -> None:
    script = (
        "import sys; from stuck_jobs.profile import ProfileOptions, load_profile; "
        f"load_profile(ProfileOptions(project_dir=__import__('pathlib').Path({str(ROOT)!r}))); "
        "print([name for name in sys.modules if name.split('.')[0] in ('dbt', 'redis', 'rich')])"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.stdout == "[]\n", finished.stderr
