"""What the options of several commands have in common."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stuck_jobs.errors import StuckJobsError


class Number(click.FloatRange):
    """A number within a range, as neither NaN nor infinity is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, or say why it is none."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Secret(click.Option):
    """An option that may hold a secret, which does not belong on a command line, where others see it.

    It may stand in an environment variable, or in a file that the variable `…_FILE` names.
    """

    def __init__(self, names: Sequence[str], envvar: str, help: str, **attributes: Any) -> None:  # noqa: A002
        where = f"Better in {envvar}, or in a file that {envvar}_FILE names."
        super().__init__(names, **attributes, envvar=envvar, help=f"{help} {where}")

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The variable's value, or what is in the file.

        Raises:
            StuckJobsError: if there are both, or the file cannot be read.
        """
        return secret_in(str(self.envvar), super().resolve_envvar_value(ctx))


def secret_in(name: str, value: str | None) -> str | None:
    """What an environment variable holds, or the file that the variable `…_FILE` names.

    Args:
        name: of the variable.
        value: that it holds.

    Raises:
        StuckJobsError: if there are both, or the file cannot be read.
    """
    variable = f"{name}_FILE"
    path = os.environ.get(variable)
    if not path:
        return value
    if value:
        raise StuckJobsError(f"there are both {name} and {variable}: unset one of them")
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StuckJobsError(f"the file that {variable} names, {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StuckJobsError(f"the file that {variable} names, {path}, is not UTF-8") from None
    if not content:
        raise StuckJobsError(f"the file that {variable} names, {path}, is empty")
    return content
