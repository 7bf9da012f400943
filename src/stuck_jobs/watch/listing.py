"""All stuck items, as CSV and as JSON, however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import islice
from typing import Any

from stuck_jobs.output import to_json
from stuck_jobs.views.rows import IncidentItem

BATCH = 500
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def as_csv(items: Iterable[IncidentItem]) -> Iterator[bytes]:
    """A line for each item below one with the names; text that looks like a formula follows a quote.

    Args:
        items: in their order.
    """
    names = [field.name for field in fields(IncidentItem)]
    yield _lines([names])
    for batch in _batches(items):
        yield _lines([_harmless(getattr(item, name)) for name in names] for item in batch)


def as_json(items: Iterable[IncidentItem]) -> Iterator[bytes]:
    """An array of objects, one in a line.

    Args:
        items: in their order.
    """
    yield b"["
    before = "\n"
    for batch in _batches(items):
        yield (before + ",\n".join(to_json(asdict(item)) for item in batch)).encode()
        before = ",\n"
    yield b"\n]\n"


def _batches(items: Iterable[IncidentItem]) -> Iterator[list[IncidentItem]]:
    left = iter(items)
    while batch := [*islice(left, BATCH)]:
        yield batch


def _lines(rows: Iterable[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
