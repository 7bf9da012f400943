"""Every change of a point is told at least once, and none more often than its reminders allow."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

import pytest
from conftest import ROOT, Warehouse
from sentry_sdk.envelope import Envelope
from summaries import Controlled, control

from stuck_jobs.alert.changes import Rules, Told, compare
from stuck_jobs.alert.channels import Channel, Sentry, Webhook
from stuck_jobs.alert.run import deliver, note_changes
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.summary import Point

START = datetime(2026, 1, 15, tzinfo=UTC)
STEP = timedelta(minutes=10)
OPEN = "update summary set state = 'breached', stuck_count = 4, oldest_age_seconds = 7200"
HERE = " where accumulation_point = 'job_created'"
TABLES = ("alert_state", "alert_deliveries", "alert_mutes")


@dataclass
class Receiver:
    """Takes what Sentry and a webhook would; answers what `answer` says."""

    url: str
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    check_ins: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[], int] = lambda: 200

    @property
    def dsn(self) -> str:
        return self.url.replace("http://", "http://secretkey@") + "/1"

    def take(self, path: str, body: bytes) -> int:
        status = self.answer()
        if status != 200:
            return status
        if not path.startswith("/api/1/envelope"):
            self.webhooks.append(json.loads(body))
            return status
        for item in Envelope.deserialize(body).items:
            kept = self.check_ins if item.type == "check_in" else self.events
            kept.append(json.loads(item.get_bytes()))
        return status


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = receiver.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def controlled(new_warehouse: Callable[[], Warehouse]) -> Controlled:
    found = control(new_warehouse)
    found.warehouse.execute(*(f"drop table if exists stuck_jobs_raw.{table}" for table in TABLES))
    return found


def point(name: str, state: str, count: int = 0, severity: str = "error") -> Point:
    return Point(name, "database", state, count, 0, 600 if count else None, severity, "none")


def kinds(*states: tuple[str, int], minutes: int = 10, severity: str = "error") -> list[str | None]:
    """What is told of a point that takes these states, one after the other."""
    told, found = Told(), []
    for number, (state, count) in enumerate(states):
        now = START + number * timedelta(minutes=minutes)
        told, kind = compare(point("p", state, count, severity), told, now, Rules(), muted=False)
        found.append(kind)
    return found


def test_changes_and_nothing_else_are_told() -> None:
    seen = (("ok", 0), ("breached", 4), ("breached", 7), ("breached", 8), ("breached", 15), ("ok", 0))
    assert kinds(*seen) == [None, "opened", None, "worse", None, "resolved"]
    assert kinds(("unknown", 0), ("unknown", 0), ("breached", 1), ("breached", 1)) == [
        "opened", None, "worse", None,
    ]  # fmt: skip
    assert kinds(*[("breached", 1)] * 5, minutes=120) == ["opened", None, "reminder", None, "reminder"]


def test_a_higher_severity_is_worse() -> None:
    told, _ = compare(point("p", "breached", 1, "warn"), Told(), START, Rules(), muted=False)
    told, kind = compare(point("p", "breached", 1, "error"), told, START + STEP, Rules(), muted=False)
    assert kind == "worse"
    _, kind = compare(point("p", "breached", 1, "warn"), told, START + 2 * STEP, Rules(), muted=False)
    assert kind is None


def test_a_point_that_flaps_is_told_so_once_and_again_when_it_is_calm() -> None:
    flapping = [("breached", 1), ("ok", 0)] * 6
    assert kinds(*flapping, *[("ok", 0)] * 8) == [
        "opened", "resolved", "opened", "flapping", *[None] * 13, "resolved", None, None,
    ]  # fmt: skip
    assert kinds(*flapping, *[("breached", 1)] * 7).count("opened") == 3


DAY: dict[str, tuple[list[tuple[int, str, int]], list[str]]] = {
    "job_created": (
        [(2, "breached", 1), (10, "breached", 5), (60, "ok", 0)],
        ["opened", "worse", "reminder", "reminder", "resolved"],
    ),
    "queue_backlog": (
        [(5, "unknown", 0), (9, "breached", 3), (12, "ok", 0)],
        ["opened", "worse", "resolved"],
    ),
    "job_queued": (
        [(number, "breached" if number % 2 else "ok", number % 2) for number in range(21, 31)],
        ["opened", "resolved", "opened", "flapping", "resolved"],
    ),
    "worker_lost": ([], []),
}
"""Of each point: from which step on it is in which state with how many stuck, and what is to be told."""


def points_at(step: int) -> list[Point]:
    found = []
    for name, (changes, _) in DAY.items():
        state, count = next(((s, c) for at, s, c in reversed(changes) if at <= step), ("ok", 0))
        found.append(point(name, state, count))
    return found


def run_in_a_child(warehouse: Warehouse, url: Receiver, step: int, dies_at: int | None) -> bool:
    """One run in a process of its own, killed before its n-th line of ours; whether it came to its end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if dies_at is not None:
                sys.settrace(_killer(dies_at))
            one_run(warehouse, url, step)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return not os.WIFSIGNALED(status)


def _killer(lines: int) -> Callable[[FrameType, str, Any], Any]:
    left = lines

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if "stuck_jobs/alert" not in frame.f_code.co_filename:
            return None
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def one_run(warehouse: Warehouse, receiver: Receiver, step: int) -> None:
    channels: list[Channel] = [Sentry(receiver.dsn), Webhook(receiver.url)]
    with warehouse.connect(autocommit=True) as connection:
        store = AlertStore(connection, "stuck_jobs_raw", ROOT)
        store.prepare()
        with store.only_one() as alone:
            assert alone
            names = [channel.name for channel in channels]
            note_changes(store, points_at(step), "stuck_jobs", names, START + step * STEP, Rules())
            deliver(store, channels)


def unique(told: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(point, kind) of each notice, without repeats."""
    return [(name, kind) for _, name, kind in dict.fromkeys(told)]


def test_a_scripted_day(controlled: Controlled, receiver: Receiver) -> None:
    chance = random.Random(8)
    receiver.answer = lambda: chance.choice([200, 500])
    killed = 0
    for step in range(90):
        while not run_in_a_child(
            controlled.warehouse, receiver, step, chance.choice([None, chance.randint(1, 400)])
        ):
            killed += 1
    receiver.answer = lambda: 200
    run_in_a_child(controlled.warehouse, receiver, 90, None)
    assert killed > 20
    webhook = [
        (n["id"], n["accumulation_point"], n["kind"]) for n in (w["notice"] for w in receiver.webhooks)
    ]
    sentry = [(e["event_id"], e["tags"]["point"], e["tags"]["kind"]) for e in receiver.events]
    for told in (webhook, sentry):
        for name, (_, expected) in DAY.items():
            assert [kind for about, kind in unique(told) if about == name] == expected
        assert len(told) - len(set(told)) <= killed
    assert set(webhook) == set(sentry)
    waiting = "select count(*) from stuck_jobs_raw.alert_deliveries where delivered_at is null"
    assert controlled.warehouse.rows(waiting) == [(0,)]


def alert(controlled: Controlled, receiver: Receiver, *arguments: str) -> tuple[int, str]:
    outcome = controlled.run(
        "alert", *arguments, SENTRY_DSN=receiver.dsn, STUCK_JOBS_WEBHOOK_URL=receiver.url + "/secret",
        SENTRY_ENVIRONMENT="staging",
    )  # fmt: skip
    return outcome.exit_code, outcome.output


def test_without_a_channel_it_prints_and_remembers_nothing(
    controlled: Controlled, receiver: Receiver
) -> None:
    silent = {"SENTRY_DSN": None, "STUCK_JOBS_WEBHOOK_URL": None}
    with controlled.where(OPEN + HERE):
        for _ in range(2):
            outcome = controlled.run("alert", **silent)
            assert outcome.exit_code == 0
            assert "opened: job_created (database): 4 stuck, 0 allowed" in outcome.output
            assert "nobody was told" in outcome.output
        alert(controlled, receiver)
        assert [message["notice"]["kind"] for message in receiver.webhooks] == ["opened"]
    alert(controlled, receiver)


def test_the_command_tells_both_and_checks_in(controlled: Controlled, receiver: Receiver) -> None:
    with controlled.where(OPEN + HERE):
        assert alert(controlled, receiver)[0] == 0
        assert alert(controlled, receiver)[0] == 0
    (event,) = receiver.events
    assert (event["fingerprint"], event["level"]) == (["stuck-jobs", "job_created"], "error")
    assert event["environment"] == "staging"
    assert event["tags"]["remedy"] == "republish"
    (message,) = receiver.webhooks
    assert "opened: job_created (database): 4 stuck, 0 allowed" in message["text"]
    assert message["blocks"][0]["type"] == "section"
    assert [check_in["status"] for check_in in receiver.check_ins] == ["in_progress", "ok"] * 2
    first, second, *_ = receiver.check_ins
    assert first["check_in_id"] == second["check_in_id"]
    assert first["monitor_config"]["schedule"] == {"type": "interval", "value": 5, "unit": "minute"}
    assert alert(controlled, receiver)[0] == 0
    assert receiver.webhooks[-1]["notice"]["kind"] == "resolved"
    assert receiver.events[-1]["level"] == "info"


def test_a_failed_delivery_is_an_error_without_secrets_and_tried_again(
    controlled: Controlled, receiver: Receiver
) -> None:
    with controlled.where(OPEN + HERE):
        receiver.answer = lambda: 503
        code, output = alert(controlled, receiver)
        assert code == 2
        assert "503" in output
        assert "secret" not in output
        assert controlled.run("gate").exit_code == 1
        receiver.answer = lambda: 200
        assert alert(controlled, receiver)[0] == 0
        assert [w["notice"]["kind"] for w in receiver.webhooks] == ["opened"]


def test_a_muted_point_is_not_told_and_still_gates(controlled: Controlled, receiver: Receiver) -> None:
    with controlled.where(OPEN + HERE):
        muting = ("mute", "job_created", "--until", "2999-01-01", "--reason", "known")
        assert alert(controlled, receiver, *muting)[0] == 0
        assert alert(controlled, receiver)[0] == 0
        assert receiver.webhooks == []
        assert controlled.run("gate").exit_code == 1
        assert alert(controlled, receiver, "unmute", "job_created")[0] == 0
        assert alert(controlled, receiver)[0] == 0
        assert [w["notice"]["kind"] for w in receiver.webhooks] == ["opened"]
    assert (
        alert(controlled, receiver, "mute", "job_created", "--until", "2001-01-01", "--reason", "x")[0] == 2
    )
    assert alert(controlled, receiver, "mute", "nowhere", "--until", "2999-01-01", "--reason", "x")[0] == 2


def test_an_unreadable_summary_is_an_error_of_the_monitor(controlled: Controlled, receiver: Receiver) -> None:
    with controlled.where("delete from summary"):
        assert alert(controlled, receiver)[0] == 2
    assert [check_in["status"] for check_in in receiver.check_ins] == ["in_progress", "error"]
    outcome = controlled.run("alert", SENTRY_DSN=receiver.dsn, PGDATABASE="nowhere")
    assert outcome.exit_code == 2
    assert receiver.check_ins[-1]["status"] == "error"


def test_two_runs_at_once_tell_once(controlled: Controlled, receiver: Receiver) -> None:
    with controlled.where(OPEN + HERE), controlled.warehouse.connect(autocommit=True) as connection:
        with AlertStore(connection, "stuck_jobs_raw", ROOT).only_one() as alone:
            assert alone
            code, output = alert(controlled, receiver)
        assert (code, receiver.webhooks) == (0, [])
        assert "another run is under way" in output
