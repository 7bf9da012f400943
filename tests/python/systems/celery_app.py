"""An application on Celery whose workers are killed and drained; BROKER and libpq's variables say where."""

from __future__ import annotations

import os
import sys
import time

from celery import Celery, Task, chord

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
)


@app.task(name="ok")
def ok(secret: str) -> str:
    """End at once, with a result."""
    return secret


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


@app.task(name="collects")
def collects(results: list[str], secret: str) -> None:
    """Take what the members of a chord came to."""


def send(*descriptions: str) -> None:
    """Send tasks, each described by its id, name, queue and delay in seconds, with slashes in between."""
    for description in descriptions:
        task_id, name, queue, delay = description.split("/")
        seconds = float(delay) if delay else None
        app.send_task(name, [os.environ["SECRET"]], task_id=task_id, queue=queue or None, countdown=seconds)


def send_chord(*queues: str) -> None:
    """Send a chord with a member for each queue."""
    secret = os.environ["SECRET"]
    members = [ok.s(secret).set(queue=queue, task_id=f"member_{place}") for place, queue in enumerate(queues)]
    chord(members)(collects.s(secret).set(task_id="collects"))


def migrate() -> None:
    """Make the tables of django-celery-results."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"send": send, "chord": send_chord, "migrate": migrate}[command](*arguments)
