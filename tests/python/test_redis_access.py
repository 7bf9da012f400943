"""Redis must grant what docs/deployment.md says; a wrong scheme is told so; secrets may stand in files."""

from __future__ import annotations

import json
import re
import shlex
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner
from conftest import ROOT, Warehouse
from redis_support import populate, redis_on_tcp
from summaries import WITH_REDIS
from test_alert import receiving
from test_recover import Pipeline

from stuck_jobs import embedded
from stuck_jobs.cli import main
from stuck_jobs.collect.redis_reader import MAX_KEYS
from stuck_jobs.collect.redis_url import parse_redis_url

TEXT = (ROOT / "docs" / "deployment.md").read_text().replace("\\\n", " ")
LINES = {words[2]: words for words in map(shlex.split, re.findall(r"redis-cli (ACL SETUSER .+)", TEXT))}
COMMANDS = [(user, word) for user, words in LINES.items() for word in words if word.startswith("+")]
USERS = {"stuck_jobs_collector": ["collect"], "stuck_jobs_requeuer": ["requeue", "--apply"]}


@pytest.fixture(scope="module")
def pipeline(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Pipeline]:
    warehouse = new_built_warehouse(**WITH_REDIS)
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        yield Pipeline(warehouse, server, client)


def fill(pipeline: Pipeline) -> None:
    """Something of each kind that the commands read or move."""
    pipeline.clear()
    for words in LINES.values():
        pipeline.client.execute_command(*words)
    for name in ("dead", "twin"):
        pipeline.job(name, "queued")
    for name in ("jobs", "jobs:dead"):
        pipeline.client.lpush(name, json.dumps({"id": "m", "jobspec_id": name.replace("jobs:", "")}))
    pipeline.client.zadd("jobs:retry", {json.dumps({"id": "twin"}): 4_000_000_000})
    pipeline.client.set("job:processing:held", "worker", ex=600)
    pipeline.client.set("jobs:processing:m", "worker")


def run(pipeline: Pipeline, user: str) -> tuple[int, str]:
    url = pipeline.server.url.replace("unix://", f"unix://{user}:choose-one@")
    result = CliRunner().invoke(main, USERS[user], env=pipeline.environment | {"REDIS_URL": url})
    return result.exit_code, result.output


@pytest.mark.parametrize("user", USERS)
def test_the_line_suffices(pipeline: Pipeline, user: str) -> None:
    fill(pipeline)
    exit_code, output = run(pipeline, user)
    assert exit_code == 0, output
    assert ("1 put back" if "requeue" in USERS[user] else "jobs: main 1, retry 1, dead 1") in output


@pytest.mark.parametrize(("user", "right"), COMMANDS, ids=str)
def test_and_nothing_in_it_can_be_left_out(pipeline: Pipeline, user: str, right: str) -> None:
    fill(pipeline)
    assert run(pipeline, "stuck_jobs_collector")[0] == 0
    if right == "+exists":
        populate(pipeline.client, MAX_KEYS + 1)
    pipeline.client.execute_command("ACL", "SETUSER", user, right.replace("+", "-"))
    exit_code, output = run(pipeline, user)
    assert exit_code == 2
    assert "permission" in output.lower()


@pytest.mark.parametrize("user", USERS)
def test_it_allows_nothing_else(pipeline: Pipeline, user: str) -> None:
    fill(pipeline)
    url = pipeline.server.url.replace("unix://", f"unix://{user}:choose-one@")
    with redis.Redis.from_url(url, protocol=2) as client:
        for command in (
            ("GET", "job:processing:held"),
            ("DEL", "jobs"),
            ("LRANGE", "other", 0, 1),
            ("FLUSHALL",),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)


# TLS


@contextmanager
def behind_tls(directory: Path, port: int) -> Iterator[int]:
    """A port at which a server answers under TLS only."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) as client,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            threading.Thread(target=relay, args=(server, client), daemon=True).start()
            relay(client, server)

    def relay(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                target.sendall(content)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


def collected(pipeline: Pipeline, url: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        main, ["collect", "--timeout", "1"], env=pipeline.environment | {"REDIS_URL": url}
    )
    return result.exit_code, result.output


def test_a_url_with_the_wrong_scheme_is_told_so(pipeline: Pipeline, tmp_path: Path) -> None:
    with redis_on_tcp(tmp_path) as plain, behind_tls(tmp_path, plain) as encrypted:
        certificate = tmp_path / "certificate.pem"
        right = f"rediss://localhost:{encrypted}/0?ssl_ca_certs={certificate}"
        assert collected(pipeline, f"redis://localhost:{plain}/0")[0] == 0
        assert collected(pipeline, right)[0] == 0
        exit_code, output = collected(pipeline, f"redis://:s3cret@localhost:{encrypted}/0")
        assert (exit_code, "TLS only: take rediss:// instead of redis://" in output) == (2, True)
        assert "s3cret" not in output
        exit_code, output = collected(pipeline, f"rediss://:s3cret@localhost:{plain}/0")
        assert (exit_code, "does not speak TLS: take redis:// instead of rediss://" in output) == (2, True)
        exit_code, output = collected(pipeline, f"rediss://localhost:{encrypted}/0")
        assert (exit_code, "certificate verify failed" in output) == (2, True)
        assert "TLS only" in collected(pipeline, f"redis+sentinel://localhost:{encrypted}/master/0")[1]


def test_a_server_that_is_not_there_is_no_matter_of_tls() -> None:
    address = parse_redis_url("redis://localhost:1/0")
    assert address.reason(redis.ConnectionError("refused")) == "refused"


# Secrets in files


def test_a_secret_may_stand_in_a_file(pipeline: Pipeline, tmp_path: Path) -> None:
    secret = tmp_path / "redis-url"
    secret.write_text(f"{pipeline.server.url}\n")
    environment = {name: value for name, value in pipeline.environment.items() if name != "REDIS_URL"}
    unset = environment | {"REDIS_URL": None, "REDIS_URL_FILE": str(secret)}
    assert CliRunner().invoke(main, ["collect"], env=unset).exit_code == 0
    for variables, words in (
        ({"REDIS_URL": "redis://localhost"}, "there are both REDIS_URL and REDIS_URL_FILE"),
        ({"REDIS_URL_FILE": str(tmp_path / "none")}, "none: No such file or directory"),
        ({"REDIS_URL_FILE": str(empty(tmp_path))}, "is empty"),
    ):
        result = CliRunner().invoke(main, ["collect"], env=unset | variables)
        assert (result.exit_code, words in result.output, len(result.output.splitlines())) == (2, True, 1)


def empty(directory: Path) -> Path:
    path = directory / "empty"
    path.write_text("\n")
    return path


def test_so_may_the_secrets_of_the_alerts(pipeline: Pipeline, tmp_path: Path) -> None:
    environment = dict(pipeline.environment)
    pipeline.job("old", "created")
    with receiving() as receiver:
        for name, secret in (("STUCK_JOBS_WEBHOOK_URL", receiver.url), ("SENTRY_DSN", receiver.dsn)):
            (tmp_path / name).write_text(secret)
            environment[f"{name}_FILE"] = str(tmp_path / name)
        result = CliRunner().invoke(main, ["alert"], env=environment)
        assert result.exit_code == 0, result.output
        assert receiver.webhooks
        assert receiver.events


@pytest.mark.parametrize("command", ["collect", "alert", "recover", "requeue", "heal"])
def test_the_help_names_them(command: str) -> None:
    words = " ".join(CliRunner().invoke(main, [command, "--help"]).output.split())
    names = ["STUCK_JOBS_WEBHOOK_URL", "SENTRY_DSN"] if command == "alert" else ["REDIS_URL"]
    assert all(f"Better in {name}, or in a file that {name}_FILE names." in words for name in names)


@pytest.mark.parametrize("name", ["STUCK_JOBS_WEBHOOK_URL", "SENTRY_DSN"])
def test_another_host_is_told_under_tls_or_not_at_all(pipeline: Pipeline, name: str) -> None:
    def told(url: str, *options: str) -> str:
        return str(
            CliRunner().invoke(main, ["alert", *options], env=pipeline.environment | {name: url}).output
        )

    refused = told("http://s3cret@hooks.example.invalid/1")
    assert "is plain http to another host: take https, or allow it with --allow-http" in refused
    assert "s3cret" not in refused
    assert "plain http" not in told("http://s3cret@hooks.example.invalid/1", "--allow-http")
    for harmless in (
        "https://s3cret@hooks.example.invalid/1",
        "http://s3cret@127.0.0.1:9/1",
        "http://s@[::1]:9/1",
    ):
        assert "plain http" not in told(harmless)
