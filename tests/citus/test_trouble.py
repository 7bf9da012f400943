"""What a cluster can do to those who look at it: a node is away, many ask at once, a role may do little."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from conftest import Watched
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

HOLDER = """
    select nodename, nodeport from citus_shards
    where table_name = to_regclass('jobs')
"""
OTHER = f"""
    select nodename, nodeport from pg_dist_node
    where groupid <> 0 and (nodename, nodeport) not in ({HOLDER})
"""
STATES = "select distinct state from stuck_jobs.accumulation_points_v1"


@contextmanager
def away(watched: Watched, node: str) -> Iterator[None]:
    """Have a node take no connection to the database."""
    ((host, port),) = watched.rows(node)
    name = str(conninfo_to_dict(watched.database.dsn)["dbname"])
    server = make_conninfo(watched.database.dsn, dbname="postgres", host=host, port=port)
    with psycopg.connect(server, autocommit=True) as connection:
        allow = sql.SQL("alter database {} allow_connections {}")
        connection.execute(allow.format(sql.Identifier(name), False))
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(name), True))


def assert_refused(cluster: Watched, *command: str) -> None:
    output = cluster.run("stuck-jobs", *command, expect=(2,))
    assert output.count("\n") == 1, output
    assert "Traceback" not in output


@pytest.mark.parametrize("node", [HOLDER, OTHER], ids=["the pipeline's", "another"])
def test_while_a_node_is_away_nothing_is_said_and_then_all_is_as_before(cluster: Watched, node: str) -> None:
    cluster.check()
    before = cluster.rows("select count(*) from stuck_jobs_raw.queue_snapshots")
    with away(cluster, node):
        if node == OTHER:
            cluster.check(expect=(1, 2))  # it asks that node nothing, and seldom has something to write there
        else:
            assert_refused(cluster, "check", "--no-collect")
        assert_refused(cluster, "collect")
        assert_refused(cluster, "recover", "--apply", "--force")
    assert cluster.rows("select count(*) from stuck_jobs_raw.queue_snapshots") == before
    cluster.check()
    assert cluster.rows(STATES) != [("unknown",)]


def test_a_check_that_cannot_be_renewed_is_unknown_in_the_end(cluster: Watched) -> None:
    cluster.check()
    with away(cluster, HOLDER):
        cluster.rows(
            "update stuck_jobs.kept_check set checked_at = checked_at - interval '6 minutes' returning 1"
        )
        assert "the last check is of 6 min" in cluster.run("stuck-jobs", "gate", expect=(2,))
    cluster.check()


def test_many_check_at_once(cluster: Watched) -> None:
    with ThreadPoolExecutor(4) as several:
        for check in [several.submit(cluster.check) for _ in range(8)]:
            check.result()
    assert cluster.rows("select count(*) from stuck_jobs.kept_check where is_whole") == [(1,)]
