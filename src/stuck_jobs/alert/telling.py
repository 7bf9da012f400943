"""Whom to tell, and how often, on the command line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from stuck_jobs.alert.changes import Rules
from stuck_jobs.parameters import Number, Secret

if TYPE_CHECKING:
    from stuck_jobs.alert.channels import Channel

DEFAULTS = Rules()
LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Telling:
    """What the user said of it.

    Attributes:
        webhook: a URL that takes JSON.
        sentry_dsn: of a project in Sentry.
        allow_http: whether another host may be told without TLS.
        remind_hours: after which a point that stays as it is is told again.
        flap_changes: so many changes of state are flapping.
        flap_minutes: within so many minutes.
    """

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

    def channels(self) -> list[Channel]:
        """Where notices go; maybe nowhere. `chosen_channels` says what it raises."""
        if not (self.webhook or self.sentry_dsn):
            return []
        from stuck_jobs.alert.channels import chosen_channels

        return chosen_channels(self.sentry_dsn, self.webhook, self.allow_http)


def telling_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command these options, as its argument `telling: Telling`."""

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        chosen = {option.name: arguments.pop(option.name) for option in fields(Telling)}
        command(telling=Telling(**chosen), **arguments)

    options = [
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
            help="Tell a point that stays over its limit again after this long.",
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
            help="A flapping point that keeps its state for this long is calm again.",
        ),
    ]
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), with_options)
