"""Apache ECharts, as an installed package has it."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from stuck_jobs.errors import StuckJobsError

PACKAGE = "vizly"
FILE = Path("assets", "echarts.min.js")
VERSION = "5.5.1"
SHA256 = "e84270bd0cd5bdf60fefc26d00c2a391cb2e81f4d26a7a9ee16185a54773a3cf"
"""Of `echarts.min.js` as the Apache Software Foundation released it."""


@cache
def echarts() -> str:
    """The library's minified source, which is read without importing the package that it comes with.

    Raises:
        StuckJobsError: if it is not installed, or is not what Apache released.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StuckJobsError(f"the package {PACKAGE}, which has Apache ECharts, is not installed")
    path = Path(spec.origin).parent / FILE
    source = path.read_bytes()
    if hashlib.sha256(source).hexdigest() != SHA256:
        raise StuckJobsError(f"{path} is not Apache ECharts {VERSION}")
    return source.decode()
