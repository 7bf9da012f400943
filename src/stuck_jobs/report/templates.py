"""How text becomes HTML: what every page has in common."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from stuck_jobs.display import humanise
from stuck_jobs.output import legible
from stuck_jobs.report.reading import MAX_LENGTH

SIGNS = {"ok": "✓", "breached": "▲", "warn": "!", "unknown": "?"}
"""What tells the states apart besides their colours and names."""

NOT_KNOWN = "\N{EN DASH}"
PAGE = "docs/points/"
"""Where a first step that is no command is found."""


def rendered(template: str, runbooks: str, scripts: list[str], **values: Any) -> str:
    """A page, with its style and scripts in it.

    Args:
        template: its file.
        runbooks: where the pages of the points are, a URL or a path relative to the page.
        scripts: to run on it, and no others.
        **values: what it shows.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            runbooks=runbooks,
            signs=SIGNS,
            style=Markup(own("page.css")),  # noqa: S704
            scripts=[Markup(script) for script in scripts],  # noqa: S704
            hashes=[_hash(script) for script in scripts],
            **values,
        )
    )


def own(name: str) -> str:
    """A file of the page's."""
    return files("stuck_jobs.report").joinpath("page", name).read_text(encoding="utf-8")


def runbook(runbooks: str, point: str) -> str:
    """The address of a point's page."""
    return f"{runbooks.rstrip('/')}/{point}.md"


def shortened(text: str | None) -> str:
    """A text as the page shows it: legible, and cut off where it is too long."""
    return "" if text is None else legible(text, MAX_LENGTH)


def percent(share: float | None) -> str:
    """A share from 0 to 1, to a tenth of a percent."""
    return NOT_KNOWN if share is None else f"{100 * share:.1f} %"


def seconds(duration: float | None) -> str:
    """A duration: to a tenth of a second below ten seconds, beyond that in its largest units."""
    if duration is None:
        return NOT_KNOWN
    return f"{duration:.1f} s" if duration < 10 else humanise(round(duration))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("stuck_jobs.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": humanise,
        "count": lambda number: f"{number:,}",
        "in_path": lambda text: quote(text, safe=""),
        "is_printable": str.isprintable,
        "legible": shortened,
        "percent": percent,
        "runbook": _runbook,
        "seconds": seconds,
        "step_page": _step_page,
    }
    return environment


@jinja2.pass_context
def _runbook(context: jinja2.runtime.Context, point: str) -> str:
    return runbook(context["runbooks"], point)


@jinja2.pass_context
def _step_page(context: jinja2.runtime.Context, step: str) -> str:
    """The page that a first step names."""
    return runbook(context["runbooks"], step.removeprefix(PAGE).removesuffix(".md"))


def _hash(script: str) -> str:
    """Of a script, as a Content-Security-Policy names it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
