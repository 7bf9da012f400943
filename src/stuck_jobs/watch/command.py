"""The command `stuck-jobs watch`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg

from stuck_jobs.alert.telling import Telling, telling_options
from stuck_jobs.collect.command import queue_option, redis_option, usual_collector
from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.parameters import Number
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.report.command import runbook_option
from stuck_jobs.session.patience import prompt_profile
from stuck_jobs.watch.board import Board
from stuck_jobs.watch.notify import notify, rest
from stuck_jobs.watch.pages import Pages
from stuck_jobs.watch.repeat import until_a_signal
from stuck_jobs.watch.rounds import Rounds
from stuck_jobs.watch.session import Session
from stuck_jobs.watch.teller import Teller
from stuck_jobs.watch.voice import Voice
from stuck_jobs.watch.web import address_of, serving

if TYPE_CHECKING:
    from stuck_jobs.report.command import Reporter

LAST_SECONDS = 5.0
"""For what is being told when the end comes."""

LONGEST_WAIT = 15.0
"""Seconds until a server that is away is looked for again."""

REPORT_REFRESH = 60.0


@click.command()
@click.option(
    "--every",
    type=Number(min=0, min_open=True, max=3600),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="From one check to the next; a check that takes long is given twice its time.",
)
@click.option(
    "--listen",
    callback=address_of,
    metavar="HOST:PORT",
    help="Serve the report live, /metrics for Prometheus, and /healthz; without HOST to this machine alone.",
)
@click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep this page current, as report does.",
)
@click.option("--no-collect", is_flag=True, help="Take no snapshots of Redis; others do, or there is none.")
@queue_option
@redis_option
@runbook_option
@telling_options
@connection_options
def watch(
    connection: ProfileOptions,
    telling: Telling,
    every: float,
    listen: tuple[str, int] | None,
    page: Path | None,
    no_collect: bool,
    queues: tuple[str, ...],
    redis_url: str | None,
    runbook_url: str | None,
) -> None:
    """Look every few seconds until SIGTERM or Ctrl-C, in one process and over one connection.

    Each round takes a snapshot of Redis where there is one to watch, checks as the command check does, and
    tells what has changed as alert does, if there is somebody to tell. It says a line when a point changes
    its state, when something cannot be done, and when it can be done again. A dbt build beside it is noticed,
    and its views are used at once.

    Exits with 0 after a signal; 2 if another watch looks after the same schema, or the connection is a
    pooler's. A server that is away is waited for.
    """
    profile, project = prompt_profile(connection), find_project(connection.project_dir)
    pages = Pages(profile, project, runbook_url)
    session, board, voice = Session(profile), Board(every), Voice(f"watching {profile.schema}")
    teller = Teller(profile, project, telling, voice)
    rounds = Rounds(
        profile=profile,
        session=session,
        board=board,
        voice=voice,
        teller=teller,
        collector=None if no_collect else usual_collector(profile, project, queues, redis_url),
        reporter=_reporter(connection, page, runbook_url),
    )
    with until_a_signal() as is_over, contextlib.closing(session):
        with contextlib.suppress(psycopg.Error):  # the first round says so
            session.open()
        with serving(listen, board, pages):
            try:
                _go_round(rounds, is_over)
            finally:
                notify("STOPPING=1")
                teller.finish(LAST_SECONDS)


def _go_round(rounds: Rounds, is_over: Callable[[], bool]) -> None:
    """One round after the other; after failures wait longer and longer."""
    failures, is_ready = 0, False
    while not is_over():
        started = time.monotonic()
        try:
            rounds.run()
        except StuckJobsError as error:
            if is_over():
                return
            failures += 1
            rounds.session.close()  # whatever it was, a new one does not remember it
            rounds.board.trouble = error.message
            rounds.voice.trouble("check", error.message)
        else:
            failures = 0
            rounds.voice.trouble("check", None)
        if not is_ready:
            is_ready = True
            notify("READY=1")
        now = time.monotonic()
        if failures:
            rest(now + min(2.0 ** min(failures - 1, 10), LONGEST_WAIT))
        else:
            rest(max(started + rounds.board.every, now + now - started))


def _reporter(connection: ProfileOptions, page: Path | None, runbook_url: str | None) -> Reporter | None:
    """Of the page, if somebody asks for one."""
    if page is None:
        return None
    from stuck_jobs.report.command import Reporter, runbooks_seen_from

    return Reporter(
        profile=prompt_profile(connection),
        output=page,
        runbooks=runbook_url or runbooks_seen_from(page, connection.project_dir),
        refresh=REPORT_REFRESH,
    )
