"""The tasks of the application; they are called with a secret, which no view may show."""

from __future__ import annotations

import time

from django_tasks_app import BUILT_IN

if BUILT_IN:
    from django.tasks import task
else:
    from django_tasks import task


@task()
def ok(secret: str) -> str:
    """End at once."""
    return secret


@task()
def fails(secret: str) -> None:
    """Fail for good."""
    raise ValueError(f"no luck with {secret}")


@task()
def sleeps(secret: str) -> str:
    """Be at work for long."""
    time.sleep(600)
    return secret
