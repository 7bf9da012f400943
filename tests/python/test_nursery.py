"""A run of the tests leaves nothing behind, also when it is cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from conftest import ROOT
from progress import Progress

DEADLINE_SECONDS = 240

A_LONG_TEST = """
import time
from stuck_jobs.embedded import redis_server

def test_takes_long(server):
    with redis_server():
        time.sleep(600)
"""


def test_ctrl_c_leaves_no_server_and_no_folder(tmp_path: Path) -> None:
    test = tmp_path / "test_long.py"
    test.write_text(A_LONG_TEST)
    place = Path(tempfile.mkdtemp(prefix="i-"))
    place.chmod(0o711)
    with (tmp_path / "log").open("w") as log:
        options = ["-n", "1", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "conftest"]
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, test],
            cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(ROOT / "tests" / "python")},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not as in a background job
        )  # fmt: skip
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not list(place.glob("sj-*/stuck-jobs-redis-*/redis.sock")):
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert list(place.glob("sj-*/stuck-jobs-pg-*/data/postmaster.pid"))
    os.killpg(process.pid, signal.SIGINT)
    process.wait(DEADLINE_SECONDS)
    assert list(place.iterdir()) == []
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(place) in " ".join(p.info["cmdline"] or [])
    ]


def test_a_line_tells_what_is_being_tested(request: pytest.FixtureRequest) -> None:
    progress = Progress(request.config.pluginmanager.get_plugin("terminalreporter"))
    assert progress.line() == "0 min, 0 done; now nothing"
    progress.pytest_runtest_logstart("tests/python/test_a.py::test_one")
    progress.pytest_runtest_logstart("tests/python/test_b.py::test_two")
    progress.pytest_runtest_logfinish("tests/python/test_a.py::test_one")
    assert progress.line() == "0 min, 1 done; now test_b.py::test_two (0 s)"
