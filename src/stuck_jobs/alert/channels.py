"""Where notices go."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sentry_sdk
from sentry_sdk.consts import EndpointType
from sentry_sdk.crons import capture_checkin
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import BadDsn

from stuck_jobs import __version__
from stuck_jobs.alert.http import DeliveryError, check_url, post
from stuck_jobs.alert.notice import headline, is_of_incident
from stuck_jobs.alert.slack import message
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import legible

MONITOR = "stuck-jobs-alert"
LEVELS = {"error": "error", "warn": "warning"}
OF_INCIDENT = (
    "title", "scope", "stuck_count", "jobs", "started_at", "evidence", "first_step", "runbook", "link",
)  # fmt: skip
"""What Sentry is told of one, beside the tags."""


class Channel(Protocol):
    """Something that can be told."""

    @property
    def name(self) -> str:
        """Under which its deliveries are kept."""

    @property
    def takes_several(self) -> bool:
        """Whether it takes all incidents of which something is to be told at once."""

    def send(self, notices: Sequence[dict[str, Any]]) -> None:
        """Tell it, or raise a DeliveryError."""


@dataclass(frozen=True)
class Webhook:
    """A URL that takes JSON, such as Slack's incoming webhooks."""

    url: str
    name: str = "webhook"
    takes_several: bool = True

    def send(self, notices: Sequence[dict[str, Any]]) -> None:
        """Tell it, or raise a DeliveryError."""
        body = json.dumps(message(notices)).encode()
        post(self.url, body, {"Content-Type": "application/json", "User-Agent": f"stuck-jobs/{__version__}"})


class SynchronousTransport(Transport):
    """Sends at once and remembers the failure; the SDK's own transports send later, and drop in silence."""

    failure: str | None = "the SDK sent nothing"

    def capture_envelope(self, envelope: Envelope) -> None:
        """Send it."""
        assert self.parsed_dsn is not None  # noqa: S101
        auth = self.parsed_dsn.to_auth(f"stuck-jobs/{__version__}")
        headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth.to_header()}
        try:
            post(auth.get_api_url(EndpointType.ENVELOPE), envelope.serialize(), headers)
        except DeliveryError as error:
            self.failure = str(error)
        else:
            self.failure = None


class Sentry:
    """One issue per point or incident, and a check-in of the monitor per run."""

    takes_several = False

    def __init__(self, dsn: str, name: str = "sentry") -> None:
        self.name = name
        try:
            self._client = sentry_sdk.Client(
                dsn=dsn,
                transport=SynchronousTransport,
                default_integrations=False,
                auto_session_tracking=False,
                send_client_reports=False,
                release=os.environ.get("SENTRY_RELEASE") or f"stuck-jobs@{__version__}",
                environment=os.environ.get("SENTRY_ENVIRONMENT") or "production",
            )
        except BadDsn:
            raise StuckJobsError("SENTRY_DSN is no DSN of Sentry") from None

    def send(self, notices: Sequence[dict[str, Any]]) -> None:
        """Tell it of one, or raise a DeliveryError. A repeat has the same id, which Sentry drops."""
        (notice,) = notices
        over = notice["kind"] == "resolved"
        tags, contexts = (_of_incident if is_of_incident(notice) else _of_point)(notice)
        for number, item in enumerate(notice["items"], 1):
            contexts[f"stuck item {number:02}"] = {name: _shown(value) for name, value in item.items()}
        self._capture(
            lambda: sentry_sdk.capture_event(
                {
                    "event_id": notice["id"],
                    "timestamp": notice["at"],
                    "level": "info" if over else LEVELS[notice["severity"]],  # type: ignore[typeddict-item]
                    "logger": "stuck_jobs.alert",
                    "logentry": {"message": headline(notice)},
                    "fingerprint": ["stuck-jobs", notice["key"]],
                    "tags": tags,
                    "contexts": contexts,
                }
            )
        )

    def check_in(self, status: str, check_in_id: str | None = None, every_minutes: int = 5) -> str | None:
        """Tell the Cron monitor that the run begins (in_progress), is done (ok) or failed (error).

        Args:
            status: one of the three.
            check_in_id: of the beginning.
            every_minutes: how often there should be a run.

        Returns:
            The id of the check-in.

        Raises:
            DeliveryError: if it did not arrive.
        """
        return self._capture(
            lambda: capture_checkin(
                monitor_slug=MONITOR,
                check_in_id=check_in_id,
                status=status,
                monitor_config={
                    "schedule": {"type": "interval", "value": every_minutes, "unit": "minute"},
                    "checkin_margin": max(2, every_minutes),
                    "max_runtime": 10,
                    "timezone": "UTC",
                },
            )
        )

    def _capture(self, capture: Any) -> str | None:
        transport = self._client.transport
        assert isinstance(transport, SynchronousTransport)  # noqa: S101
        transport.failure = "the SDK sent nothing"
        with sentry_sdk.isolation_scope() as isolation, sentry_sdk.new_scope() as scope:
            isolation.clear()
            scope.set_client(self._client)
            captured: str | None = capture()
        if transport.failure:
            raise DeliveryError(transport.failure)
        return captured


def _of_point(notice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tags and the context of a point."""
    tags = {
        "point": notice["accumulation_point"],
        "kind": notice["kind"],
        "stuck_level": notice["level"],
        **{name: notice[name] for name in ("state", "severity", "remedy")},
    }
    numbers = ("stuck_count", "max_count", "oldest_age_seconds")
    return tags, {"accumulation point": {name: notice[name] for name in numbers}}


def _of_incident(notice: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tags and the context of an incident, or of a point that none speaks for."""
    tags = {
        "incident": notice["key"],
        "incident_kind": notice["incident_kind"],
        "kind": notice["kind"],
        **{name: notice[name] for name in ("state", "severity")},
        "stuck_level": next(iter(notice["levels"]), None),
        "owner": notice.get("owner"),
    }
    facts = {name: _shown(notice[name]) for name in OF_INCIDENT} | {"points": ", ".join(notice["points"])}
    return {name: _shown(value) for name, value in tags.items() if value}, {"incident": facts}


def _shown(value: Any) -> Any:
    return legible(value) if isinstance(value, str) else value


def monitor_of(channels: Sequence[Channel]) -> Sentry | None:
    """The one whose Cron monitor hears of each run: everybody's, or else the first owner's."""
    return next((channel for channel in channels if isinstance(channel, Sentry)), None)


def chosen_channels(
    dsn: str | None, webhook: str | None, allow_http: bool = False, owner: str | None = None
) -> list[Channel]:
    """The channels that are configured; maybe none.

    Args:
        dsn: of Sentry.
        webhook: its URL.
        allow_http: whether another host may be told without TLS.
        owner: whose they are; None for everybody's.

    Raises:
        StuckJobsError: if one cannot be used.
    """
    whose = f" of {owner}" if owner else ""
    suffix = f":{owner}" if owner else ""
    channels: list[Channel] = []
    if dsn:
        channels.append(Sentry(check_url(dsn, f"SENTRY_DSN{whose}", allow_http), f"sentry{suffix}"))
    if webhook:
        channels.append(Webhook(check_url(webhook, f"the webhook{whose}", allow_http), f"webhook{suffix}"))
    return channels
