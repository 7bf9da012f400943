"""A Django application: its settings, and a program that enqueues a task; libpq's variables say where."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from importlib.util import find_spec

BUILT_IN = find_spec("django.tasks") is not None
SECRET_KEY = "of nothing"
USE_TZ = "WITHOUT_TZ" not in os.environ
TIME_ZONE = "Asia/Kolkata"
INSTALLED_APPS = ["django_tasks_db"] if BUILT_IN else ["django_tasks", "django_tasks_db"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["PGDATABASE"],
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
    }
}
BACKEND = {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}
TASKS = {"default": BACKEND, "reports": BACKEND}


def main() -> None:
    """Enqueue a task and print its id. Arguments: name, queue, backend, delay in minutes, secret."""
    import django

    django.setup()
    import django_tasks_of_app as tasks
    from django.utils import timezone

    name, queue, backend, minutes, secret = sys.argv[1:]
    due = timezone.now() + timedelta(minutes=int(minutes)) if minutes != "0" else None
    task = getattr(tasks, name).using(queue_name=queue, backend=backend, run_after=due)
    print(task.enqueue(secret).id)


if __name__ == "__main__":
    main()
