"""Whom to tell, and how often, on the command line."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stuck_jobs.alert.by_incident import ByIncident
from stuck_jobs.alert.by_point import ByPoint
from stuck_jobs.alert.changes import Rules
from stuck_jobs.alert.http import check_url
from stuck_jobs.alert.look import Way
from stuck_jobs.alert.recipients import Recipients
from stuck_jobs.alert.routes import Rule, read_routes
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.parameters import Number, Secret, secret_in

if TYPE_CHECKING:
    from stuck_jobs.alert.channels import Channel

DEFAULTS = Rules()
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Telling:
    """What the user said of it.

    Attributes:
        by: incident or point.
        report_url: of the report's page, to which a link leads.
        routes: the file that says who owns what.
        webhook: a URL that takes JSON.
        sentry_dsn: of a project in Sentry.
        allow_http: whether another host may be told without TLS.
        remind_hours: after which what stays as it is is told again.
        flap_changes: so many changes of state are flapping.
        flap_minutes: within so many minutes.
    """

    by: str
    report_url: str | None
    routes: Path | None
    webhook: str | None
    sentry_dsn: str | None
    allow_http: bool
    remind_hours: float
    flap_changes: int
    flap_minutes: float

    @property
    def rules(self) -> Rules:
        """How often to tell."""
        return Rules(
            timedelta(hours=self.remind_hours), self.flap_changes, timedelta(minutes=self.flap_minutes)
        )

    def way(self, schema: str) -> Way:
        """By what is told.

        Args:
            schema: of the views.
        """
        return ByPoint(schema) if self.by == "point" else ByIncident(schema, self.report_url)

    def recipients(self) -> Recipients:
        """Where notices go; maybe nowhere.

        Raises:
            StuckJobsError: if a channel cannot be used, or the routes leave out somebody or something.
        """
        everybodys = self._channels(self.sentry_dsn, self.webhook)
        if self.routes is None:
            return Recipients(everybodys)
        if self.by == "point":
            raise StuckJobsError("--routes needs --by incident")
        rules = read_routes(self.routes)
        if not everybodys and all(rule.conditions for rule in rules):
            raise StuckJobsError(
                f"nobody is told of what no rule of {self.routes} is for: set SENTRY_DSN or"
                " STUCK_JOBS_WEBHOOK_URL, or let the last rule have no condition"
            )
        return Recipients(everybodys, rules, self._owned(rules))

    def _owned(self, rules: list[Rule]) -> dict[str, list[Channel]]:
        """The channels of each owner."""
        first: dict[str, Rule] = {}
        for rule in rules:
            known = first.setdefault(rule.owner, rule)
            if (known.webhook_env, known.sentry_dsn_env) != (rule.webhook_env, rule.sentry_dsn_env):
                raise StuckJobsError(f"{self.routes}: the rules of {rule.owner} name different channels")

        def secret(variable: str | None, owner: str) -> str | None:
            value = variable and secret_in(variable, os.environ.get(variable))
            if variable and not value:
                raise StuckJobsError(f"{self.routes}: {variable} of {owner} is not set")
            return value

        return {
            owner: self._channels(secret(rule.sentry_dsn_env, owner), secret(rule.webhook_env, owner), owner)
            for owner, rule in first.items()
        }

    def _channels(self, dsn: str | None, webhook: str | None, owner: str | None = None) -> list[Channel]:
        if not (dsn or webhook):
            return []
        from stuck_jobs.alert.channels import chosen_channels

        return chosen_channels(dsn, webhook, self.allow_http, owner)


def _page(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> str | None:
    """A URL to which a part of the page can be added; a callback of click's."""
    if value is None:
        return None
    if re.search(r"[\s<>|#]", check_url(value, "--report-url", allow_http=True)):
        raise StuckJobsError("--report-url must have no #, no space and none of <>|")
    return value


def telling_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command these options, as its argument `telling: Telling`."""

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        chosen = {option.name: arguments.pop(option.name) for option in fields(Telling)}
        command(telling=Telling(**chosen), **arguments)

    options = [
        click.option(
            "--by",
            type=click.Choice(["incident", "point"]),
            default="incident",
            envvar="STUCK_JOBS_ALERT_BY",
            show_default=True,
            show_envvar=True,
            help="Tell once of each fault, all in one message, or of each point by itself.",
        ),
        click.option(
            "--report-url",
            callback=_page,
            envvar="STUCK_JOBS_REPORT_URL",
            show_envvar=True,
            metavar="URL",
            help="Where the page of report is, to which each incident has a link.",
        ),
        click.option(
            "--routes",
            type=click.Path(path_type=Path, dir_okay=False),
            envvar="STUCK_JOBS_ROUTES",
            show_envvar=True,
            metavar="FILE",
            help="YAML: which incidents have an owner with channels of their own.",
        ),
        click.option(
            "--webhook",
            cls=Secret,
            envvar="STUCK_JOBS_WEBHOOK_URL",
            metavar="URL",
            help="Takes JSON, like Slack's.",
        ),
        click.option(
            "--sentry-dsn", cls=Secret, envvar="SENTRY_DSN", metavar="DSN", help="Of a project in Sentry."
        ),
        click.option(
            "--allow-http",
            is_flag=True,
            envvar="STUCK_JOBS_ALLOW_HTTP",
            show_envvar=True,
            help="Tell another host without TLS, whoever reads on the way.",
        ),
        click.option(
            "--remind-hours",
            type=Number(min=0, min_open=True, max=LONGEST / timedelta(hours=1)),
            default=DEFAULTS.remind_every.total_seconds() / 3600,
            show_default=True,
            help="Tell what stays as it is again after this long.",
        ),
        click.option(
            "--flap-changes",
            type=click.IntRange(min=2),
            default=DEFAULTS.flap_changes,
            show_default=True,
            help="So many changes of state within --flap-minutes are flapping.",
        ),
        click.option(
            "--flap-minutes",
            type=Number(min=0, min_open=True, max=LONGEST / timedelta(minutes=1)),
            default=DEFAULTS.flap_window.total_seconds() / 60,
            show_default=True,
            help="What flaps and keeps its state for this long is calm again.",
        ),
    ]
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), with_options)
