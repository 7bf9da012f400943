"""Every change of a point is told at least once, and none more often than its reminders allow."""

from __future__ import annotations

import dataclasses
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any

import psycopg
import pytest
from conftest import ROOT, Warehouse
from hypothesis import given
from hypothesis import strategies as st
from killing import survives
from sentry_sdk.envelope import Envelope
from summaries import Controlled, control

from stuck_jobs.alert import http
from stuck_jobs.alert.by_point import ByPoint, fault_of
from stuck_jobs.alert.changes import Rules, Told, compare
from stuck_jobs.alert.channels import Channel, Sentry, Webhook
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.notice import compose
from stuck_jobs.alert.recipients import Recipients
from stuck_jobs.alert.run import deliver, note_changes
from stuck_jobs.alert.slack import message_of
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.views.rows import Item, Point

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
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def without_memory(controlled: Controlled) -> Controlled:
    """Of what nothing was told yet."""
    controlled.warehouse.execute(*(f"drop table if exists stuck_jobs_raw.{table}" for table in TABLES))
    return controlled


@pytest.fixture
def controlled(new_built_warehouse: Callable[..., Warehouse]) -> Controlled:
    return without_memory(control(new_built_warehouse, has_items=False))


@pytest.fixture
def with_items(new_built_warehouse: Callable[..., Warehouse]) -> Controlled:
    return without_memory(control(new_built_warehouse))


def point(name: str, state: str, count: int = 0, severity: str = "error") -> Point:
    return Point(name, "database", state, count, 0, 600 if count else None, severity, "none", None)


def fault(*arguments: Any) -> Fault:
    return fault_of(point(*arguments))


def kinds(*states: tuple[str, int], minutes: int = 10, severity: str = "error") -> list[str | None]:
    """What is told of a point that takes these states, one after the other."""
    told, found = Told(), []
    for number, (state, count) in enumerate(states):
        now = START + number * timedelta(minutes=minutes)
        told, kind = compare(fault("p", state, count, severity), told, now, Rules(), muted=False)
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
    told, _ = compare(fault("p", "breached", 1, "warn"), Told(), START, Rules(), muted=False)
    told, kind = compare(fault("p", "breached", 1, "error"), told, START + STEP, Rules(), muted=False)
    assert kind == "worse"
    _, kind = compare(fault("p", "breached", 1, "warn"), told, START + 2 * STEP, Rules(), muted=False)
    assert kind is None


def test_a_point_that_flaps_is_told_so_once_and_again_when_it_is_calm() -> None:
    flapping = [("breached", 1), ("ok", 0)] * 6
    assert kinds(*flapping, *[("ok", 0)] * 8) == [
        "opened", "resolved", "opened", "flapping", *[None] * 13, "resolved", None, None,
    ]  # fmt: skip
    assert kinds(*flapping, *[("breached", 1)] * 7).count("opened") == 3


def test_a_mute_that_ends_while_it_lasts_is_told_of_then() -> None:
    def told(muted: range, *states: str) -> list[str | None]:
        remembered, found = Told(), []
        for number, state in enumerate(states):
            at, count = START + number * STEP, int(state != "ok")
            remembered, kind = compare(fault("p", state, count), remembered, at, Rules(), number in muted)
            found.append(kind)
        return found

    lasting = ["breached"] * 5
    assert told(range(1, 3), *lasting) == ["opened", None, None, "reminder", None]
    assert told(range(3), *lasting) == [None, None, None, "opened", None]
    assert told(range(1, 3), "breached", "breached", "ok", "ok") == ["opened", None, None, "resolved"]
    assert told(range(1, 3), "ok", "breached", "ok", "ok") == [None] * 4


def steps(seed: int) -> list[tuple[timedelta, Point, bool]]:
    """Hundreds of runs: how long after the one before, what is seen, and whether it is muted."""
    chance = random.Random(seed)
    haste = chance.choice([0.1, 0.5, 0.9])
    seen, muted, found = ("ok", 0, "error"), False, []
    for _ in range(300):
        if chance.random() < haste:
            state = chance.choice(["ok", "breached", "unknown"])
            seen = (state, 0 if state == "ok" else chance.randint(1, 40), chance.choice(["warn", "error"]))
        muted ^= chance.random() < 0.05
        found.append((timedelta(minutes=chance.choice([1, 5, 30])), point("p", *seen), muted))
    return found


@given(st.integers().map(steps))
def test_every_change_is_told_and_none_more_often_than_its_reminders_allow(
    runs: list[tuple[timedelta, Point, bool]],
) -> None:
    rules, told, now, was_muted = Rules(), Told(), START, False
    changed, last = [], ("ok", 0, "warn", START)
    flapping, before = False, "ok"
    for pause, seen, muted in runs:
        now += pause
        changed += [now] if seen.state != before else []
        recent = sum(now - at < rules.flap_window for at in changed)
        told, kind = compare(fault_of(seen), told, now, rules, muted)
        state, count, severity, at = last
        assert not (muted and kind)
        match kind:
            case "flapping":
                assert recent >= rules.flap_changes
                assert not flapping
            case "opened":
                assert seen.state != "ok"
                assert state == "ok" or flapping
                assert not (flapping and recent)
            case "resolved":
                assert seen.state == "ok"
                assert state != "ok" or flapping
                assert not (flapping and recent)
            case "worse":
                assert (
                    seen.state != state
                    or seen.stuck_count >= 2 * max(count, 1)
                    or (seen.severity, severity) == ("error", "warn")
                )
            case "reminder":
                assert (seen.state, flapping) == (state, False)
                assert was_muted or now - at >= rules.remind_every
        if kind:
            flapping = kind == "flapping"
            known = max(seen.stuck_count, count) if seen.state == "unknown" else seen.stuck_count
            last, was_muted = (seen.state, known, seen.severity, now), False
        elif not muted and not flapping:
            assert seen.state == state
            if state != "ok":
                assert now - at < rules.remind_every
                assert not was_muted
                assert seen.stuck_count < 2 * max(count, 1)
                assert (seen.severity, severity) != ("error", "warn")
        elif not muted:
            assert recent
        was_muted |= muted
        before = seen.state


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
    "job_running": (
        [(3, "breached", 2), (80, "ok", 0)],
        ["opened", "reminder", "reminder", "resolved"],
    ),
    "outbox_unpublished": ([(8, "breached", 2), (30, "ok", 0)], []),
}
"""Of each point: from which step on it is in which state with how many stuck, and what is to be told."""

MUTES = {"job_running": (10, 50), "outbox_unpublished": (0, 40)}
"""Of a point: from which step on it is muted, and until when."""


def points_at(step: int) -> list[Point]:
    found = []
    for name, (changes, _) in DAY.items():
        state, count = next(((s, c) for at, s, c in reversed(changes) if at <= step), ("ok", 0))
        found.append(point(name, state, count))
    return found


def one_run(
    warehouse: Warehouse, receiver: Receiver, step: int, points: list[Point] | None = None, muted: str = ""
) -> None:
    with warehouse.connect(autocommit=True) as connection:
        look_and_tell(connection, receiver, step, points or points_at(step), muted)


def look_and_tell(
    connection: psycopg.Connection[Any], receiver: Receiver, step: int, points: list[Point], muted: str = ""
) -> None:
    channels: list[Channel] = [Sentry(receiver.dsn), Webhook(receiver.url)]
    way, rules = ByPoint("stuck_jobs"), Rules()
    store = AlertStore(connection, "stuck_jobs_raw", ROOT)
    store.prepare()
    look = way.look(store, points, START + step * STEP, rules)
    note_changes(store, way, look, Recipients(channels), rules)
    deliver(store, way, channels, dataclasses.replace(look, muted={*look.muted, muted}))


def unique(told: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(point, kind) of each notice, without repeats."""
    return [(name, kind) for _, name, kind in dict.fromkeys(told)]


def is_part(some: list[str], every: list[str]) -> bool:
    """Whether some of a sequence stand in its order."""
    rest = iter(every)
    return all(one in rest for one in some)


@pytest.mark.parametrize("answers", [[200], [200, 500]], ids=["reached", "half reached"])
def test_a_scripted_day(controlled: Controlled, receiver: Receiver, answers: list[int]) -> None:
    chance = random.Random(8)
    receiver.answer = lambda: chance.choice(answers)
    killed = 0
    for step in range(90):
        for name, (_, end) in [(n, m) for n, m in MUTES.items() if m[0] == step]:
            with controlled.warehouse.connect(autocommit=True) as connection:
                store = AlertStore(connection, "stuck_jobs_raw", ROOT)
                store.prepare()
                store.mute(name, START + end * STEP, "known")
        run = partial(one_run, controlled.warehouse, receiver, step)
        while not survives(run, "stuck_jobs/alert", chance.choice([None, chance.randint(1, 400)])):
            killed += 1
    receiver.answer = lambda: 200
    one_run(controlled.warehouse, receiver, 90)
    assert killed > 20
    webhook = [
        (n["id"], n["accumulation_point"], n["kind"]) for n in (w["notice"] for w in receiver.webhooks)
    ]
    sentry = [(e["event_id"], e["tags"]["point"], e["tags"]["kind"]) for e in receiver.events]
    for told in (webhook, sentry):
        for name, (_, expected) in DAY.items():
            kinds_told = [kind for about, kind in unique(told) if about == name]
            assert is_part(kinds_told, expected)
            assert kinds_told[-1:] == expected[-1:]
            assert kinds_told == expected or 500 in answers
        assert len(told) - len(set(told)) <= killed
    waiting = "select count(*) from stuck_jobs_raw.alert_deliveries where delivered_at is null"
    assert controlled.warehouse.rows(waiting) == [(0,)]


OUTAGE = {
    "lasting": ([1, 2, 4, 9], "breached", "opened", 9),
    "over": ([1, 3, 0], "ok", "resolved", 0),
    "again": ([1, 0, 2], "breached", "opened", 2),
    "reminded": ([5] * 60, "breached", "opened", 5),
}
"""Of a point: what is stuck there run by run while nobody can be reached, and what is told then."""


def test_after_an_outage_the_state_is_told_as_it_is_then(controlled: Controlled, receiver: Receiver) -> None:
    receiver.answer = cycle([404, 429]).__next__
    with controlled.warehouse.connect(autocommit=True) as connection:
        for step in range(60):
            counts = [(name, (seen[step:] or seen[-1:])[0]) for name, (seen, *_) in OUTAGE.items()]
            points = [point(name, "breached" if count else "ok", count) for name, count in counts]
            look_and_tell(connection, receiver, step, points)
    receiver.answer = lambda: 200
    now = [point(name, state, count) for name, (_, state, _, count) in OUTAGE.items()]
    one_run(controlled.warehouse, receiver, 60, now)
    told = {w["notice"]["accumulation_point"]: w["notice"] for w in receiver.webhooks}
    assert len(receiver.webhooks) == len(receiver.events) == len(OUTAGE)
    assert receiver.webhooks[-1]["notice"]["kind"] == "resolved"
    for name, (_, state, kind, count) in OUTAGE.items():
        assert (told[name]["kind"], told[name]["state"], told[name]["stuck_count"]) == (kind, state, count)
        assert told[name]["at"] == (START + 60 * STEP).isoformat()
    assert "in place of 2 that could not be delivered" in json.dumps(receiver.webhooks[-1])
    one_run(controlled.warehouse, receiver, 61, now)
    assert len(receiver.webhooks) == len(OUTAGE)


def test_a_channel_that_takes_one_a_run_is_told_what_is_true_each_time(
    controlled: Controlled, receiver: Receiver
) -> None:
    taken: list[int] = []

    def one_a_run() -> int:
        taken.append(1)
        return 200 if len(taken) == 1 else 429

    receiver.answer = one_a_run
    for step in range(12):
        taken.clear()
        points = [
            point(name, "breached" if step < 5 else "ok", step + 1 if step < 5 else 0) for name in "abc"
        ]
        told_before = len(receiver.webhooks) + len(receiver.events)
        one_run(controlled.warehouse, receiver, step, points)
        told = [w["notice"] for w in receiver.webhooks]
        if len(receiver.webhooks) + len(receiver.events) > told_before and told:
            assert (told[-1]["state"] == "ok") == (told[-1]["kind"] == "resolved")
    last = {w["notice"]["accumulation_point"]: w["notice"]["kind"] for w in receiver.webhooks}
    assert set(last.values()) <= {"resolved"}


def test_a_notice_waits_while_its_point_is_muted(controlled: Controlled, receiver: Receiver) -> None:
    receiver.answer = lambda: 404
    one_run(controlled.warehouse, receiver, 0, [point("a", "breached", 1)])
    receiver.answer = lambda: 200
    one_run(controlled.warehouse, receiver, 1, [point("a", "breached", 1)], muted="a")
    assert receiver.webhooks == []
    one_run(controlled.warehouse, receiver, 2, [point("a", "breached", 1)])
    assert [w["notice"]["kind"] for w in receiver.webhooks] == ["opened"]


def alert(controlled: Controlled, receiver: Receiver, *arguments: str) -> tuple[int, str]:
    outcome = controlled.run(
        "alert", *arguments, STUCK_JOBS_ALERT_BY="point", SENTRY_DSN=receiver.dsn,
        STUCK_JOBS_WEBHOOK_URL=receiver.url + "/secret", SENTRY_ENVIRONMENT="staging",
        SENTRY_RELEASE="pipeline@7",
    )  # fmt: skip
    return outcome.exit_code, outcome.output


def test_without_a_channel_it_prints_and_remembers_nothing(
    controlled: Controlled, receiver: Receiver
) -> None:
    silent = {"SENTRY_DSN": None, "STUCK_JOBS_WEBHOOK_URL": None}
    with controlled.where(OPEN + HERE):
        for _ in range(2):
            outcome = controlled.run("alert", "--by", "point", **silent)
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
    assert (event["environment"], event["release"]) == ("staging", "pipeline@7")
    assert event["tags"] == {
        "point": "job_created", "kind": "opened", "stuck_level": "database", "state": "breached",
        "severity": "error", "remedy": "republish",
    }  # fmt: skip
    assert event["contexts"]["accumulation point"]["stuck_count"] == 4
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
    outcome = controlled.run("alert", "--by", "point", SENTRY_DSN=receiver.dsn, PGDATABASE="nowhere")
    assert outcome.exit_code == 2
    assert receiver.check_ins[-1]["status"] == "error"


def test_the_ten_oldest_items_are_told_and_no_secrets(with_items: Controlled, receiver: Receiver) -> None:
    with_items.warehouse.execute(
        "truncate jobs, executions, outbox restart identity",
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        """ select 'job-' || n, '{"wallet_auth": {"signature": "0xsecret"}}', 'created',"""
        " now() at time zone 'UTC' - n * interval '1 hour', now() at time zone 'UTC'"
        " from generate_series(1, 12) as n",
    )
    try:
        with with_items.where(OPEN + HERE):
            assert alert(with_items, receiver)[0] == 0
    finally:
        with_items.warehouse.execute("truncate jobs, executions, outbox")
    (event,), (message,) = receiver.events, receiver.webhooks
    oldest = [f"job-{number}" for number in range(12, 2, -1)]
    assert [item["jobspec_id"] for item in message["notice"]["items"]] == oldest
    told = [event["contexts"][f"stuck item {number:02}"] for number in range(1, 11)]
    assert [item["jobspec_id"] for item in told] == oldest
    assert told[0] | {"age_seconds": 0} == {
        "accumulation_point": "job_created", "entity_type": "job", "entity_id": "12",
        "jobspec_id": "job-12", "status": "created", "age_seconds": 0, "cause": "never_published",
        "queue_name": None, "job_kind": None, "evidence": told[0]["evidence"],
    }  # fmt: skip
    assert "secret" not in json.dumps([event, message])


def test_a_message_is_never_too_long_for_slack() -> None:
    told = ("created", 1, "unknown", None, None, "seen")
    items = [asdict(Item("p", "job", str(number), "&" * 255, *told)) for number in range(10)]
    message = message_of(compose("opened", fault("p", "breached", 10), items, START))
    assert max(len(block["text"]["text"]) for block in message["blocks"] if "text" in block) <= 3000
    assert len(message["notice"]["items"]) == 10


@pytest.mark.parametrize("talks", [False, True])
def test_a_receiver_that_never_ends_is_given_up(talks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TIMEOUT", 60.0 if talks else 0.2)
    monkeypatch.setattr(http, "DEADLINE", 0.5 if talks else 60.0)
    over = threading.Event()

    def drip() -> None:
        connected, _ = server.accept()
        with connected:
            while talks and not over.wait(0.05):
                connected.sendall(b"x")
            over.wait()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        with pytest.raises(DeliveryError, match="does not answer"):
            Webhook(f"http://127.0.0.1:{server.getsockname()[1]}").send(
                [compose("opened", fault("p", "breached", 1), [], START)]
            )
        assert time.monotonic() - started < 30
        over.set()
        thread.join()


def test_a_mute_says_until_when_and_why(controlled: Controlled, receiver: Receiver) -> None:
    """Also where the session's zone takes the end beyond Python's years."""
    muting = ("mute", "job_created", "--until", "9999-12-31T23:00-05:00", "--reason", "load test")
    far = {"PGTZ": "Pacific/Kiritimati", "STUCK_JOBS_WEBHOOK_URL": receiver.url}
    assert controlled.run("alert", *muting, **far).exit_code == 0
    outcome = controlled.run("alert", **far)
    assert outcome.exit_code == 0
    assert "muted: job_created until 10000-01-01 18:00:00+14: load test" in outcome.output


def test_two_runs_at_once_tell_once(controlled: Controlled, receiver: Receiver) -> None:
    with controlled.where(OPEN + HERE), controlled.warehouse.connect() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext('stuck_jobs_raw alert'))")
        code, output = alert(controlled, receiver)
        assert (code, receiver.webhooks) == (0, [])
        assert "another run is under way" in output
