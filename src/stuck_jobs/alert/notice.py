"""What is told of a point: words for people, fields for machines, and nothing that is secret."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from stuck_jobs.display import humanise
from stuck_jobs.output import legible
from stuck_jobs.views.rows import Item, Point

ICONS = {
    "opened": "\N{LARGE RED CIRCLE}",
    "worse": "\N{UPWARDS BLACK ARROW}",
    "reminder": "\N{ALARM CLOCK}",
    "flapping": "\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}",
    "resolved": "\N{WHITE HEAVY CHECK MARK}",
}

ID_LENGTH = 120
"""Characters of an id; of a longer one the rest is cut off."""

EVIDENCE_LENGTH = 200
"""Likewise of a sentence."""

OF_ITEMS = {"queue": "queue_name", "kind": "job_kind"}
"""What is told of an item where it is known."""

BACKTICK = "\\x60"
"""As `legible` would write what ends a text in code."""

SLACKS_LIMIT = 3000
"""Characters of a section; Slack refuses a message with a longer one."""


def compose(kind: str, point: Point, items: list[Item], now: datetime) -> dict[str, Any]:
    """A notice, as it is kept until every channel has it.

    Args:
        kind: opened, worse, reminder, flapping or resolved.
        point: that it is about.
        items: the oldest that are stuck there.
        now: the time of the run.
    """
    return {
        "id": uuid.uuid4().hex,
        "kind": kind,
        "at": now.isoformat(),
        "superseded": 0,
        **{told.name: getattr(point, told.name) for told in dataclasses.fields(Point)},
        "items": [dataclasses.asdict(item) for item in items],
    }


def headline(notice: dict[str, Any], quoted: Callable[[str], str] = legible) -> str:
    """One line for people, of words that are ours.

    Args:
        notice: see `compose`.
        quoted: how the evidence stands in it, which names tables and queues.
    """
    about = f"{notice['kind']}: {notice['accumulation_point']} ({notice['level']})"
    if notice["state"] == "unknown":
        evidence = notice.get("evidence")
        return f"{about}: unknown, {quoted(evidence) if evidence else 'its evidence is missing or too old'}"
    words = f"{about}: {notice['stuck_count']} stuck, {notice['max_count']} allowed"
    if notice["stuck_count"]:
        words += f", the oldest for {humanise(notice['oldest_age_seconds'])}"
    return words


def slack_message(notice: dict[str, Any]) -> dict[str, Any]:
    """What the webhook gets: Slack shows `text` and `blocks`, a machine reads `notice`."""
    icon = ICONS[notice["kind"]]
    blocks = [_section(f"{icon} *{headline(notice, _code)}*")]
    if notice["items"]:
        blocks.append(_section(_fitting(_line(item) for item in notice["items"])))
    about = f"severity {notice['severity']} \N{MIDDLE DOT} remedy {notice['remedy']}"
    if superseded := notice.get("superseded"):
        about += f" \N{MIDDLE DOT} in place of {superseded} that could not be delivered"
    blocks.append({"type": "context", "elements": [_markdown(about)]})
    return {"text": f"{icon} {headline(notice, _code)}", "blocks": blocks, "notice": notice}


def _line(item: dict[str, Any]) -> str:
    what = _code(item["jobspec_id"] or item["entity_id"])
    if not item["jobspec_id"]:
        what = f"{_escape(item['entity_type'])} {what}"
    told = [humanise(item["age_seconds"]), _escape(item["cause"])]
    told += [f"{name} {_code(item[key])}" for name, key in OF_ITEMS.items() if item.get(key)]
    if item.get("evidence"):
        told.append(_code(item["evidence"], EVIDENCE_LENGTH))
    return f"\N{BULLET} {what}: {', '.join(told)}"


def _code(text: str, length: int = ID_LENGTH) -> str:
    """A text in which nothing is a mention, a link or an emphasis."""
    return f"`{_escape(text, length).replace('`', BACKTICK)}`"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _markdown(text)}


def _fitting(lines: Iterable[str]) -> str:
    """As many whole lines as Slack takes."""
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        if len(longer) > SLACKS_LIMIT:
            break
        text = longer
    return text


def _markdown(text: str) -> dict[str, Any]:
    """In which Slack makes no link or mention of what only looks like one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escape(text: str, length: int | None = None) -> str:
    return legible(text, length).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
