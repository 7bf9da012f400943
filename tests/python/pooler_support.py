"""A real PgBouncer in front of the tests' PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from stuck_jobs import embedded

PORT = 6432


def binary() -> str | None:
    """The machine's, such as Debian's; None if it has none."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooler(behind: dict[str, str], *settings: str) -> Iterator[dict[str, str]]:
    """The libpq variables that lead through a pool to a database.

    Args:
        behind: the variables that lead there directly.
        *settings: lines of the configuration.
    """
    program = binary()
    assert program
    directory = Path(tempfile.mkdtemp(prefix="stuck-jobs-pooler-"))
    (directory / "users").write_text('"postgres" ""\n"watcher" ""\n"operator" ""\n')
    lines = [
        "[databases]",
        f"* = host={behind['PGHOST']} port={behind['PGPORT']}",
        "[pgbouncer]",
        "listen_addr =",
        f"listen_port = {PORT}",
        f"unix_socket_dir = {directory}",
        "auth_type = trust",
        f"auth_file = {directory}/users",
        f"logfile = {directory}/log",
        *settings,
    ]
    (directory / "ini").write_text("\n".join(lines))
    user = embedded.UNPRIVILEGED_USER if os.geteuid() == 0 else None
    if user:
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, user)
    command = [program, "-q", str(directory / "ini")]
    extra_groups = [] if user else None
    process = subprocess.Popen(command, user=user, extra_groups=extra_groups, stderr=subprocess.DEVNULL)
    through = behind | {"PGHOST": str(directory), "PGPORT": str(PORT)}
    try:
        _wait(through)
        yield through
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(directory)


def _wait(through: dict[str, str]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(
                host=through["PGHOST"], port=through["PGPORT"], user="postgres", dbname=through["PGDATABASE"]
            ).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
