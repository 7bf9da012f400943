"""What recover and requeue say can be read whole in a pipe, in a log, and at a terminal of 80 columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import redis
from conftest import Warehouse
from test_recover import WITH_REDIS, Pipeline

from stuck_jobs import embedded

LONG = "bias-detection-" + "0123456789" * 9
ERROR = (
    "the provider did not answer within the time that was left for it, after three attempts in " + "x" * 90
)
LEFT_ALONE = "left alone: "


@pytest.fixture(scope="module")
def pipeline(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Pipeline]:
    """A job that can be put right, one that is left alone, and two dead letters, with long names."""
    warehouse = new_built_warehouse(**WITH_REDIS)
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        made = Pipeline(warehouse, server, client)
        made.job(f"{LONG}-created", "created")
        made.job(f"{LONG}-running", "running", minutes=600)
        made.job(f"{LONG}-queued", "queued")
        made.job(f"{LONG}-done", "completed")
        client.set(f"job:processing:{LONG}-running", "worker", ex=600)
        for name in ("queued", "done"):
            letter = {"id": name, "jobspec_id": f"{LONG}-{name}", "attempts": 3, "error": ERROR}
            client.lpush("jobs:dead", json.dumps(letter))
        made.collect()
        yield made


def lines(pipeline: Pipeline, *command: str, columns: str | None) -> list[str]:
    variables: dict[str, str | None] = {"COLUMNS": columns}
    outcome = pipeline.run(*command, **variables)  # type: ignore[arg-type]
    assert outcome.exit_code == 0, outcome.output
    return outcome.output.splitlines()


def test_in_a_pipe_the_plan_has_a_line_for_each_item_and_nothing_is_cut_away(pipeline: Pipeline) -> None:
    shown = lines(pipeline, "recover", columns=None)
    (created,) = [line for line in shown if f"{LONG}-created" in line]
    assert created.split()[0] == "job_created"
    assert created.split()[-1] == "republish"
    document = json.loads(lines(pipeline, "recover", "--format", "json", columns=None)[-1])
    reasons = [item["reason"] for item in document["items"] if item["outcome"] == "refused"]
    assert reasons
    for reason in reasons:
        assert f"  {LEFT_ALONE}{reason}" in shown
    assert "\u2026" not in "".join(shown)
    assert max(map(len, shown)) < 400


def test_at_80_columns_each_fact_is_a_line_and_nothing_is_cut_away(pipeline: Pipeline) -> None:
    shown = lines(pipeline, "recover", columns="80")
    assert max(map(len, shown)) <= 80
    words = "".join(line.strip() for line in shown)
    assert f"job_created:{LONG}-created" in words.replace(" ", "")
    assert "  cause  never_published" in [line.rstrip() for line in shown]
    assert "  remedy republish" in [line.rstrip() for line in shown]
    assert LEFT_ALONE in words
    assert "\u2026" not in words


@pytest.mark.parametrize("columns", ["80", None])
def test_of_a_dead_letter_its_error_and_why_it_stays_are_shown_whole(
    pipeline: Pipeline, columns: str | None
) -> None:
    shown = lines(pipeline, "requeue", columns=columns)
    words = " ".join(line.strip() for line in shown)
    assert words.replace(" ", "").count(ERROR.replace(" ", "")) == 2
    assert "stays: its job is completed" in words
    assert words.replace(" ", "").count(f"{LONG}-done") == 1
    if columns:
        assert max(map(len, shown)) <= int(columns)
        assert "  requeue  no" in [line.rstrip() for line in shown]
    else:
        assert any(f"{LONG}-queued" in line and line.split()[-1] == "yes" for line in shown)
