"""The command `stuck-jobs trace`."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import say
from stuck_jobs.parameters import Number
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options, load_profile
from stuck_jobs.watch.repeat import repeat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

DEFAULT_ENDPOINT = "http://localhost:4318"


@dataclass(frozen=True)
class Tracer:
    """Sends spans.

    Attributes:
        profile: where PostgreSQL is.
        project: the dbt project.
        batch: how many spans to send at once.
        since: how far back the very first run reaches; None as far as the view does.
    """

    profile: Profile
    project: Path
    batch: int
    since: timedelta | None

    def run(self) -> str:
        """Send what is new.

        Returns:
            How much that was, in one line.

        Raises:
            StuckJobsError: if there is no address of a receiver, or the receiver did not take it all; the
                bookmark then stands before the rest.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        from stuck_jobs.collect.store import Store, raw_schema
        from stuck_jobs.session.exclusion import only_one
        from stuck_jobs.trace.bookmark import OVERLAP, Bookmark
        from stuck_jobs.trace.spans import readable, resource

        receiver = _receiver()
        count, jobs, owner = 0, set(), resource()
        exporter = OTLPSpanExporter()
        try:
            with connect(self.profile) as connection:
                Store(connection, raw_schema(), self.project).create_tables("trace_bookmark", "trace_sent")
                bookmark = Bookmark(connection, self.profile.schema, raw_schema())
                with only_one(self.profile, f"{raw_schema()} trace") as alone:
                    if not alone:
                        raise StuckJobsError("another `stuck-jobs trace` is sending spans of this database")
                    started_at, until = bookmark.now(), bookmark.exported_until()
                    first = None if self.since is None else started_at - self.since
                    since = first if until is None else until - OVERLAP
                    now_ns = int(started_at.timestamp() * 1_000_000) * 1000
                    for spans in bookmark.unsent(since, started_at, self.batch):
                        _send(exporter, [readable(span, owner, now_ns) for span in spans])
                        bookmark.sent(spans)
                        count += len(spans)
                        jobs |= {span.job_id for span in spans}
                    bookmark.finished(started_at)
        finally:
            exporter.shutdown()  # type: ignore[no-untyped-call]
        return f"{count:,} spans of {len(jobs):,} jobs sent to {receiver}"


@click.command()
@click.option(
    "--batch",
    metavar="SPANS",
    type=click.IntRange(min=1, max=10_000),
    default=500,
    show_default=True,
    help="How many spans to send at once; the bookmark advances after each batch.",
)
@click.option(
    "--since",
    metavar="HOURS",
    type=Number(min=0, max=24 * 3660),
    help="How far back to begin where nothing was sent before. [default: analytics_days]",
)
@click.option(
    "--watch",
    metavar="SECONDS",
    type=Number(min=0, min_open=True),
    help="Send what is new every so often, until SIGTERM or Ctrl-C.",
)
@connection_options
def trace(connection: ProfileOptions, batch: int, since: float | None, watch: float | None) -> None:
    """Send the life of each job as a trace to a tracing system.

    Sends the spans of the view job_spans that ended since the last time, and those that are stuck, through
    OTLP over HTTP. OTEL_EXPORTER_OTLP_ENDPOINT says where to, http://localhost:4318 by default;
    OpenTelemetry's other variables (headers, certificates, timeout, service name) hold as well. Each span is
    sent at least once, and has the same ids whenever it is.

    Exits with 0 when all is sent; with 2 if the receiver or PostgreSQL did not take it, in which case the
    next run sends it again.
    """
    from stuck_jobs.dbt_project import find_project

    tracer = Tracer(
        profile=load_profile(connection),
        project=find_project(connection.project_dir),
        batch=batch,
        since=None if since is None else timedelta(hours=since),
    )
    if watch is None:
        say(tracer.run())
    else:
        repeat(tracer.run, watch)


class _LastWords(logging.Handler):
    """Keeps what the exporter logs last, which says why it failed."""

    text = "no reason given"

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


def _send(exporter: SpanExporter, spans: Sequence[ReadableSpan]) -> None:
    """Send a batch; the exporter itself tries again for a while where that can help.

    Raises:
        StuckJobsError: if the receiver did not take it.
    """
    from opentelemetry.sdk.trace.export import SpanExportResult

    words, logger = _LastWords(), logging.getLogger("opentelemetry")
    logger.addHandler(words)
    logger.propagate = False
    try:
        result = exporter.export(spans)
    finally:
        logger.removeHandler(words)
        logger.propagate = True
    if result is not SpanExportResult.SUCCESS:
        raise StuckJobsError(f"{_receiver()} did not take {len(spans):,} spans: {words.text}")


def _receiver() -> str:
    """Where the spans go, without what may be a secret in a URL.

    Raises:
        StuckJobsError: if that is no address.
    """
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    name = next(filter(os.environ.get, names), None)
    try:
        url = urlsplit(os.environ[name] if name else DEFAULT_ENDPOINT)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise StuckJobsError(f"{name} is no address of a receiver; one is like {DEFAULT_ENDPOINT}")
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
