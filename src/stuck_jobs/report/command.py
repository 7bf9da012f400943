"""The command `stuck-jobs report`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click

from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.files import replace
from stuck_jobs.output import say
from stuck_jobs.profile import Profile, ProfileOptions, connection_options
from stuck_jobs.session.patience import prompt_profile
from stuck_jobs.watch.repeat import repeat

RUNBOOKS = Path("docs", "points")
DEFAULT_ITEMS = 3
DEFAULT_HOURS = 24.0


@dataclass(frozen=True)
class Reporter:
    """Writes the page.

    Attributes:
        profile: where PostgreSQL is.
        output: the file.
        runbooks: where the pages of the points are.
        items: how many stuck items to show of each point.
        window: how far back lines over time reach.
        refresh: how often the page is written, in seconds; None if once.
    """

    profile: Profile
    output: Path
    runbooks: str
    items: int = DEFAULT_ITEMS
    window: timedelta = timedelta(hours=DEFAULT_HOURS)
    refresh: float | None = None

    def run(self) -> str:
        """Write the page, in place of the one before.

        Returns:
            What it shows, in one line.

        Raises:
            StuckJobsError: if the views cannot be read, or the file not be written.
        """
        from stuck_jobs.report.page import render
        from stuck_jobs.report.reading import read

        reading = read(self.profile, self.items, self.window)
        page = render(reading, self.runbooks, self.refresh).encode()
        replace(self.output, page)
        points = reading.summary.points
        over = sum(point.state == "breached" for point in points)
        unknown = sum(point.state == "unknown" for point in points)
        return (
            f"{self.output}: {over} of {len(points)} points over their limit, {unknown} unknown; "
            f"{len(page) / 1e6:.1f} MB"
        )


def runbook_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command its argument `runbook_url: str | None`."""
    return click.option(
        "--runbook-url",
        metavar="URL",
        envvar="STUCK_JOBS_RUNBOOK_URL",
        show_envvar=True,
        callback=_checked,
        help="Where the pages of docs/points are served.  [default: the project's own]",
    )(command)


def _checked(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:  # noqa: ARG001
    """An address that a browser may follow."""
    if url and urlsplit(url).scheme not in ("", "file", "http", "https"):
        raise StuckJobsError(f"{url} is no address of pages, such as https://wiki.example.com/points")
    return url


@click.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="Where to write the page, in place of what is there.",
)
@click.option(
    "--watch",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Write it every so often, until SIGTERM or Ctrl-C; an open page follows.",
)
@click.option(
    "--items",
    metavar="NUMBER",
    type=click.IntRange(min=1, max=20),
    default=DEFAULT_ITEMS,
    show_default=True,
    help="How many stuck items to show of each point, the oldest first.",
)
@click.option(
    "--hours",
    metavar="HOURS",
    type=click.FloatRange(min=0, min_open=True, max=24 * 366),
    default=DEFAULT_HOURS,
    show_default=True,
    help="How far back lines over time reach.",
)
@runbook_option
@connection_options
def report(
    connection: ProfileOptions,
    output: Path,
    watch: float | None,
    items: int,
    hours: float,
    runbook_url: str | None,
) -> None:
    """Write a page for the engineer on call: what is stuck, since when, why, and what to do.

    The page is one HTML file that asks nothing of any network. It shows the points with their limits and
    history, the oldest stuck items with the commands that put them right, the depths of the queues, the
    failures by provider and region, and how long jobs take. Only views are read, all as of one moment.

    Exits with 0 when the page is written, whatever it shows; with 2 if the views cannot be read, the summary
    not be relied on, or the file not be written.
    """
    reporter = Reporter(
        profile=prompt_profile(connection),
        output=output,
        runbooks=runbook_url or runbooks_seen_from(output, connection.project_dir),
        items=items,
        window=timedelta(hours=hours),
        refresh=watch,
    )
    if watch is None:
        say(reporter.run())
    else:
        repeat(reporter.run, watch)


def runbooks_seen_from(output: Path, project: Path | None = None) -> str:
    """The path of the project's own pages, relative to the page.

    Args:
        output: the page.
        project: the dbt project, if it is not found.
    """
    pages = find_project(project) / RUNBOOKS
    return Path(os.path.relpath(pages, output.resolve().parent)).as_posix()
