"""Files that are written for others to read, but not for everybody."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from stuck_jobs.errors import StuckJobsError

MODE = 0o640
"""Of a file, as far as the umask allows it: what is stuck, and the ids of jobs, are not for everybody."""


def replace(target: Path, content: bytes) -> None:
    """Write a file whole: a reader sees the one before, or this one.

    Args:
        target: the file; behind a link what it leads to; a device or a pipe stays what it is.
        content: of the file.

    Raises:
        StuckJobsError: if that is not possible.
    """
    path = target.resolve()
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)  # such as /dev/stdout
            return
        descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                os.fchmod(descriptor, MODE & ~_umask())
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StuckJobsError(f"{target} cannot be written: {error.strerror}") from None


def _umask() -> int:
    """The process's, which can only be read by setting it."""
    current = os.umask(0o077)
    os.umask(current)
    return current
