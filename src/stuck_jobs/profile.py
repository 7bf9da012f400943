"""The dbt profile, read without dbt, which alone takes a second to import."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import jinja2
import yaml  # type: ignore[import-untyped]
from jinja2.sandbox import SandboxedEnvironment

from stuck_jobs.dbt_project import PROFILES_FILE, PROJECT_FILE, find_profiles, find_project
from stuck_jobs.errors import StuckJobsError

if TYPE_CHECKING:
    import psycopg

ADAPTER = "postgres"
DEFAULT_TARGET = "default"
MAX_CONNECT_TIMEOUT = 10
ENCODING = "UTF8"
"""Of what we read and write. A database in SQL_ASCII would otherwise give bytes instead of text."""
ALIASES = {"database": "dbname", "pass": "password"}
UNSUPPORTED = "unsupported startup parameter"
"""What PgBouncer says to settings that it is not told to ignore."""


@dataclass(frozen=True)
class Profile:
    """A target of a dbt profile, with the keys and defaults of dbt-postgres.

    Attributes:
        host: the server's name, or the directory of its socket.
        port: of the server.
        user: who connects.
        password: empty where libpq is to find one.
        dbname: the database.
        schema: where dbt builds.
        connect_timeout: in seconds.
        application_name: what the server's administrator sees.
        role: to act as.
        search_path: sent as a libpq option, like dbt-postgres does; a tab separates further options.
        keepalives_idle: in seconds; 0 is the system's own.
        sslmode: as in libpq.
        sslcert: as in libpq.
        sslkey: as in libpq.
        sslrootcert: as in libpq.
    """

    host: str
    port: int
    user: str
    dbname: str
    schema: str
    password: str = field(default="", repr=False)
    connect_timeout: int = MAX_CONNECT_TIMEOUT
    application_name: str = "stuck_jobs"
    role: str = ""
    search_path: str = ""
    keepalives_idle: int = 0
    sslmode: str = ""
    sslcert: str = ""
    sslkey: str = ""
    sslrootcert: str = ""

    @property
    def libpq(self) -> dict[str, str | int]:
        """The connection's parameters under libpq's names; what is not set is left to libpq."""
        search_path = self.search_path.replace(" ", "\\ ")
        parameters: dict[str, str | int] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.dbname,
            "connect_timeout": min(self.connect_timeout or MAX_CONNECT_TIMEOUT, MAX_CONNECT_TIMEOUT),
            "application_name": self.application_name,
            "options": f"-c search_path={search_path}" if search_path else "",
            "keepalives_idle": self.keepalives_idle,
            "sslmode": self.sslmode,
            "sslcert": self.sslcert,
            "sslkey": self.sslkey,
            "sslrootcert": self.sslrootcert,
            "client_encoding": ENCODING,
        }
        return {name: value for name, value in parameters.items() if value}


@dataclass(frozen=True)
class ProfileOptions:
    """What the user said about where the profile is, the same options as dbt's.

    Attributes:
        project_dir: the dbt project; see `find_project`.
        profiles_dir: of `profiles.yml`; see `find_profiles`.
        profile: its name, instead of the project's.
        target: its name, instead of the profile's.
    """

    project_dir: Path | None = None
    profiles_dir: Path | None = None
    profile: str | None = None
    target: str | None = None


def connection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command dbt's options for the connection, as its argument `connection: ProfileOptions`."""

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        chosen = {option.name: arguments.pop(option.name) for option in fields(ProfileOptions)}
        command(connection=ProfileOptions(**chosen), **arguments)

    directory = click.Path(path_type=Path, file_okay=False)
    options = [
        click.option("--project-dir", type=directory, help="The dbt project, if it is not found."),
        click.option("--profiles-dir", type=directory, help=f"The directory of {PROFILES_FILE}, likewise."),
        click.option("--profile", envvar="DBT_PROFILE", help="Instead of the project's own."),
        click.option("--target", "-t", envvar="DBT_TARGET", help="Instead of the profile's own."),
    ]
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), with_options)


def load_profile(options: ProfileOptions) -> Profile:
    """Read the profile that dbt would use.

    Args:
        options: of the command line.

    Raises:
        StuckJobsError: if there is no such profile or target, or it cannot be used.
    """
    project = find_project(options.project_dir)
    environment = _environment()
    with _profiles_directory(options.profiles_dir, project) as directory:
        path = directory / PROFILES_FILE
        name = options.profile or _profile_name(project / PROJECT_FILE, environment)
        profile = _entry(_read_yaml(path), name, f"there is no profile {name} in {path}")
        where = f"profile {name} in {path}"
        target = options.target or _render(
            environment, profile.get("target", DEFAULT_TARGET), f"target of {where}"
        )
        outputs = _entry(profile, "outputs", f"there are no outputs in {where}")
        known = ", ".join(map(str, outputs))
        output = _entry(outputs, target, f"there is no target {target} in {where}, only {known}")
        return _typed(environment, output, f"target {target} of {where}")


def connect(profile: Profile, **further: int) -> psycopg.Connection[Any]:
    """Connect the way dbt does, in autocommit mode, and without statements that the server's session keeps.

    Args:
        profile: says where to.
        **further: parameters of libpq's, beside those of the profile.

    Raises:
        psycopg.Error: if that is not possible.
        StuckJobsError: if a pooler is in between, and what the profile asks for does not hold through it.
    """
    import psycopg

    from stuck_jobs.citus.wholeness import WholeConnection
    from stuck_jobs.session.protection import ADVICE, asked_for, assert_protected, is_pooled

    try:
        connection: psycopg.Connection[Any] = WholeConnection.connect(
            **further | profile.libpq,  # type: ignore[arg-type]
            autocommit=True,
            prepare_threshold=None,
        )
    except psycopg.OperationalError as error:
        if UNSUPPORTED in str(error):
            raise StuckJobsError(f"a pooler refuses the profile's settings (options): {ADVICE}") from error
        raise
    try:
        assert_protected(connection, asked_for(profile.search_path))
        if profile.role:
            if is_pooled(connection):
                raise StuckJobsError(
                    f"the profile's role needs a session, which a pooler may share: {ADVICE}"
                )
            connection.execute(f"set role {profile.role}".encode())
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _profiles_directory(chosen: Path | None, project: Path) -> Iterator[Path]:
    if chosen is None:
        with find_profiles(project) as found:
            yield found
    elif (chosen / PROFILES_FILE).is_file():
        yield chosen.resolve()
    else:
        raise StuckJobsError(f"there is no {PROFILES_FILE} in {chosen}")


def _profile_name(path: Path, environment: jinja2.Environment) -> str:
    if name := _read_yaml(path).get("profile"):
        return _render(environment, name, f"profile in {path}")
    raise StuckJobsError(f"{path} names no profile: name one with --profile")


def _read_yaml(path: Path) -> dict[str, Any]:
    """Read a file that holds a mapping; an error quotes nothing of it, for there are passwords."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise StuckJobsError(f"{path} is not YAML, see line {line}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise StuckJobsError(f"{path} is not YAML in UTF-8") from None
    except OSError as error:
        raise StuckJobsError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(content, dict):
        raise StuckJobsError(f"{path} holds no mapping")
    return content


def _entry(mapping: dict[str, Any], key: str, otherwise: str) -> dict[str, Any]:
    found = mapping.get(key)
    if not isinstance(found, dict):
        raise StuckJobsError(otherwise)
    return found


def _environment() -> jinja2.Environment:
    """Jinja as in dbt's profiles. Its filters change nothing here, where a field's type decides."""
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined)
    environment.globals = {"env_var": _env_var}
    for name in ("as_text", "as_bool", "as_native", "as_number"):
        environment.filters[name] = str
    return environment


def _env_var(name: str, default: object = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise StuckJobsError(f"the environment variable {name} is not set")
    return str(value)


def _render(environment: jinja2.Environment, value: object, what: str, verbatim: bool = False) -> str:
    """Render a value.

    Args:
        environment: of Jinja.
        value: as YAML has it.
        what: it is, for an error.
        verbatim: what is not Jinja stands for itself, as in a password.
    """
    try:
        return environment.from_string(str(value)).render()
    except StuckJobsError as error:
        raise StuckJobsError(f"{what}: {error.message}") from None
    except jinja2.UndefinedError as error:
        raise StuckJobsError(f"{what}: {error.message}") from None
    except (jinja2.TemplateError, TypeError, ValueError):
        if verbatim:
            return str(value)
        raise StuckJobsError(f"{what} cannot be rendered") from None


def _typed(environment: jinja2.Environment, output: dict[str, Any], where: str) -> Profile:
    """Render the keys of a target that the profile knows."""
    known = {key.name: key for key in fields(Profile)}
    named = {ALIASES.get(key, key): value for key, value in output.items() if value is not None}
    texts = {
        name: _render(environment, value, f"{name} of {where}", verbatim=name == "password")
        for name, value in named.items()
        if name in known or name == "type"
    }
    if (adapter := texts.pop("type", None)) != ADAPTER:
        raise StuckJobsError(f"{where} is of type {adapter}, not {ADAPTER}")
    values: dict[str, Any] = dict(texts)
    for name in texts:
        if known[name].type == "int":
            values[name] = _number(texts[name], f"{name} of {where}")
    if missing := {"host", "port", "user", "dbname", "schema"} - values.keys():
        raise StuckJobsError(f"{where} has no {', '.join(sorted(missing))}")
    return Profile(**values)


def _number(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise StuckJobsError(f"{what} is not a number: {text}") from None
