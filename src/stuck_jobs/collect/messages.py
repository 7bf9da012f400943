"""What a message of the queue says, whatever its bytes.

Two formats share the lists. A queue message names its job in `jobspec_id`; an envelope of the outbox has
nothing but the job's id in `id`. The payload is looked into only to keep its secrets out of the error's text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

MAX_MESSAGE_BYTES = 64 * 1024
MAX_ID_LENGTH = 255
MAX_ERROR_LENGTH = 500
MAX_NUMBER_LENGTH = 25
MIN_SECRET_LENGTH = 6
_CONFIDENTIAL = r"passw(?:or)?d|pwd|secret|token|api[_-]?key|private[_-]?key|signature"
_SECRET_MEMBER = re.compile(rf"{_CONFIDENTIAL}|auth|wallet|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<before>://)[^\s/@]+(?=@)"
    rf"""|(?P<name>(?:{_CONFIDENTIAL})["']?\s*[:=]\s*["']?(?:bearer )?)[^\s"',;&}}]+"""
    r"""|(?P<scheme>\bbearer )[^\s"',]+"""
    r"|\b0x[0-9a-f]{16,}",
    re.IGNORECASE,
)
_PUSHED_AT = re.compile(r":[0-9]+$")
BIGINT = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Message:
    """A message without its payload; every text and number is one that PostgreSQL takes.

    Attributes:
        message_id: its own id.
        jobspec_id: the job's public id.
        attempts: how often it was tried.
        max_attempts: after which it is a dead letter; envelopes do not say.
        enqueued_at: when it was sent.
        error: of the last attempt; of a message that is not parsed, why not.
        parsed: it is of one of the two formats.
        may_hide_job: what was read of it does not say which job it is for, and the rest may.
        job_kind: what kind of work it is for; None where it does not say.
        members: the jobs that it waits for, each with those that go before it; None if for none.
    """

    message_id: str | None = None
    jobspec_id: str | None = None
    attempts: int | None = None
    max_attempts: int | None = None
    enqueued_at: datetime | None = None
    error: str | None = None
    parsed: bool = False
    may_hide_job: bool = False
    job_kind: str | None = None
    members: list[list[str]] | None = None


def parse_message(content: bytes, size: int) -> Message:
    """Read a message.

    Args:
        content: its bytes, at least the first `MAX_MESSAGE_BYTES` of them.
        size: how many bytes it really has.
    """
    text = content.decode(errors="replace")
    if size > MAX_MESSAGE_BYTES:
        return _read_head(text, f"larger than {MAX_MESSAGE_BYTES // 1024} KiB")
    try:
        members = _DECODER.decode(text)
    except RecursionError:
        return _read_head(text, "nested too deeply")
    except ValueError:
        return Message(error="not JSON")
    if not isinstance(members, dict):
        return Message(error="not an object")
    message = _read(members)
    return message if message.jobspec_id else Message(error="no job id")


def clean_text(value: object, length: int) -> str | None:
    """Make a string or number one that PostgreSQL stores: no NUL, no half of a surrogate pair, not too long.

    Returns:
        The text; None for an empty one and for a value of another type.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).encode(errors="ignore").decode().replace("\0", "")
    return text[:length] or None


def _without_secrets(error: object, payload: object) -> str | None:
    """The text of an error, in which what looks like a secret is masked, and what the payload calls one."""
    if isinstance(error, str):
        for secret in sorted(_secrets(payload), key=len, reverse=True):
            error = error.replace(secret, "***")
        error = _SECRET_TEXT.sub(
            lambda found: (found[found.lastgroup] if found.lastgroup else "") + "***", error
        )
    return clean_text(error, MAX_ERROR_LENGTH)


def _secrets(payload: object) -> set[str]:
    """The texts of a payload that are, or are inside of, a member with the name of a secret."""
    secrets = set()
    waiting = [(payload, False)]
    while waiting:
        value, is_secret = waiting.pop()
        if isinstance(value, dict):
            waiting += [
                (inner, is_secret or bool(_SECRET_MEMBER.search(name))) for name, inner in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(inner, is_secret) for inner in value]
        elif is_secret and isinstance(value, str) and len(value) >= MIN_SECRET_LENGTH:
            secrets.add(value)
    return secrets


def moment(seconds: float) -> datetime | None:
    """The time that a Unix clock shows; None beyond the years that a `datetime` knows."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read(members: dict[str, Any]) -> Message:
    """Pick what we know of either format."""
    is_envelope = "jobspec_id" not in members
    return Message(
        message_id=clean_text(members.get("id"), MAX_ID_LENGTH),
        jobspec_id=clean_text(members.get("id" if is_envelope else "jobspec_id"), MAX_ID_LENGTH),
        attempts=_integer(members.get("attempt" if is_envelope else "attempts")),
        max_attempts=None if is_envelope else _integer(members.get("max_retries")),
        enqueued_at=_timestamp(members.get("enqueued_at")),
        error=None if is_envelope else _without_secrets(members.get("error"), members.get("payload")),
        parsed=True,
    )


def _read_head(text: str, error: str) -> Message:
    """Find the job of a message of which only the beginning can be read."""
    members = _first_members(text)
    job = _read(members).jobspec_id
    if job and "jobspec_id" not in members:
        job = _PUSHED_AT.sub("", job)  # a queue message, whose job comes later
    return Message(jobspec_id=job, error=error, may_hide_job=not job and text.lstrip().startswith("{"))


def _first_members(text: str) -> dict[str, Any]:
    """The members of an object that come before the place where its text cannot be read on."""
    members = members_with_places(text)
    return {key: value for key, value, _, end in members if re.compile(r"[ \t\r\n]*,").match(text, end)}


def members_with_places(text: str) -> Iterator[tuple[str, Any, int, int]]:
    """The members of an object as far as its text goes: key, value, and where the value begins and ends."""
    try:
        position = _after(text, 0, "{")
        while True:
            key, position = _DECODER.raw_decode(text, position)
            start = _after(text, position, ":")
            value, end = _DECODER.raw_decode(text, start)
            yield key, value, start, end
            position = _after(text, end, ",")
    except (ValueError, TypeError, RecursionError):
        return


def _after(text: str, position: int, mark: str) -> int:
    """The first place behind a punctuation mark that is not blank."""
    found = re.compile(rf"[ \t\r\n]*{re.escape(mark)}[ \t\r\n]*").match(text, position)
    if found is None:
        raise ValueError(mark)
    return found.end()


def _parse_integer(text: str) -> int | None:
    """Read a number of JSON, unless it is far too long to be converted in reasonable time."""
    return int(text) if len(text) <= MAX_NUMBER_LENGTH else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_int=_parse_integer, parse_constant=_refuse)


def _integer(value: object) -> int | None:
    """A whole number that fits into a bigint."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value in BIGINT else None


def _timestamp(value: object) -> datetime | None:
    """Read RFC 3339; no zone is UTC, and Go's zero time is none at all."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.upper())
        at = read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1 else None
