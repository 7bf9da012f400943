"""What is written for others is there whole or not at all, and not for everybody."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.expectations.checkpoint import _hand_over
from stuck_jobs.files import replace
from stuck_jobs.gate.baseline import Baseline
from stuck_jobs.report import command as report


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("mask", "expected"), [(0o000, 0o640), (0o022, 0o640), (0o027, 0o640), (0o077, 0o600)]
)
def test_the_stricter_of_0640_and_the_umask_holds(tmp_path: Path, mask: int, expected: int) -> None:
    pages, docs = tmp_path / "pages", tmp_path / "docs"
    (pages / "deep").mkdir(parents=True)
    for page in (pages / "index.html", pages / "deep" / "page.html"):
        page.write_text("x")
    (tmp_path / "new").write_text("was readable by all")
    (tmp_path / "new").chmod(0o644)
    with umask(mask):
        replace(tmp_path / "new", b"x")
        Baseline({"p": 1}).save(tmp_path / "baseline.json")
        _hand_over(pages, docs)
    written = [tmp_path / "new", tmp_path / "baseline.json", docs / "index.html", docs / "deep" / "page.html"]
    assert [mode(path) for path in written] == [expected] * 4
    assert report.replace is replace
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baseline.json", "docs", "new", "pages"]


def test_what_cannot_be_written_leaves_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("before")
    script = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    script += "resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9)); from pathlib import Path; "
    script += f"from stuck_jobs.files import replace; replace(Path({str(kept)!r}), b'x' * 100)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert f"{kept} cannot be written: File too large" in finished.stderr
    assert (kept.read_text(), [path.name for path in tmp_path.iterdir()]) == ("before", ["kept"])
    with pytest.raises(StuckJobsError, match="cannot be written: No such file"):
        replace(tmp_path / "nowhere" / "page", b"x")


def test_a_link_stays_one_and_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    replace(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    replace(pipe, b"page")
    reader.join()
    assert read == [b"page"]
    assert pipe.is_fifo()
