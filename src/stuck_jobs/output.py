"""What is printed line by line, and the one escape for text that others wrote, wherever people read it.

Ids, errors and the names of queues are the watched pipeline's. None of them is an order to a terminal, to a
CI system or to a chat, and none of them ends the line that it is in.
"""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import datetime

import click

_LOG_COMMAND = re.compile(
    r"::(?=(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher|save-state"
    r"|set-env|set-output|stop-commands|warning)\b)"
    r"|##(?=\w*\[)",
    re.IGNORECASE,
)
"""What a CI system obeys where it stands in a log: GitHub's `::error::` and `##[error]`, Azure's `##vso[`."""


def legible(text: str, length: int | None = None) -> str:
    r"""A text whose every character can be seen, and which nothing obeys; made so twice it is the same.

    Line ends, a terminal's escapes, marks that turn the direction of writing stand as `\n`, `\x1b`, `\u202e`.

    Args:
        text: whoever wrote it.
        length: where it is longer, it is cut off.
    """
    is_cut = length is not None and len(text) > length
    shown = "".join(map(_visible, text[:length]))
    shown = _LOG_COMMAND.sub(lambda found: f"\\x{ord(found[0][0]):02x}{found[0][1:]}", shown)
    return f"{shown}…" if is_cut else shown


def say(line: str, err: bool = False) -> None:
    """Print a line; on standard error if nobody reads standard output any more.

    Args:
        line: whatever is in it, it stays one line.
        err: on standard error in any case.
    """
    try:
        click.echo(legible(line), err=err)
    except BrokenPipeError:
        if not err:
            fall_silent()
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            say(line, err=True)


def to_json(value: object, indent: int | None = None) -> str:
    """A document for a program, in which nothing is an order to the CI system in whose log it may stand.

    Args:
        value: of dicts, lists and what `str` can show; times are in ISO 8601.
        indent: spaces for each level; None for a single line.
    """
    return json.dumps(value, indent=indent, default=_plain).replace("##", "#\\u0023")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def emit(document: str | bytes) -> None:
    """Print what a program reads, as it is."""
    try:
        click.echo(document)
    except BrokenPipeError:
        fall_silent()


def fall_silent() -> None:
    """Go on without standard output, which nobody reads: what a command ends with does not depend on it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    sys.stdout.flush()


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
