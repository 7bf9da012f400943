"""What is told of a point: words for people, fields for machines, and nothing that is secret."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime
from typing import Any

from stuck_jobs.display import humanise
from stuck_jobs.summary import Item, Point

ICONS = {
    "opened": "\N{LARGE RED CIRCLE}",
    "worse": "\N{UPWARDS BLACK ARROW}",
    "reminder": "\N{ALARM CLOCK}",
    "flapping": "\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}",
    "resolved": "\N{WHITE HEAVY CHECK MARK}",
}

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
        **{told.name: getattr(point, told.name) for told in dataclasses.fields(Point)},
        "items": [dataclasses.asdict(item) for item in items],
    }


def headline(notice: dict[str, Any]) -> str:
    """One line for people."""
    about = f"{notice['kind']}: {notice['accumulation_point']} ({notice['level']})"
    if notice["state"] == "unknown":
        return f"{about}: unknown, its evidence is missing or too old"
    words = f"{about}: {notice['stuck_count']} stuck, {notice['max_count']} allowed"
    if notice["stuck_count"]:
        words += f", the oldest for {humanise(notice['oldest_age_seconds'])}"
    return words


def slack_message(notice: dict[str, Any]) -> dict[str, Any]:
    """What the webhook gets: Slack shows `text` and `blocks`, a machine reads `notice`."""
    icon = ICONS[notice["kind"]]
    blocks = [_section(f"{icon} *{_escape(headline(notice))}*")]
    if notice["items"]:
        blocks.append(_section("\n".join(_line(item) for item in notice["items"])))
    about = f"severity {notice['severity']} \N{MIDDLE DOT} remedy {notice['remedy']}"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": about}]})
    return {"text": f"{icon} {_escape(headline(notice))}", "blocks": blocks, "notice": notice}


def _line(item: dict[str, Any]) -> str:
    what = item["jobspec_id"] or f"{item['entity_type']} {item['entity_id']}"
    return f"\N{BULLET} {_escape(what[:120])}: {humanise(item['age_seconds'])}, {item['cause']}"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SLACKS_LIMIT]}}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
