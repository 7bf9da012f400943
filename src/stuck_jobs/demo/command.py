"""The command `stuck-jobs demo`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections import defaultdict
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stuck_jobs.demo.generator import MIN_JOBS, Pipeline, generate
from stuck_jobs.demo.queue import QUEUE, UNSERVED
from stuck_jobs.errors import StuckJobsError

if TYPE_CHECKING:
    from rich.text import Text

    from stuck_jobs.dbt_project import Build
    from stuck_jobs.display import Screen
    from stuck_jobs.sandbox import Servers
    from stuck_jobs.views.rows import Item, JudgedPoint

ITEMS_SHOWN = 24
TARGET = "dev"
BUILD_ARGUMENTS = ("--exclude-resource-type", "unit_test", "--target", TARGET)


@click.command()
@click.option("--seed", default=7, show_default=True, help="Another number makes another pipeline.")
@click.option(
    "--jobs",
    default=2400,
    show_default=True,
    type=click.IntRange(min=MIN_JOBS),
    help="How many jobs there are; each has about ten executions.",
)
@click.option("--healthy", is_flag=True, help="Break nothing: every point is ok and the gate is open.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the page of `stuck-jobs report`.",
)
@click.option("--keep", is_flag=True, help="Leave the servers running, and say how to use and stop them.")
@click.option("--project-dir", type=click.Path(path_type=Path), help="The dbt project, if it is not found.")
@click.option("--svg", type=click.Path(path_type=Path), hidden=True, help="Save the output as a picture.")
def demo(
    seed: int,
    jobs: int,
    healthy: bool,
    report: Path | None,
    keep: bool,
    project_dir: Path | None,
    svg: Path | None,
) -> None:
    """Break a pipeline in every known way but one, and show how it is found.

    Starts a real PostgreSQL and Redis of its own, loads two weeks of a job pipeline into them, takes a
    snapshot of the queue, runs `dbt build`, and prints what is stuck. The pipeline still works, so that it
    is not stalled as a whole. Nothing is left behind. Your own servers, profile, PG* variables and REDIS_URL
    play no part.

    Exits with 0 when it has shown what it has to show, although the gate is closed; with 2 if it could not.
    """
    from stuck_jobs.dbt_project import example_profiles, find_project
    from stuck_jobs.display import Screen
    from stuck_jobs.sandbox import pointing_to

    project = find_project(project_dir)
    screen = Screen(record=True, width=90, force_terminal=False) if svg else Screen()
    with ExitStack() as stack:
        servers = _start(screen, stack)
        pipeline = _load(screen, servers, seed, jobs, healthy)
        with pointing_to(servers), example_profiles(project) as profiles:
            _collect(screen, servers, pipeline, project, profiles)
            build = _build(screen, project, profiles)
            if report:
                _report(screen, report, project, profiles)
        points, items = _read(servers)
        _show(screen, pipeline, build, points, items, report)
        if keep:
            stack.pop_all()
            _say_how_to_use(screen, servers, project)
    if svg:
        screen.save_svg(str(svg), title="stuck-jobs demo")


def _start(screen: Screen, stack: ExitStack) -> Servers:
    """Start servers that are stopped when the stack unwinds."""
    from stuck_jobs.display import step
    from stuck_jobs.sandbox import start_servers

    with step(screen, "Starting PostgreSQL and Redis") as current:
        servers = start_servers(stack)
        current.outcome = "PostgreSQL and Redis started, each in a directory of its own"
    return servers


def _load(screen: Screen, servers: Servers, seed: int, jobs: int, healthy: bool) -> Pipeline:
    import psycopg
    import redis

    from stuck_jobs.demo.load import create_source, load, load_queue
    from stuck_jobs.display import step

    with step(screen, "Loading two weeks of a job pipeline") as current:
        pipeline = generate(datetime.now(UTC), seed, jobs, healthy)
        with psycopg.connect(servers.postgres.dsn) as connection:
            create_source(connection)
            load(connection, pipeline)
        with redis.Redis.from_url(servers.redis.url) as client:
            load_queue(client, pipeline.queue)
        current.outcome = (
            f"Two weeks of a job pipeline loaded: {len(pipeline.jobs):,} jobs, "
            f"{len(pipeline.executions):,} executions"
        )
    return pipeline


def _collect(screen: Screen, servers: Servers, pipeline: Pipeline, project: Path, profiles: Path) -> None:
    """Take the snapshot that the views read; those before it, and what recovery has done, are made up."""
    import psycopg

    from stuck_jobs.collect.command import Collector
    from stuck_jobs.collect.redis_url import parse_redis_url
    from stuck_jobs.collect.store import raw_schema
    from stuck_jobs.demo.load import load_earlier_looks, load_recoveries
    from stuck_jobs.display import step
    from stuck_jobs.profile import ProfileOptions, load_profile

    with step(screen, "stuck-jobs collect") as current:
        collector = Collector(
            profile=load_profile(ProfileOptions(project, profiles, target=TARGET)),
            project=project,
            address=parse_redis_url(servers.redis.url),
            queues=[QUEUE, UNSERVED],
            limit=10_000,
            retention=timedelta(days=1),
            timeout=5,
        )
        current.outcome = f"stuck-jobs collect: {collector.run()}"
    with psycopg.connect(servers.postgres.dsn) as connection:
        load_recoveries(connection, raw_schema(), pipeline.recoveries)
        load_earlier_looks(connection, raw_schema())


def _build(screen: Screen, project: Path, profiles: Path) -> Build:
    """Run `dbt build`; an error that is not a closed gate ends the demo."""
    from stuck_jobs.dbt_project import build
    from stuck_jobs.display import step

    with step(screen, "dbt build") as current:
        outcome = build(project, profiles, *BUILD_ARGUMENTS, progress=current.advance)
        current.outcome = (
            f"dbt build: {outcome.nodes} models and tests, {len(outcome.closed_gates)} gates closed"
        )
    if outcome.errors:
        messages = "; ".join(f"{node.name}: {node.message}" for node in outcome.errors[:3])
        raise StuckJobsError(f"dbt build: {len(outcome.errors)} failed: {messages}")
    return outcome


def _report(screen: Screen, output: Path, project: Path, profiles: Path) -> None:
    """Write the page that shows it all."""
    from stuck_jobs.display import step
    from stuck_jobs.profile import ProfileOptions, load_profile
    from stuck_jobs.report.command import Reporter, runbooks_seen_from

    with step(screen, "stuck-jobs report") as current:
        profile = load_profile(ProfileOptions(project, profiles, target=TARGET))
        reporter = Reporter(profile, output, runbooks_seen_from(output, project))
        current.outcome = f"stuck-jobs report: {reporter.run()}"


def _read(servers: Servers) -> tuple[list[JudgedPoint], list[Item]]:
    import psycopg

    from stuck_jobs.views.items import read_items
    from stuck_jobs.views.query import monitoring_schema
    from stuck_jobs.views.summary import read_points

    schema = monitoring_schema()
    with psycopg.connect(servers.postgres.dsn) as connection:
        return read_points(connection, schema), read_items(connection, schema)


def _show(
    screen: Screen,
    pipeline: Pipeline,
    build: Build,
    points: list[JudgedPoint],
    items: list[Item],
    report: Path | None,
) -> None:
    from stuck_jobs.display import items_table, points_table

    screen.print()
    screen.print(points_table(points, screen.width))
    screen.print()
    if items:
        screen.print(items_table(_fair_selection(items, ITEMS_SHOWN), screen.width))
        screen.print()
    screen.print(_comparison(pipeline, items))
    screen.print(_verdict(build, points))
    screen.print()
    over = [point.accumulation_point for point in points if point.state != "ok"]
    command = _shown("stuck-jobs")
    page = (
        {str(report): "open this page in a browser"}
        if report
        else {f"{command} demo --report report.html": "the same as a page to look at"}
    )
    _advise(
        screen,
        "Next",
        page
        | {
            f"{command} demo --keep": "keep the servers and look around in them",
            f"{command} demo --healthy": "the same pipeline with nothing stuck",
            f"docs/points/{over[0] if over else 'job_created'}.md": "why a point is flagged, what to do",
            "README.md": "how to point it at your own database",
        },
    )


def _fair_selection(items: list[Item], count: int) -> list[Item]:
    """The oldest item of each point, then the second oldest, and so on, each of another job.

    Args:
        items: the oldest first.
        count: how many to select.

    Returns:
        At most `count` items, the oldest first.
    """
    places: dict[str, dict[str, int]] = defaultdict(dict)
    rank: dict[Item, int] = {}
    for item in items:
        jobs = places[item.accumulation_point]
        job = item.jobspec_id or item.entity_id
        if job not in jobs:
            rank[item] = jobs[job] = len(jobs)
    selected = set(sorted(rank, key=lambda item: rank[item])[:count])
    return [item for item in items if item in selected]


def _comparison(pipeline: Pipeline, items: list[Item]) -> Text:
    """Whether the views have found what was broken on purpose."""
    from rich.text import Text

    broken = {(fault.point, fault.entity, fault.cause) for fault in pipeline.faults}
    found = {(item.accumulation_point, item.entity_id, item.cause) for item in items}
    if found != broken:
        words = f"Of {len(broken)} things broken on purpose {len(found & broken)} were found, "
        return Text(f"{words}and {len(found - broken)} others.", "yellow")
    if not broken:
        return Text("Nothing was broken, and nothing was found.")
    return Text(f"All {len(broken)} things broken on purpose were found, and nothing else.")


def _verdict(build: Build, points: list[JudgedPoint]) -> Text:
    from rich.text import Text

    if build.exit_code:
        warned = sum(point.state != "ok" and point.severity == "warn" for point in points)
        words = (
            f" by {len(build.closed_gates)} of {len(points)} points, "
            f"{warned} only warn (dbt build exited {build.exit_code})."
        )
        return Text.assemble("Gate: ", ("closed", "bold red"), words)
    words = f", {len(points)} points within their limits (dbt build exited 0)."
    return Text.assemble("Gate: ", ("open", "bold green"), words)


def _say_how_to_use(screen: Screen, servers: Servers, project: Path) -> None:
    """Commands that work when they are pasted into a shell."""
    from rich.text import Text

    from stuck_jobs.views.query import monitoring_schema

    psql = "psql" if shutil.which("psql") else str(servers.postgres.binaries / "psql")
    exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in servers.variables.items())
    lines = [f"export {exports}", f"{psql} -c 'select * from {monitoring_schema()}.accumulation_points'"]
    if project != Path.cwd():
        lines.append(f"cd {shlex.quote(str(project))}")
    if not (project / "profiles.yml").exists():
        lines.append("cp profiles.example.yml profiles.yml")
    lines += [f"{_shown('stuck-jobs')} collect", f"{_shown('dbt')} build"]
    screen.print()
    running = ("PostgreSQL and Redis are still running.", "bold")
    screen.print(Text.assemble(running, " Connect, collect and build again:"))
    for line in lines:
        screen.print(f"  {line}", soft_wrap=True)
    screen.print(Text.assemble(("Stop them", "bold"), " and remove what they hold:"))
    for server in (servers.postgres, servers.redis):
        screen.print(f"  {server.stop_command}", soft_wrap=True)


def _advise(screen: Screen, title: str, advice: dict[str, str]) -> None:
    from rich.text import Text

    width = max(map(len, advice))
    screen.print(title, style="bold")
    for what, why in advice.items():
        screen.print(Text.assemble("  ", (f"{what:<{width}}", "cyan"), f"  {why}"), soft_wrap=True)


def _shown(program: str) -> str:
    """How to call a program of this environment from here: by its name, or else by its path."""
    ours = Path(sys.executable).with_name(program)
    if shutil.which(program) == str(ours):
        return program
    return os.path.relpath(ours) if ours.is_relative_to(Path.cwd()) else str(ours)
