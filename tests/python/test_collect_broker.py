"""One look at a broker of kombu's, and what is remembered from look to look, on real servers."""

from __future__ import annotations

import base64
import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from conftest import ROOT, Warehouse

from stuck_jobs import embedded
from stuck_jobs.collect import kombu
from stuck_jobs.collect.kombu import HELD, HELD_SINCE, SEPARATOR, Broker, look_for_asking, read_broker
from stuck_jobs.collect.messages import Message
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.collect.snapshot import Entry, Held, Holdings, Listing, Server, Snapshot
from stuck_jobs.collect.store import Store
from stuck_jobs.collect.trust import Memory
from stuck_jobs.collect.watched import watched_broker
from stuck_jobs.errors import StuckJobsError

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
BROKER = Broker(queues=("work",), not_queues=(".pidbox",), waiting_task="asks")
SECRET = "hunter2-in-the-body"


@pytest.fixture(scope="module")
def broker() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as running:
        yield running


@pytest.fixture
def client(broker: embedded.Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(broker.url) as connection:
        connection.flushall()
        yield connection
        connection.acl_deluser("narrow")


def message(name: str, body: object = SECRET, **headers: object) -> dict[str, Any]:
    encoded = base64.b64encode(json.dumps(body).encode()).decode()
    said = {"id": name, "task": "ok", "eta": None, "retries": 0, "argsrepr": SECRET} | headers
    return {"body": encoded, "headers": said, "properties": {"priority": 0}}


def look(
    broker: embedded.Redis, known: Sequence[str] = (), limit: int = 10_000, url: str | None = None
) -> Snapshot:
    return read_broker(parse_redis_url(url or broker.url), BROKER, known, limit, 5, NOW)


def names(listing: Listing) -> list[str | None]:
    return [entry.message.jobspec_id for entry in listing.entries]


def holdings(snapshot: Snapshot) -> Holdings:
    assert snapshot.holdings is not None
    return snapshot.holdings


def bind(client: redis.Redis, exchange: str, queue: str, routing_key: str = "") -> None:
    client.sadd(f"_kombu.binding.{exchange}", SEPARATOR.join([routing_key or queue, "", queue]))


def test_all_priorities_in_their_order_the_oldest_first(broker: embedded.Redis, client: redis.Redis) -> None:
    for place in ("", f"{SEPARATOR}1", f"{SEPARATOR}3", f"{SEPARATOR}9"):
        for age in ("old", "new"):
            client.lpush(f"work{place}", json.dumps(message(f"{age}{place[-1:]}")))
    main, later = look(broker).listings
    assert names(main) == ["old", "new", "old1", "new1", "old3", "new3", "old9", "new9"]
    assert (main.queue, main.depth, main.complete, later.depth) == ("work", 8, True, 0)


def test_what_is_not_due_is_apart(broker: embedded.Redis, client: redis.Redis) -> None:
    for name, eta in (
        ("due", "2026-01-15T17:30:00+05:30"),
        ("later", "2026-01-15T12:00:00.001+00:00"),
        ("zoneless", "2026-01-15T12:00:01"),
        ("no_date", "soon"),
    ):
        client.lpush("work", json.dumps(message(name, eta=eta, retries=2)))
    main, later = look(broker).listings
    assert names(main) == ["due", "no_date"]
    assert names(later) == ["later", "zoneless"]
    assert (main.depth, later.depth, main.complete, later.complete) == (2, 2, True, True)
    assert later.entries[0].message.attempts == 2


def test_what_workers_hold(broker: embedded.Redis, client: redis.Redis) -> None:
    bind(client, "orders", "work", "order.new")
    client.hset(HELD, "tag", json.dumps([message("held", task="late"), "orders", "order.new"]))
    client.hset(HELD, "again", json.dumps([message("held", task="late"), "orders", "order.new"]))
    client.hset(HELD, "undated", json.dumps([message("other", eta="2026-01-15T13:00:00+00:00"), "", "gone"]))
    client.zadd(HELD_SINCE, {"tag": NOW.timestamp() - 60, "again": NOW.timestamp() - 30})
    held = {one.message.jobspec_id: one for one in holdings(look(broker)).held}
    assert held["held"].delivered_at == NOW - timedelta(seconds=30)
    assert (held["held"].queue, held["held"].message.job_kind) == ("work", "late")
    assert (held["other"].queue, held["other"].delivered_at) == ("gone", None)
    assert held["other"].due_at == NOW + timedelta(hours=1)


def test_queues_are_found_by_what_is_bound(broker: embedded.Redis, client: redis.Redis) -> None:
    bind(client, "mail", "mail")
    bind(client, "app.pidbox", "w1@here.app.pidbox")
    snapshot = look(broker, ["was_there"])
    assert [listing.queue for listing in snapshot.listings[::2]] == ["work", "was_there", "mail"]
    assert holdings(snapshot).traces == 2


def test_a_prefix_and_a_separator_of_the_application(broker: embedded.Redis, client: redis.Redis) -> None:
    bind(client, "mail", "others_mail")
    client.lpush("work", json.dumps(message("others")))
    client.sadd("shop:_kombu.binding.mail", "mail::mail")
    client.lpush("shop:mail:3", json.dumps(message("urgent")))
    client.lpush("shop:work", json.dumps(message("waits")))
    client.hset(f"shop:{HELD}", "tag", json.dumps([message("held"), "mail", "mail"]))
    of_shop = replace(BROKER, prefix="shop:", separator=":")
    snapshot = read_broker(parse_redis_url(broker.url), of_shop, [], 10, 5, NOW)
    assert {listing.queue: names(listing) for listing in snapshot.listings[::2]} == {
        "work": ["waits"], "mail": ["urgent"],
    }  # fmt: skip
    assert [one.message.jobspec_id for one in holdings(snapshot).held] == ["held"]


@pytest.mark.parametrize(
    ("key", "member", "reason"),
    [
        ("shop:_kombu.binding.work", SEPARATOR.join(["work", "", "work"]), 'the prefix "shop:"'),
        ("_kombu.binding.work", "work::work", "separated in another way"),
        ("_kombu.binding.work", "a\x06\x16b\x06\x16\x06\x16work", "separated in another way"),
    ],
)
def test_keys_that_are_made_in_another_way_are_not_read_as_none(
    broker: embedded.Redis, client: redis.Redis, key: str, member: str, reason: str
) -> None:
    client.sadd(key, member)
    snapshot = look(broker)
    (error,) = snapshot.errors
    assert reason in error
    assert "vars: broker_transport_options" in error
    assert not snapshot.complete


@pytest.mark.parametrize("options", ["{sep: 7}", "{visibility_timeout: '7'}", "[sep]"])
def test_what_the_application_sets_is_read(tmp_path: Path, options: str) -> None:
    project = tmp_path / "dbt_project.yml"
    said = "vars: {job_system: celery, broker_transport_options: %s}"
    project.write_text(said % options)
    with pytest.raises(StuckJobsError, match="global_keyprefix, sep, "):
        watched_broker(None, "no_views", tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    options = "{global_keyprefix: 'shop:', sep: ':', unacked_key: taken, unacked_index_key: since}"
    (other / "dbt_project.yml").write_text(said % options)
    found = watched_broker(None, "no_views", other)
    assert found is not None
    assert (found.separator, found.held_keys) == (":", ["shop:taken", "shop:since"])


def test_prefixes_of_several_are_told_apart_by_who_says_which_is_ours(
    broker: embedded.Redis, client: redis.Redis
) -> None:
    bind(client, "celery", "left_over")
    client.sadd("shop:_kombu.binding.celery", SEPARATOR.join(["celery", "", "celery"]))
    (error,) = look(broker).errors
    assert 'some of its keys have the prefix "shop:"' in error
    assert "vars: broker_transport_options" in error
    for prefix, queue in (("", "left_over"), ("shop:", "celery")):
        snapshot = read_broker(parse_redis_url(broker.url), replace(BROKER, prefix=prefix), [], 10, 5, NOW)
        assert (snapshot.errors, snapshot.complete) == ([], True)
        assert {listing.queue for listing in snapshot.listings} == {"work", queue}


DELIVERY = json.dumps([message("held"), "work", "work"])


def test_what_workers_hold_under_another_name_is_not_taken_for_nothing(
    broker: embedded.Redis, client: redis.Redis
) -> None:
    bind(client, "work", "work")
    client.hset("taken", "tag", DELIVERY)
    client.zadd("taken_since", {"tag": NOW.timestamp()})
    (error,) = look(broker).errors
    assert 'what workers hold is in "taken"' in error
    assert "unacked_key" in error
    stated = replace(BROKER, held="taken", held_since="taken_since")
    (held,) = holdings(read_broker(parse_redis_url(broker.url), stated, [], 10, 5, NOW)).held
    assert (held.message.jobspec_id, held.delivered_at) == ("held", NOW)


def test_hashes_of_others_hold_nothing(broker: embedded.Redis, client: redis.Redis) -> None:
    bind(client, "work", "work")
    client.hset("session", mapping={"text": "no JSON", "list": "[1, 2, 3]", "named": '{"headers": 1}'})
    client.sadd("shop:_kombu.binding.work", SEPARATOR.join(["work", "", "work"]))
    client.hset("shop:taken", "tag", DELIVERY)
    snapshot = read_broker(parse_redis_url(broker.url), replace(BROKER, prefix=""), [], 10, 5, NOW)
    assert (snapshot.errors, snapshot.complete) == ([], True)


def test_hashes_that_cannot_all_be_read_may_hold_anything(
    broker: embedded.Redis, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(client, "work", "work")
    for name in ("a", "b"):
        client.hset(name, "field", "value")
    monkeypatch.setattr(kombu, "MAX_HASHES", 2)
    assert look(broker).complete
    monkeypatch.setattr(kombu, "MAX_HASHES", 1)
    assert not look(broker).complete
    stated = replace(BROKER, held=HELD)
    assert read_broker(parse_redis_url(broker.url), stated, [], 10, 5, NOW).complete


def test_a_hash_that_may_not_be_read_may_hold_anything(broker: embedded.Redis, client: redis.Redis) -> None:
    client.hset("taken", "tag", DELIVERY)
    snapshot = look_as_collector(broker, client)
    assert (snapshot.errors, snapshot.complete) == ([], False)


def test_bodies_stay_in_redis_however_large(broker: embedded.Redis, client: redis.Redis) -> None:
    client.lpush("work", json.dumps(message("large", body=SECRET * 100_000)))
    client.lpush("work", json.dumps(message("compact"), separators=(",", ":")))
    snapshot = look(broker)
    assert names(snapshot.listings[0]) == ["large", "compact"]
    assert snapshot.listings[0].entries[0].size > 1_000_000
    assert SECRET not in repr(snapshot)


def test_whom_a_task_waits_for(broker: embedded.Redis, client: redis.Redis) -> None:
    group = [["g", [["p", None], None]], [[["d", None], None], [["e", None], None]]]
    results = [[["a", None], None], [["b", ["p", None]], None], ["c"], group]
    body = [["group", {"args": [SECRET]}], {"result": results, "interval": 1}, {"chord": None}]
    client.lpush("work", json.dumps(message("waits", body=body, task="asks")))
    client.lpush("work", json.dumps(message("other", body=body)))
    client.lpush("work", json.dumps(message("no_list", body=SECRET, task="asks")))
    entries = look(broker).listings[0].entries
    assert [entry.message.members for entry in entries] == [
        [["a"], ["b", "p"], ["c"], ["d", "g", "p"], ["e", "g", "p"]], None, None,
    ]  # fmt: skip
    assert SECRET not in repr(entries)


@pytest.mark.parametrize("place", ["waiting", "held"])
def test_a_task_that_asks_at_the_moment_is_there(
    broker: embedded.Redis, client: redis.Redis, place: str
) -> None:
    body = [[], {"result": [[["a", None], None]]}, {}]
    sent = message("asks", body, task="asks", eta="2026-01-15T12:00:01+00:00")
    client.lpush("work", json.dumps(message("other")))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        """What happens in the meantime: it has asked, will do so again, and something else was taken."""
        pauses.append(seconds)
        client.delete("work")
        if place == "waiting":
            client.lpush("work", json.dumps(sent), json.dumps(sent))
        else:
            client.hset(HELD, "tag", json.dumps([sent, "", "work"]))

    found = look_for_asking(lambda: look(broker), ["asks", "other"], pause)
    (asks,) = holdings(found).held
    assert (asks.message.jobspec_id, asks.message.members) == ("asks", [["a"]])
    assert (asks.queue, asks.due_at) == ("work", NOW + timedelta(seconds=1))
    assert names(found.listings[0]) == ["other"], "all else is as it was at first"
    assert len(pauses) == 1


def test_a_task_that_asks_no_more_is_gone(broker: embedded.Redis, client: redis.Redis) -> None:
    client.lpush("work", json.dumps(message("other")))
    assert holdings(look_for_asking(lambda: look(broker), ["asked"], lambda _: None)).held == []


def test_a_second_look_is_taken_only_for_what_is_absent(broker: embedded.Redis, client: redis.Redis) -> None:
    client.lpush("work", json.dumps(message("asks", task="asks")))
    assert names(look_for_asking(lambda: look(broker), ["asks"], pytest.fail).listings[0]) == ["asks"]
    refused = look(broker).distrusted("refused")
    assert look_for_asking(lambda: refused, ["absent"], pytest.fail) is refused


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[]",
        "7",
        json.dumps({"body": "", "headers": {}}),
        json.dumps({"headers": {"id": "a" * 70_000}}),
    ],
)
def test_what_cannot_be_read_may_be_any_message(
    broker: embedded.Redis, client: redis.Redis, content: str
) -> None:
    client.lpush("work", content)
    main, _ = look(broker).listings
    assert (main.depth, main.complete, main.error) == (1, False, None)


def test_what_cannot_be_read_may_be_held(broker: embedded.Redis, client: redis.Redis) -> None:
    client.hset(HELD, "tag", "no JSON")
    assert not look(broker).complete


def test_a_look_that_is_cut_says_so(broker: embedded.Redis, client: redis.Redis) -> None:
    for number in range(3):
        client.lpush("work", json.dumps(message(str(number))))
    main, _ = look(broker, limit=2).listings
    assert (names(main), main.depth, main.complete) == (["0", "1"], 3, False)


def test_a_look_that_takes_too_long_says_so(
    broker: embedded.Redis, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kombu, "MAX_MICROSECONDS", -1)
    monkeypatch.setattr(kombu, "SURE_MESSAGES", 60)
    client.lpush("work", *(json.dumps(message(str(number))) for number in range(200)))
    main, _ = look(broker).listings
    assert (len(main.entries), main.depth, main.complete) == (100, 200, False)


def test_among_many_keys_queues_are_not_looked_for(
    broker: embedded.Redis, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kombu, "MAX_KEYS", 1)
    bind(client, "work", "work")
    bind(client, "mail", "mail")
    snapshot = look(broker)
    assert {listing.queue for listing in snapshot.listings} == {"work"}
    assert not snapshot.complete


@pytest.mark.usefixtures("client")
def test_who_listens(broker: embedded.Redis) -> None:
    assert holdings(look(broker)).listeners == 0
    with (
        redis.Redis.from_url(broker.url) as worker,
        redis.Redis.from_url(f"{broker.url}?db=3") as of_another_broker,
        worker.pubsub() as told,
        of_another_broker.pubsub() as told_elsewhere,
    ):
        told.psubscribe("/0.*")
        told_elsewhere.psubscribe("/3.*")
        told.get_message(timeout=5)
        told_elsewhere.get_message(timeout=5)
        assert holdings(look(broker)).listeners == 1
    with redis.Redis.from_url(broker.url, single_connection_client=True) as worker:
        waiting = threading.Thread(target=worker.brpop, args=(["work"], 1))
        waiting.start()
        waiting.join()
        assert holdings(look(broker)).listeners == 1, "it waits no more, and is still there"


def test_who_may_not_ask_does_not_know(broker: embedded.Redis, client: redis.Redis) -> None:
    client.acl_setuser(
        "narrow", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-client"], reset=True
    )
    snapshot = look(broker, url=broker.url.replace("unix://", "unix://narrow:x@"))
    assert snapshot.errors == []
    assert holdings(snapshot).listeners is None


PAGE = (ROOT / "docs" / "systems" / "celery.md").read_text().replace("\\\n", " ")
(RIGHTS,) = [shlex.split(line) for line in re.findall(r"redis-cli (ACL SETUSER .+)", PAGE)]
COMMANDS = [word for word in RIGHTS if word.startswith("+") and word != "+client|list"]


def look_as_collector(broker: embedded.Redis, client: redis.Redis, *without: str) -> Snapshot:
    """With the rights that the page states, less some; what the page watches is there."""
    bind(client, "celery", "celery")
    client.lpush("celery", json.dumps(message("waits")))
    client.hset(HELD, "tag", json.dumps([message("held"), "celery", "celery"]))
    client.execute_command(*RIGHTS)
    client.execute_command("ACL", "SETUSER", RIGHTS[2], *(right.replace("+", "-", 1) for right in without))
    address = parse_redis_url(broker.url.replace("unix://", f"unix://{RIGHTS[2]}:choose-one@"))
    snapshot = read_broker(address, replace(BROKER, queues=("celery",)), [], 10, 5, NOW)
    client.acl_deluser(RIGHTS[2])
    return snapshot


def test_the_rights_on_the_page_suffice(broker: embedded.Redis, client: redis.Redis) -> None:
    snapshot = look_as_collector(broker, client)
    assert (snapshot.errors, snapshot.complete) == ([], True)
    assert snapshot.jobs_with_a_message == {"waits", "held"}
    assert holdings(snapshot).listeners == 0


@pytest.mark.parametrize("right", COMMANDS)
def test_a_right_that_is_missing_is_named(broker: embedded.Redis, client: redis.Redis, right: str) -> None:
    (error,) = look_as_collector(broker, client, right).errors
    assert right.removeprefix("+") in error.lower()


def test_a_redis_that_does_not_answer() -> None:
    snapshot = read_broker(parse_redis_url("redis://127.0.0.1:1/0"), BROKER, ["mail"], 10, 1, NOW)
    assert {listing.queue for listing in snapshot.listings} == {"work", "mail"}
    assert len(snapshot.errors) == 1


# what is remembered


@pytest.fixture
def store(new_warehouse: Callable[[], Warehouse]) -> Iterator[Store]:
    with new_warehouse().connect(autocommit=True) as connection:
        yield Store(connection, "raw", ROOT)


def seen(*waiting: str, listeners: int | None = 1, is_cut: bool = False) -> Snapshot:
    entries = [Entry(Message(message_id=name, jobspec_id=name, parsed=True), 1) for name in waiting]
    listings = [Listing("work", "main", len(waiting), entries, is_cut=is_cut), Listing("work", "retry", 0)]
    return Snapshot(listings, server=Server("one /0", 0, None, False), holdings=Holdings([], listeners, 1))


def save(store: Store, minute: int, snapshot: Snapshot, claims: Sequence[tuple[str, Any]] = ()) -> None:
    memory = Memory(store.connection, "no_views", store.schema)
    store.save(snapshot, NOW + timedelta(minutes=minute), timedelta(hours=1), memory, claims)


def remembered(connection: psycopg.Connection[Any], kind: str) -> dict[str, int]:
    minutes = "extract(epoch from first_seen_at - %s)::int / 60"
    rows = connection.execute(f"select name, {minutes} from raw.queue_sightings where kind = %s", [NOW, kind])
    return dict(rows.fetchall())


def test_since_when_a_message_waits(store: Store) -> None:
    save(store, 0, seen("a", "b"))
    save(store, 1, seen("b", "c", "c"))
    save(store, 2, replace(seen(), listings=[Listing("work", "main", error="refused")]))
    save(store, 3, seen("b", is_cut=True))
    assert remembered(store.connection, "message") == {"b": 0, "c": 1}
    save(store, 4, seen("a", "b"))
    assert remembered(store.connection, "message") == {"a": 4, "b": 0}
    sent = store.connection.execute("select message_id, enqueued_at from raw.queue_messages").fetchall()
    assert dict(sent) == {"a": NOW + timedelta(minutes=4), "b": NOW}


def test_what_was_not_seen_for_long_is_forgotten_though_looks_are_cut(store: Store) -> None:
    save(store, 0, seen("a", "b"))
    save(store, 60, seen("b", is_cut=True))
    assert remembered(store.connection, "message") == {"a": 0, "b": 0}
    save(store, 61, seen("b", is_cut=True))
    assert remembered(store.connection, "message") == {"b": 0}


def test_who_asks_for_others_is_known_until_the_next_look(store: Store) -> None:
    assert store.asking() == []
    asks, holds = (Message(name, name, parsed=True, members=[["a"]]) for name in ("asks", "holds"))
    look = seen("other")
    look.listings[0].entries.append(Entry(asks, 1))
    held = [Held(holds, "work", None, None), Held(Message("late", "late", parsed=True), "work", None, None)]
    save(store, 0, replace(look, holdings=Holdings(held, 1, 1)))
    assert sorted(store.asking()) == ["asks", "holds"]
    save(store, 1, seen("other"))
    assert store.asking() == []


def test_tables_of_an_older_version_say_of_nobody_that_he_asks(store: Store) -> None:
    save(store, 0, seen("other"))
    store.connection.execute("alter table raw.messages_in_flight drop column members")
    assert store.asking() == []


def test_since_when_a_job_has_no_message(store: Store) -> None:
    save(store, 0, seen("with"), claims=[("with", None), ("without", None), ("again", 1)])
    save(store, 1, seen(is_cut=True), claims=[("cut", None)])
    save(store, 2, seen(), claims=[("with", None), ("without", None), ("again", 2)])
    assert remembered(store.connection, "no_message") == {"with": 2, "without": 0, "again": 2}
    save(store, 3, seen("without"), claims=[("without", None)])
    assert remembered(store.connection, "no_message") == {}


def test_since_when_nobody_listens(store: Store) -> None:
    for minute, listeners, since in (
        (0, 1, {}),
        (1, 0, {"": 1}),
        (2, 0, {"": 1}),
        (3, None, {}),
        (4, 0, {"": 4}),
    ):
        save(store, minute, seen(listeners=listeners))
        assert remembered(store.connection, "deserted") == since


def test_a_queue_that_is_gone_is_not_one_that_was_not_read(store: Store) -> None:
    save(store, 0, replace(seen(), listings=[*seen("a").listings, Listing("gone", "main", 0)]))
    assert store.known_queues() == ["work"]
    save(store, 1, seen())
    queues = store.connection.execute("select distinct queue_name from raw.queue_snapshots").fetchall()
    assert queues == [("work",)]


def test_a_broker_that_was_never_used_is_another_one(store: Store) -> None:
    store.connection.execute("create schema no_views")
    store.connection.execute("create view no_views.stg_jobs as select 1 as job_id")
    save(store, 0, replace(seen(), holdings=Holdings([], 0, 0)))
    ((error,),) = store.connection.execute("select distinct error from raw.queue_snapshots").fetchall()
    assert error.startswith("snapshot_untrusted: it holds nothing of the 1 jobs")
    assert remembered(store.connection, "deserted") == {}
