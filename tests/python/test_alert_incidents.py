"""A fault is told once, all that changed in one message, and nothing is over because it cannot be seen."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Warehouse
from hypothesis import given
from hypothesis import strategies as st
from killing import survives
from summaries import Controlled, control
from test_alert import Receiver, receiving, without_memory

from stuck_jobs.alert import by_incident
from stuck_jobs.alert.by_incident import look_at
from stuck_jobs.alert.changes import Rules, Told, compare
from stuck_jobs.alert.channels import Webhook
from stuck_jobs.alert.recipients import Recipients
from stuck_jobs.alert.run import deliver, note_changes
from stuck_jobs.alert.scene import Scene
from stuck_jobs.alert.slack import digest_of
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.views.incidents import Incidents
from stuck_jobs.views.rows import INCIDENT_KINDS, Incident, Point
from stuck_jobs.views.summary import read_points

START = datetime(2026, 1, 15, tzinfo=UTC)
REPLACED = ("incidents_v1", "incident_items_v1")
"""Views in whose place a test puts tables."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """A summary and incidents that a test can set, and who is told of them."""

    controlled: Controlled
    receiver: Receiver

    def run(self, *arguments: str, **variables: str | None) -> tuple[int, str]:
        chosen = {"SENTRY_DSN": None, "STUCK_JOBS_WEBHOOK_URL": self.receiver.url} | variables
        outcome = self.controlled.run("alert", *arguments, **chosen)
        return outcome.exit_code, outcome.output

    def told(self) -> list[tuple[str, str]]:
        """(kind, key) of all that arrived since this was last asked."""
        found = [(n["kind"], n["key"]) for message in self.receiver.webhooks for n in message["notices"]]
        self.receiver.webhooks.clear()
        return found

    @contextmanager
    def where(self, *statements: str) -> Iterator[None]:
        with self.controlled.where(*statements):
            try:
                yield
            finally:
                self.controlled.warehouse.execute("truncate broken, broken_items")

    def tell(self, *statements: str, **variables: str | None) -> list[tuple[str, str]]:
        """What is told where this is so, and nothing else."""
        with self.where(*statements):
            code, output = self.run(**variables)
        assert code == 0, output
        return self.told()


@pytest.fixture(scope="module")
def replaced(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Controlled]:
    found = control(new_built_warehouse)
    definitions = {
        name: found.warehouse.rows(f"select pg_get_viewdef('stuck_jobs.{name}'::regclass)")[0][0]
        for name in REPLACED
    }
    tables = dict(zip(REPLACED, ("broken", "broken_items"), strict=True))
    for view, table in tables.items():
        found.warehouse.execute(
            f"create table {table} as select * from {view} limit 0",
            f"create or replace view {view} as select * from {table}",
        )
    yield found
    for view, table in tables.items():
        found.warehouse.execute(
            f"create or replace view {view} as {definitions[view]}", f"drop table {table}"
        )


@pytest.fixture
def stage(replaced: Controlled) -> Iterator[Stage]:
    with receiving() as receiver:
        yield Stage(without_memory(replaced), receiver)


def breached(*points: str, count: int = 4, state: str = "breached", severity: str = "error") -> str:
    return (
        f"update summary set state = '{state}', stuck_count = {count}, oldest_age_seconds = 7200,"
        f" severity = '{severity}' where accumulation_point = any('{{{','.join(points)}}}')"
    )


def broken(
    name: str, *points: str, kind: str = "worker_crash", items: int = 3, title: str = "A worker fell silent"
) -> str:
    return (
        "insert into broken (incident_id, kind, started_at, last_seen_at, severity, points, items, jobs,"
        f" scope, title, evidence, first_step) values ('{name}', '{kind}', now() - interval '2 hours', now(),"
        f" 'error', '{{{','.join(points)}}}', {items}, 2, 'a scope', $t${title}$t$, 'last beat 3 min ago',"
        f" 'stuck-jobs recover --point {points[-1]}')"
    )


CRASH = broken("aaaa", "job_processing", "worker_lost")
AT_CRASH = breached("job_processing", "worker_lost")


def test_a_fault_is_told_once_when_it_opens_when_it_grows_and_when_it_is_over(stage: Stage) -> None:
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]
    assert stage.tell(AT_CRASH, CRASH) == []
    more = broken("aaaa", "execution_running", "job_processing", "worker_lost", items=5)
    reached = breached("execution_running", "job_processing", "worker_lost")
    assert stage.tell(AT_CRASH, more) == []
    assert stage.tell(reached, more) == [("worse", "aaaa")]
    assert stage.tell(reached, more) == []
    assert stage.tell(AT_CRASH, CRASH) == []
    assert stage.tell(reached, more) == []
    doubled = broken("aaaa", "job_processing", "worker_lost", items=10)
    assert stage.tell(AT_CRASH, doubled) == [("worse", "aaaa")]
    assert stage.tell() == [("resolved", "aaaa")]
    assert stage.tell() == []


def test_a_higher_severity_is_worse_and_is_that_of_what_is_over_its_limit(stage: Stage) -> None:
    mild = breached("worker_lost", severity="warn")
    with stage.where(mild, CRASH):
        assert stage.run()[0] == 0
        (notice,) = stage.receiver.webhooks[0]["notices"]
        assert (notice["severity"], notice["over_limit"]) == ("warn", ["worker_lost"])
    assert stage.told() == [("opened", "aaaa")]
    assert stage.tell(breached("worker_lost"), CRASH) == [("worse", "aaaa")]


def test_what_is_told_of_a_fault(stage: Stage) -> None:
    url = "https://ops.example.com/report.html?team=a&b"
    with stage.where(AT_CRASH, CRASH):
        assert stage.run("--report-url", url)[0] == 0
    (message,) = stage.receiver.webhooks
    (notice,) = message["notices"]
    assert notice | {"id": "", "at": "", "started_at": ""} == {
        "id": "", "kind": "opened", "at": "", "superseded": 0, "key": "aaaa", "incident_id": "aaaa",
        "incident_kind": "worker_crash", "title": "A worker fell silent", "state": "breached",
        "severity": "error", "levels": ["database", "worker"], "points": ["job_processing", "worker_lost"],
        "over_limit": ["job_processing", "worker_lost"], "stuck_count": 3, "jobs": 2, "scope": "a scope",
        "started_at": "", "evidence": "last beat 3 min ago",
        "first_step": "stuck-jobs recover --point worker_lost", "runbook": "docs/points/worker_lost.md",
        "link": f"{url}#incident-aaaa", "items": [],
    }  # fmt: skip
    (block,) = message["blocks"]
    shown = block["text"]["text"]
    for part in (
        "*opened: `A worker fell silent`*", "3 items, 2 jobs at `job_processing`, `worker_lost`", "for 2 h",
        "`last beat 3 min ago`", "first `stuck-jobs recover --point worker_lost`, then "
        "`docs/points/worker_lost.md`",
        "<https://ops.example.com/report.html?team=a&amp;b#incident-aaaa|open the report>",
    ):  # fmt: skip
        assert part in shown


@pytest.mark.parametrize("url", ["ftp://x/", "https://x/#a", "https://x/|y", "https://x/ y", "x"])
def test_a_page_that_cannot_be_linked_to_is_one_line(stage: Stage, url: str) -> None:
    code, output = stage.run("--report-url", url)
    assert (code, output.count("\n"), "--report-url" in output) == (2, 1, True)


POINTS = [
    "job_created", "job_processing", "job_queued", "job_running", "worker_lost", "queue_backlog",
    "queue_depth", "execution_running", "execution_pending", "execution_missing",
]  # fmt: skip


def test_twenty_faults_are_one_message_and_so_is_their_end(stage: Stage) -> None:
    faults = [broken(f"id{number:02}", POINTS[number % 10], title=f"fault {number}") for number in range(20)]
    with stage.where(breached(*POINTS), *faults):
        assert stage.run()[0] == 0
    (message,) = stage.receiver.webhooks
    assert {notice["key"] for notice in message["notices"]} == {f"id{number:02}" for number in range(20)}
    assert len(message["blocks"]) == 21
    assert message["blocks"][0]["text"]["text"] == "*20 opened*"
    stage.told()
    with stage.where(breached("job_created"), faults[0], broken("new", "job_created")):
        assert stage.run()[0] == 0
    (message,) = stage.receiver.webhooks
    assert message["blocks"][0]["text"]["text"] == "*1 opened, 19 resolved*"
    assert message["notices"][0]["key"] == "new"


def notices(count: int, text: str) -> list[dict[str, Any]]:
    """What is told of so many incidents that open at once."""
    found = [
        Incident(
            f"{number:012}",
            "point",
            START,
            60,
            "error",
            ["p"],
            2,
            1,
            text,
            text[:500],
            text[:500],
            text[:500],
        )
        for number in range(count)
    ]
    point = Point("p", "database", "breached", 9, 0, 60, "error", "none", None)
    item = {
        "jobspec_id": text, "entity_type": "job", "entity_id": "1", "age_seconds": 1, "cause": text,
        "queue_name": text, "job_kind": text, "evidence": text,
    }  # fmt: skip
    faults = Scene.of([point], Incidents(found, count), None).faults({})
    return [
        {
            "id": "",
            "kind": "opened",
            "at": START.isoformat(),
            "key": fault.key,
            **fault.about,
            "items": [item] * 10,
        }
        for fault in faults
    ]


@pytest.mark.parametrize("count", [1, 48, 49, 300])
@pytest.mark.parametrize("text", ["x", "&" * 900, "\x1b`<!channel>" * 90])
def test_a_message_is_never_more_than_slack_takes(count: int, text: str) -> None:
    message = digest_of(notices(count, text))
    assert len(message["blocks"]) <= 50
    shown = [message["text"], *(block["text"]["text"] for block in message["blocks"])]
    assert max(map(len, shown)) <= 3000
    assert all(part and part.count("`") % 2 == 0 and "<" not in part for part in shown)
    assert len(message["notices"]) == count
    assert (f"and {count - 48} more" in shown) == (count > 48)


def test_an_unknown_point_is_a_fault_of_its_own(stage: Stage) -> None:
    unknown = breached("queue_depth", state="unknown", count=0)
    assert stage.tell(unknown) == [("opened", "point:queue_depth")]
    assert stage.tell(unknown) == []
    assert sorted(stage.tell(unknown, AT_CRASH, CRASH)) == [("opened", "aaaa")]
    assert stage.tell(AT_CRASH, CRASH) == [("resolved", "point:queue_depth")]


def test_a_breached_point_without_an_incident_is_told_by_itself_until_it_has_one(stage: Stage) -> None:
    at = breached("job_created")
    assert stage.tell(at) == [("opened", "point:job_created")]
    assert stage.tell(at, broken("bbbb", "job_created")) == [("opened", "bbbb")]
    assert stage.tell(at, broken("bbbb", "job_created")) == []
    assert stage.tell() == [("resolved", "bbbb")]


def test_what_is_within_its_limit_is_no_alarm(stage: Stage) -> None:
    assert stage.tell(CRASH) == []
    assert stage.tell(breached("job_created"), CRASH, broken("bbbb", "job_created")) == [("opened", "bbbb")]


def test_an_incident_is_not_over_while_its_points_are_unknown(stage: Stage) -> None:
    unknown = breached("job_processing", "worker_lost", state="unknown", count=0)
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]
    both = [("opened", "point:job_processing"), ("opened", "point:worker_lost")]
    assert sorted(stage.tell(unknown)) == both
    assert stage.tell(unknown, CRASH) == []
    with stage.where(AT_CRASH, CRASH):
        assert stage.run()[0] == 0
        known = {n["key"]: n["note"] for n in stage.receiver.webhooks[0]["notices"]}
        assert known == dict.fromkeys(
            (key for _, key in both), "it is known again, and over its limit: see its incident"
        )
    stage.told()
    assert stage.tell() == [("resolved", "aaaa")]


def test_where_items_are_in_other_incidents_by_now_it_says_so(stage: Stage) -> None:
    assert stage.tell(breached("job_processing"), broken("bbbb", "job_processing")) == [("opened", "bbbb")]
    with stage.where(AT_CRASH, CRASH):
        assert stage.run()[0] == 0
    opened, resolved = stage.receiver.webhooks[0]["notices"]
    assert (opened["key"], resolved["key"]) == ("aaaa", "bbbb")
    assert resolved["note"] == "what is over its limit there is for other faults"
    assert "for other faults" in json.dumps(stage.receiver.webhooks[0]["blocks"])


@contextmanager
def slow(stage: Stage) -> Iterator[None]:
    """Incidents that take longer than anybody waits."""
    asleep = "create or replace view incidents_v1 as select broken.* from broken, pg_sleep(60)"
    stage.controlled.warehouse.execute(asleep)
    try:
        yield
    finally:
        stage.controlled.warehouse.execute("create or replace view incidents_v1 as select * from broken")


def test_without_the_incidents_what_is_new_is_told_by_point_and_nothing_is_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]
    more = (breached("job_created"), broken("bbbb", "job_created"))
    monkeypatch.setattr(by_incident, "SECONDS", 0.3)
    with slow(stage):
        with stage.where(AT_CRASH, CRASH, *more):
            code, output = stage.run()
            assert code == 0
            assert "the incidents cannot be read, so what is new is told by point" in output
            assert "opened: job_created (database): 4 stuck" in stage.run(STUCK_JOBS_WEBHOOK_URL=None)[1]
        assert stage.told() == [("opened", "point:job_created")]
        assert stage.tell(AT_CRASH, CRASH, *more) == []
    monkeypatch.setattr(by_incident, "SECONDS", 10.0)
    assert stage.tell(AT_CRASH, CRASH, *more) == [("opened", "bbbb")]
    monkeypatch.setattr(by_incident, "SECONDS", 0.3)
    with slow(stage):
        assert stage.tell(AT_CRASH, *more) == []
        assert stage.tell(*more) == [("resolved", "aaaa")]
        assert stage.tell() == [("resolved", "bbbb")]


def test_so_it_is_where_they_may_not_be_read(stage: Stage) -> None:
    execute = stage.controlled.warehouse.execute
    execute("alter view incidents_v1 rename to hidden")
    try:
        with stage.where(AT_CRASH, CRASH):
            code, output = stage.run()
    finally:
        execute("alter view hidden rename to incidents_v1")
    assert (code, "the incidents cannot be read" in output) == (0, True)
    assert sorted(stage.told()) == [("opened", "point:job_processing"), ("opened", "point:worker_lost")]


def test_a_fault_that_comes_and_goes_is_flapping_once(stage: Stage) -> None:
    told = []
    for number in range(8):
        told += stage.tell(*((AT_CRASH, CRASH) if number % 2 == 0 else ()))
    assert [kind for kind, _ in told] == ["opened", "resolved", "opened", "flapping"]


def test_it_is_reminded_of(stage: Stage) -> None:
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]
    stage.controlled.warehouse.execute(
        "update stuck_jobs_raw.alert_state set told_at = told_at - interval '5 hours'"
    )
    assert stage.tell(AT_CRASH, CRASH) == [("reminder", "aaaa")]
    assert stage.tell(AT_CRASH, CRASH) == []


def test_an_incident_is_muted_by_its_id_or_by_all_of_its_points(stage: Stage) -> None:
    until = ("--until", "2999-01-01", "--reason", "known")
    with stage.where(AT_CRASH, CRASH):
        for names in (["aaaa"], ["job_processing", "worker_lost"]):
            for name in names:
                assert stage.run("mute", name, *until)[0] == 0
            code, output = stage.run()
            assert (code, stage.told()) == (0, [])
            assert f"muted: {names[0]} until" in output
            for name in names:
                assert stage.run("unmute", name)[0] == 0
        assert stage.run("mute", "worker_lost", *until)[0] == 0
        assert stage.run()[0] == 0
        assert stage.told() == [("opened", "aaaa")]
        code, output = stage.run("mute", "cccc", *until)
        assert (code, output.count("\n")) == (2, 1)
        assert "there is no enabled point cccc, nor an incident with that id" in output
    assert stage.run("unmute", "worker_lost")[0] == 0
    unknown = breached("queue_depth", state="unknown", count=0)
    assert stage.run("mute", "queue_depth", *until)[0] == 0
    assert stage.tell(unknown) == [("resolved", "aaaa")]


def test_sentry_has_an_issue_for_each_incident(stage: Stage) -> None:
    stage.tell(
        AT_CRASH, CRASH, breached("queue_depth", state="unknown", count=0), SENTRY_DSN=stage.receiver.dsn
    )
    crash, depth = sorted(stage.receiver.events, key=lambda event: str(event["fingerprint"]))
    assert crash["fingerprint"] == ["stuck-jobs", "aaaa"]
    assert crash["logentry"]["message"] == "opened: A worker fell silent"
    assert crash["tags"] == {
        "incident": "aaaa", "incident_kind": "worker_crash", "kind": "opened", "state": "breached",
        "severity": "error", "stuck_level": "database",
    }  # fmt: skip
    assert crash["contexts"]["incident"]["points"] == "job_processing, worker_lost"
    assert depth["fingerprint"] == ["stuck-jobs", "point:queue_depth"]
    stage.tell(SENTRY_DSN=stage.receiver.dsn)
    assert {event["level"] for event in stage.receiver.events[2:]} == {"info"}


def test_after_an_outage_the_state_is_told_as_it_is_then_in_one_message(stage: Stage) -> None:
    stage.receiver.answer = lambda: 503
    lasting = (AT_CRASH, CRASH)
    for items in (3, 8):
        with stage.where(AT_CRASH, broken("aaaa", "job_processing", "worker_lost", items=items),
                         breached("job_created"), broken("bbbb", "job_created")):  # fmt: skip
            code, output = stage.run()
            assert (code, "503" in output) == (2, True)
    stage.receiver.answer = lambda: 200
    with stage.where(*lasting):
        assert stage.run()[0] == 0
    (message,) = stage.receiver.webhooks
    told = {n["key"]: (n["kind"], n["stuck_count"], n["superseded"]) for n in message["notices"]}
    assert told["aaaa"] == ("opened", 3, 1)
    assert told["bbbb"][0] == "resolved"


def test_a_message_that_is_refused_for_one_of_them_is_sent_in_parts(stage: Stage) -> None:
    real = stage.receiver.take

    def take(path: str, body: bytes) -> int:
        return 400 if b"poison" in body else real(path, body)

    stage.receiver.take = take  # type: ignore[method-assign]
    faults = [broken(f"id{number}", "job_created", title=f"fault {number}") for number in range(7)]
    with stage.where(breached("job_created"), *faults, broken("bad", "job_created", title="poison")):
        code, output = stage.run()
    assert (code, "1 deliveries failed" in output) == (2, True)
    assert sorted(key for _, key in stage.told()) == [f"id{number}" for number in range(7)]


def test_who_goes_from_points_to_incidents_is_told_what_lasts_and_what_is_over(stage: Stage) -> None:
    with stage.where(AT_CRASH, CRASH, breached("queue_depth")):
        assert stage.run("--by", "point")[0] == 0
    assert len(stage.receiver.webhooks) == 3
    stage.receiver.webhooks.clear()
    assert sorted(stage.tell(AT_CRASH, CRASH)) == [("opened", "aaaa"), ("resolved", "queue_depth")]
    assert stage.tell(AT_CRASH, CRASH) == []
    with stage.where(AT_CRASH, CRASH):
        assert stage.run("--by", "point")[0] == 0
        told = [message["notice"]["accumulation_point"] for message in stage.receiver.webhooks]
        assert sorted(told) == ["job_processing", "worker_lost"]
        stage.receiver.webhooks.clear()
        assert stage.run("--by", "point")[0] == 0
        assert stage.receiver.webhooks == []


def test_who_goes_back_when_it_is_over_is_told_that(stage: Stage) -> None:
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]
    assert stage.run("--by", "point")[0] == 0
    assert stage.told() == [("resolved", "aaaa")]
    assert stage.run("--by", "point")[0] == 0
    assert stage.receiver.webhooks == []


def test_tables_of_an_older_version_are_filled_and_remember(stage: Stage) -> None:
    with stage.where(AT_CRASH, CRASH):
        assert stage.run("--by", "point")[0] == 0
        stage.receiver.webhooks.clear()
        stage.controlled.warehouse.execute(
            "alter table stuck_jobs_raw.alert_state drop column reached, drop column about"
        )
        assert stage.run("--by", "point")[0] == 0
        assert stage.receiver.webhooks == []
    assert stage.tell(AT_CRASH, CRASH) == [("opened", "aaaa")]


ROUTES = """
- {owner: infra, level: worker, webhook_env: INFRA_WEBHOOK, sentry_dsn_env: INFRA_DSN}
- {owner: mail, queue: [mail, letters], webhook_env: MAIL_WEBHOOK}
- {owner: mail, kind: send, webhook_env: MAIL_WEBHOOK}
- {owner: calls, incident: provider_failing, point: provider_timeout, webhook_env: CALLS_WEBHOOK}
"""


def member(incident: str, point: str, queue: str, kind: str) -> str:
    return (
        "insert into broken_items (incident_id, accumulation_point, entity_type, entity_id, jobspec_id,"
        f" cause, queue_name, job_kind) values ('{incident}', '{point}', 'job', '{incident}',"
        f" 'job-{incident}', 'lost', '{queue}', '{kind}')"
    )


def test_each_owner_is_told_its_own_and_all_others_the_rest(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "routes.yml").write_text(ROUTES)
    with receiving() as infra, receiving() as mail, receiving() as calls:
        variables = {
            "STUCK_JOBS_ROUTES": str(tmp_path / "routes.yml"), "INFRA_WEBHOOK": infra.url,
            "INFRA_DSN": infra.dsn, "MAIL_WEBHOOK": mail.url, "CALLS_WEBHOOK": calls.url,
        }  # fmt: skip
        at = breached("job_processing", "worker_lost", "job_created", "job_queued", "provider_timeout")
        items = [
            member("bbbb", "job_created", "letters", "print"),
            member("cccc", "job_queued", "x", "send"),
            member("dddd", "job_created", "x", "print"),
        ]
        faults = [
            CRASH, *(broken(name, "job_created") for name in ("bbbb", "dddd")), broken("cccc", "job_queued"),
            broken("eeee", "provider_timeout", kind="provider_failing"), broken("ffff", "provider_timeout"),
        ]  # fmt: skip
        owners = {"infra": infra, "mail": mail, "calls": calls, "rest": stage.receiver}
        with stage.where(at, *faults, *items):
            assert stage.run(**variables)[0] == 0
            assert stage.run(**variables)[0] == 0
        keys = {
            name: [sorted(n["key"] for n in w["notices"]) for w in r.webhooks] for name, r in owners.items()
        }
        assert keys == {
            "infra": [["aaaa"]], "mail": [["bbbb", "cccc"]], "calls": [["eeee"]], "rest": [["dddd", "ffff"]],
        }  # fmt: skip
        assert mail.webhooks[0]["notices"][0]["owner"] == "mail"
        assert mail.webhooks[0]["notices"][0]["items"][0]["jobspec_id"] == "job-bbbb"
        assert [event["fingerprint"][1] for event in infra.events] == ["aaaa"]
        for one in owners.values():
            one.webhooks.clear()
        assert stage.run(**variables)[0] == 0  # without the items nobody could say whose it was
        ended = {
            name: [(n["kind"], n["key"]) for n in r.webhooks[0]["notices"]] for name, r in owners.items()
        }
        assert ended["infra"] == [("resolved", "aaaa")]
        assert sorted(ended["mail"]) == [("resolved", "bbbb"), ("resolved", "cccc")]
        assert {kind for told in ended.values() for kind, _ in told} == {"resolved"}


ENDING = "- {owner: all, webhook_env: W}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("owner: a", "this is no list of rules"), ("", "this is no list of rules"),
        ("- {owner: a, level: [", "line 1: "), ("- a", "rule 1: this is no mapping"),
        (f"{ENDING}\n- {{owner: a, level: worker}}", "rule 2: an owner is needed, and webhook_env"),
        ("- {level: worker, webhook_env: W}", "rule 1: an owner is needed"),
        ("- {owner: a, webhook_env: W, level: quue}", "rule 1: there is no level quue; there are database,"),
        ("- {owner: a, webhook_env: W, incident: crash}", "rule 1: there is no incident crash; there are"),
        ("- {owner: a, webhook_env: W, queues: x}", "rule 1: there is no queues; there are owner, level,"),
        ("- {owner: a, webhook_env: W, queue: 5}", "rule 1: queue must be a word, or a list of words"),
        ("- {owner: [a, b], webhook_env: W}", "rule 1: owner must be a word"),
        ("- {owner: a, webhook_env: UNSET_HOOK}", "UNSET_HOOK of a is not set"),
        (f"{ENDING}\n- {{owner: all, webhook_env: V}}", "the rules of all name different channels"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_line_that_says_where(stage: Stage, tmp_path: Path, text: str, where: str) -> None:
    file = tmp_path / "routes.yml"
    file.write_text(text)
    code, output = stage.run("--routes", str(file), W="http://127.0.0.1:1/secret", V="http://127.0.0.1:1/")
    assert (code, output.count("\n")) == (2, 1), output
    assert str(file) in output
    assert where in output
    assert "secret" not in output


def test_nobody_is_left_out_by_the_routes(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "routes.yml"
    file.write_text("- {owner: a, level: worker, webhook_env: W}")
    code, output = stage.run("--routes", str(file), W=stage.receiver.url, STUCK_JOBS_WEBHOOK_URL=None)
    assert (code, "nobody is told of what no rule" in output) == (2, True)
    file.write_text(f"- {{owner: a, level: worker, webhook_env: W}}\n{ENDING}")
    with stage.where(breached("job_created"), broken("bbbb", "job_created")):
        code, output = stage.run("--routes", str(file), W=stage.receiver.url, STUCK_JOBS_WEBHOOK_URL=None)
    assert (code, stage.told()) == (0, [("opened", "bbbb")])
    assert stage.run("--routes", str(file), "--by", "point", W=stage.receiver.url)[0] == 2
    assert stage.run("--routes", str(tmp_path / "none.yml"))[0] == 2


def test_without_a_channel_it_prints_and_remembers_nothing(stage: Stage) -> None:
    with stage.where(AT_CRASH, CRASH, broken("bbbb", "job_created")):
        code, output = stage.run(STUCK_JOBS_WEBHOOK_URL=None)
    assert code == 0
    assert output.splitlines()[0] == "opened: A worker fell silent"
    assert "nobody was told" in output


def test_the_kinds_are_those_of_the_rules() -> None:
    macro = (ROOT / "macros" / "incidents" / "fault_strength.sql").read_text()
    assert tuple(re.findall(r"'(\w+)'", macro)) == INCIDENT_KINDS


# Whatever happens


NAMES = ("a", "b", "c", "d")


def scenes(seed: int) -> list[tuple[timedelta, Scene, bool]]:
    """Hundreds of looks: how long after the one before, how it is, and whether incidents could be read."""
    chance = random.Random(seed)
    states = dict.fromkeys(NAMES, "ok")
    found = []
    for _ in range(60):
        if chance.random() < 0.4:
            states[chance.choice(NAMES)] = chance.choice(["ok", "breached", "breached", "unknown"])
        points = [Point(n, "database", s, 2, 0, 60, "error", "none", None) for n, s in states.items()]
        reached = [chance.sample(NAMES, chance.randint(1, 3)) for _ in range(chance.randint(0, 3))]
        incidents = [
            Incident(f"i{number}", "point", None, None, "error", names, 2, 1, "", "t", None, "x")
            for number, names in enumerate(reached)
        ]
        can_read = chance.random() < 0.7
        more = chance.choice([0, 0, 0, 5])
        read = Incidents(incidents, len(incidents) + more) if can_read else None
        found.append((timedelta(minutes=chance.choice([1, 30, 90])), Scene.of(points, read, None), can_read))
    return found


@given(st.integers().map(scenes))
def test_no_point_is_ever_silent_and_nothing_is_over_that_cannot_be_seen(
    looks: list[tuple[timedelta, Scene, bool]],
) -> None:
    rules, told, now = Rules(flap_changes=1000), dict[str, Told](), START
    for pause, scene, can_read in looks:
        now += pause
        look = look_at(scene, told, (), now, rules)
        for key in (*look.calm, *look.taken_over):
            assert told[key].is_over or key.startswith("point:")
            del told[key]
        for key, fault in look.faults.items():
            before = told.get(key, Told())
            told[key], kind = compare(fault, before, now, rules, muted=False)
            if kind == "resolved" and not key.startswith("point:"):
                assert scene.unknown.isdisjoint(before.reached)
                assert can_read or scene.breached.isdisjoint(before.reached)
        for name in scene.breached | scene.unknown:
            alone = told.get(f"point:{name}", Told())
            speakers = [one for one in told.values() if one.told_state == "breached" and name in one.reached]
            assert alone.told_state != "ok" or (speakers and name in scene.breached)


SCRIPT: list[tuple[list[str], list[str]]] = [
    ([AT_CRASH, CRASH], ["opened aaaa"]),
    ([AT_CRASH, CRASH, breached("queue_depth", state="unknown", count=0)], ["opened point:queue_depth"]),
    ([AT_CRASH, broken("aaaa", "worker_lost", items=9), broken("bbbb", "job_processing")],
     ["worse aaaa", "opened bbbb", "resolved point:queue_depth"]),
    ([], ["resolved aaaa", "resolved bbbb"]),
]  # fmt: skip
"""How it is, step by step, and what is to be told then."""


def test_all_of_it_is_told_whenever_a_run_is_killed(stage: Stage) -> None:
    chance, killed, expected = random.Random(21), 0, []
    warehouse, way, rules = stage.controlled.warehouse, by_incident.ByIncident("stuck_jobs"), Rules()

    def run(now: datetime) -> None:
        channels = [Webhook(stage.receiver.url)]
        with warehouse.connect(autocommit=True) as connection:
            store = AlertStore(connection, "stuck_jobs_raw", ROOT)
            store.prepare()
            look = way.look(store, read_points(connection, "stuck_jobs"), now, rules)
            note_changes(store, way, look, Recipients(channels), rules)
            deliver(store, way, channels, look)

    def dies_at() -> int | None:
        return chance.choice([None, chance.randint(1, 700)])

    for number in range(3):
        for step, (statements, told) in enumerate(SCRIPT):
            at = START + timedelta(hours=10 * number + 2 * step)
            with stage.where(*statements):
                while not survives(partial(run, at), "stuck_jobs/alert", dies_at()):
                    killed += 1
            expected += sorted(told)
    found = [notice for message in stage.receiver.webhooks for notice in message["notices"]]
    unique = {n["id"]: n for n in found}.values()
    assert killed > 5
    assert len(found) - len(unique) <= 3 * killed
    told_at = sorted((n["at"], f"{n['kind']} {n['key']}") for n in unique)
    assert [words for _, words in told_at] == expected
