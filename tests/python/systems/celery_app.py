"""An application on Celery whose workers are killed and drained; BROKER and libpq's variables say where."""

from __future__ import annotations

import json
import os
import sys
import time

from celery import Celery, Task, chain, chord

user, word, host, port, database = (
    os.environ.get(name, "") for name in ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")
)
ALCHEMY = f"db+postgresql+psycopg://{user}:{word}@/{database}?host={host}&port={port}"
IN_DJANGO = os.environ.get("BACKEND") == "django-db"

if IN_DJANGO:
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database, "USER": user, "PASSWORD": word, "HOST": host, "PORT": port,
            }
        },
        INSTALLED_APPS=["django_celery_results"],
        USE_TZ=True,
    )  # fmt: skip
    django.setup()

app = Celery("app", broker=os.environ["BROKER"], backend="django-db" if IN_DJANGO else ALCHEMY)
app.conf.update(
    task_track_started=True,
    task_create_missing_queues=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options=json.loads(os.environ.get("TRANSPORT", "{}")),
    result_extended=IN_DJANGO,
    beat_schedule={
        "every second": {
            "task": "tick",
            "schedule": 1,
            "args": ["tick"],
            "options": {"headers": {"periodic_task_name": "every second"}},
        },
    },
)


@app.task(name="ok")
def ok(secret: str) -> str:
    """End at once, with a result."""
    return secret


@app.task(name="tick")
def tick(secret: str) -> None:
    """Do what is to be done every second."""


@app.task(name="fails")
def fails(secret: str) -> None:
    """Fail for good."""
    raise ValueError(f"no luck with {secret}")


@app.task(name="long")
def long(secret: str, seconds: float = 600) -> None:  # noqa: ARG001
    """Be at work for long; acknowledged before it starts."""
    time.sleep(seconds)


@app.task(name="late", acks_late=True)
def late(secret: str, seconds: float = 600) -> None:  # noqa: ARG001
    """Be at work for long; acknowledged when it has ended."""
    time.sleep(seconds)


@app.task(name="retries", bind=True, max_retries=5)
def retries(self: Task, secret: str) -> None:  # type: ignore[type-arg]
    """Be tried again in a quarter of an hour."""
    raise self.retry(countdown=900, exc=ValueError(secret))


@app.task(name="retries_soon", bind=True, max_retries=5)
def retries_soon(self: Task, secret: str) -> None:  # type: ignore[type-arg]
    """Be tried again in some seconds."""
    raise self.retry(countdown=15, exc=ValueError(secret))


@app.task(name="collects")
def collects(results: list[str], secret: str) -> None:
    """Take what the members of a chord came to."""


def send(*descriptions: str) -> None:
    """Send tasks, each described by its id, name, queue, delay in seconds and priority, between slashes."""
    for description in descriptions:
        task_id, name, queue, delay, *priority = description.split("/")
        app.send_task(
            name, [os.environ["SECRET"]], task_id=task_id, queue=queue or None,
            countdown=float(delay) if delay else None, priority=int(priority[0]) if priority else None,
        )  # fmt: skip


def send_chord(name: str, *chains: str) -> None:
    """Send a chord with a member for each description: tasks and their queues, one after the other.

    Such as `ok:celery,long:nobody`; the tasks are named after the chord and their places in it.
    """
    secret = os.environ["SECRET"]
    members = []
    for place, described in enumerate(chains):
        steps = [step.split(":") for step in described.split(",")]
        members.append(
            chain(
                app.signature(task, [secret], immutable=True).set(
                    queue=queue, task_id=f"{name}_{place}" + (f"_{number}" if number else "")
                )
                for number, (task, queue) in enumerate(steps)
            )
        )
    chord(members)(collects.s(secret).set(task_id=f"{name}_ends"))


def revoke(*names: str) -> None:
    """Have the workers that live not begin some tasks."""
    app.control.revoke(list(names))


def migrate() -> None:
    """Make the tables of django-celery-results."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"send": send, "chord": send_chord, "revoke": revoke, "migrate": migrate}[command](*arguments)
