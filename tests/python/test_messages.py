"""What is read out of a message, whatever its bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stuck_jobs.collect.messages import MAX_MESSAGE_BYTES, Message, clean_text, moment, parse_message

QUEUE_MESSAGE = {
    "id": "job-1:1760458397970000000",
    "jobspec_id": "job-1",
    "action": "run",
    "payload": {"secret": "s3cret"},
    "attempts": 2,
    "max_retries": 3,
    "enqueued_at": "2025-10-14T16:13:17.123456789Z",
    "last_attempt": "2025-10-14T16:14:17Z",
    "error": "the provider is away",
}
ENVELOPE = {"id": "job-1", "enqueued_at": "2025-10-14T18:13:17+02:00", "attempt": 0, "request_id": "r-1"}


def parse(content: object) -> Message:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return parse_message(raw[:MAX_MESSAGE_BYTES], len(raw))


def refused(reason: str) -> Message:
    return Message(error=reason)


def test_queue_message() -> None:
    assert parse(QUEUE_MESSAGE) == Message(
        message_id="job-1:1760458397970000000",
        jobspec_id="job-1",
        attempts=2,
        max_attempts=3,
        enqueued_at=datetime(2025, 10, 14, 16, 13, 17, 123456, UTC),
        error="the provider is away",
        parsed=True,
    )


def test_envelope() -> None:
    assert parse(ENVELOPE) == Message(
        message_id="job-1",
        jobspec_id="job-1",
        attempts=0,
        enqueued_at=datetime(2025, 10, 14, 16, 13, 17, tzinfo=UTC),
        parsed=True,
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\x00\x80", "not JSON"),
        (b'{"id": "a"', "not JSON"),
        (b'{"id": "a", "attempt": NaN}', "not JSON"),
        (b'\xef\xbb\xbf{"id": "a"}', "not JSON"),
        (b"[" * 60_000, "nested too deeply"),
        ([], "not an object"),
        (None, "not an object"),
        ("a", "not an object"),
        ({}, "no job id"),
        ({"id": ""}, "no job id"),
        ({"id": "\0"}, "no job id"),
        ({"id": True}, "no job id"),
        ({"id": ["a"]}, "no job id"),
        ({"id": "job-1:1", "jobspec_id": None}, "no job id"),
    ],
)
def test_unparsable(content: object, reason: str) -> None:
    assert parse(content) == refused(reason)


def test_bytes_that_are_not_utf_8_hide_no_job() -> None:
    message = parse(b'{"id": "a:1", "jobspec_id": "a", "error": "\xff"}')
    assert (message.jobspec_id, message.parsed) == ("a", True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (7.0, 7),
        (7.5, None),
        (True, None),
        ("7", None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (10**24, None),
        (10**3000, None),
        (1e300, None),
        ([7], None),
    ],
)
def test_attempts(value: object, expected: int | None) -> None:
    assert parse(ENVELOPE | {"attempt": value}).attempts == expected


def test_a_number_longer_than_python_converts_is_still_json() -> None:
    content = b'{"id": "a", "attempt": ' + b"9" * 10_000 + b"}"
    assert parse(content) == Message(message_id="a", jobspec_id="a", parsed=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-10-14T16:13:17", datetime(2025, 10, 14, 16, 13, 17, tzinfo=UTC)),
        ("2025-10-14t16:13:17.5z", datetime(2025, 10, 14, 16, 13, 17, 500_000, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("yesterday", None),
        (1760458397, None),
        (None, None),
    ],
)
def test_enqueued_at(value: object, expected: datetime | None) -> None:
    assert parse(ENVELOPE | {"enqueued_at": value}).enqueued_at == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0b", "ab"),
        ("a\ud800b", "ab"),
        ("\U0001f600", "\U0001f600"),
        (12345, "12345"),
        ("x" * 300, "x" * 255),
    ],
)
def test_ids(value: object, expected: str) -> None:
    assert parse({"id": value}).jobspec_id == expected


@pytest.mark.parametrize(
    ("error", "stored"),
    [
        ("redis://user:s3cret@host/0 is away", "redis://***@host/0 is away"),
        ("postgres://s3cret@host", "postgres://***@host"),
        ('Authorization: Bearer ey.s3cret, "a"', 'Authorization: Bearer ***, "a"'),
        ('{"api_key": "s3cret", "a": 1}', '{"api_key": "***", "a": 1}'),
        ("password=s3cret&token=s3cret", "password=***&token=***"),
        ("wallet 0x0123456789abcdef0123 is unknown", "wallet *** is unknown"),
        ("ed25519 s3cret-key of asia-pacific does not fit", "ed25519 *** of asia-pacific does not fit"),
        ("unexpected token at offset 17: the signature is invalid", None),
        ("region asia-pacific timed out after 0x1f s", None),
    ],
)
def test_errors_hold_no_secret(error: str, stored: str | None) -> None:
    payload = {"regions": ["asia-pacific"], "wallet_auth": [{"proof": "s3cret-key"}, "short"], "a": 1}
    message = parse(QUEUE_MESSAGE | {"payload": payload, "error": error})
    assert message.error == (stored or error)


def test_errors_are_cut() -> None:
    message = parse(QUEUE_MESSAGE | {"error": "x" * 600})
    assert message.error == "x" * 500


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1])
def test_the_cap(size: int) -> None:
    start = b'{"id": "a:1", "jobspec_id": "a", "payload": "'
    content = start + b"x" * (size - len(start) - 2) + b'"}'
    expected = (
        Message(message_id="a:1", jobspec_id="a", parsed=True)
        if size <= MAX_MESSAGE_BYTES
        else Message(jobspec_id="a", error="larger than 64 KiB")
    )
    assert parse(content) == expected


HUGE = {"payload": "x" * MAX_MESSAGE_BYTES}


@pytest.mark.parametrize(
    ("content", "job"),
    [
        ({"id": "a"} | HUGE, "a"),
        ({"id": "a:1760458397970"} | HUGE | {"jobspec_id": "a"}, "a"),
        ({"id": "a:1", "payload": {"jobspec_id": "other"}, "jobspec_id": "a", "z": HUGE}, "a"),
        ({"payload": {"id": "s3cret"}, "z": HUGE}, None),
        (HUGE | {"id": "a"}, None),
        (["id", HUGE], None),
    ],
)
def test_the_job_of_a_huge_message_is_in_its_head(content: object, job: str | None) -> None:
    assert parse(content).jobspec_id == job


def test_the_job_of_a_deep_message_is_in_its_head() -> None:
    deep = b"[" * 30_000 + b"]" * 30_000  # Python 3.13 reads some 10,000 levels
    named = parse(b'{"id": "a:1", "jobspec_id": "a", "payload": ' + deep + b"}")
    assert named == Message(jobspec_id="a", error="nested too deeply")
    unnamed = parse(b'{"payload": ' + deep + b', "jobspec_id": "a"}')
    assert unnamed == Message(error="nested too deeply", may_hide_job=True)


def test_a_due_time_beyond_the_calendar_is_none() -> None:
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert [moment(seconds) for seconds in (float("inf"), float("nan"), 1e15, -1e15)] == [None] * 4


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
_messages = st.dictionaries(st.sampled_from([*QUEUE_MESSAGE, *ENVELOPE, "other"]), _values)
_contents = st.one_of(
    st.binary(),
    _values.map(lambda value: json.dumps(value).encode()),
    _messages.map(lambda value: json.dumps(value).encode()),
    st.tuples(_messages, st.integers(0, 200)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]]),
)


def assert_postgres_takes(text: Any, length: int) -> None:
    assert text is None or (0 < len(text) <= length and "\0" not in text and text.encode())


@given(_contents, st.booleans())
def test_no_bytes_are_too_strange(content: bytes, huge: bool) -> None:
    message = parse_message(content, len(content) + MAX_MESSAGE_BYTES * huge)
    assert_postgres_takes(message.message_id, 255)
    assert_postgres_takes(message.jobspec_id, 255)
    assert_postgres_takes(message.error, 500)
    for number in (message.attempts, message.max_attempts):
        assert number is None or -(2**63) <= number < 2**63
    assert message.enqueued_at is None or message.enqueued_at.tzinfo is UTC
    assert message.parsed == (message.jobspec_id is not None and not huge) or huge


@given(st.text(st.characters()) | st.integers(), st.integers(1, 300))
def test_clean_text(value: object, length: int) -> None:
    assert_postgres_takes(clean_text(value, length), length)
