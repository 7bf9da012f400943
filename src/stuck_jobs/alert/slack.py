"""What the webhook gets: Slack shows `text` and `blocks`, a machine reads the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from stuck_jobs.alert.notice import headline, is_of_incident
from stuck_jobs.display import humanise
from stuck_jobs.output import legible

ICONS = {
    "opened": "\N{LARGE RED CIRCLE}",
    "worse": "\N{UPWARDS BLACK ARROW}",
    "reminder": "\N{ALARM CLOCK}",
    "flapping": "\N{ANTICLOCKWISE DOWNWARDS AND UPWARDS OPEN CIRCLE ARROWS}",
    "resolved": "\N{WHITE HEAVY CHECK MARK}",
}
"""Of each kind of notice, the gravest first."""

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

MOST_SECTIONS = 48
"""Of faults in a message; Slack refuses one with more than 50 blocks."""

MOST_ITEMS = 3
"""Of each, where a message is about several."""

MOST_POINTS = 8
"""That are named."""

DOT = " \N{MIDDLE DOT} "


def message_of(notice: dict[str, Any]) -> dict[str, Any]:
    """A message about one point."""
    icon = ICONS[notice["kind"]]
    blocks = [_section(f"{icon} *{headline(notice, _code)}*")]
    if notice["items"]:
        blocks.append(_section(_fitting(_item(item) for item in notice["items"])))
    about = f"severity {notice['severity']}{DOT}remedy {notice['remedy']}{_superseded(notice)}"
    blocks.append({"type": "context", "elements": [_markdown(about)]})
    return {"text": f"{icon} {headline(notice, _code)}", "blocks": blocks, "notice": notice}


def digest_of(notices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A message about all incidents of which something is to be told, the gravest first."""
    ordered = sorted(notices, key=_gravity)
    counts = Counter(notice["kind"] for notice in ordered)
    summary = ", ".join(f"{counts[kind]} {kind}" for kind in ICONS if kind in counts)
    heads = [_head(notice) for notice in ordered]
    blocks = [_section(f"*{summary}*")] if len(ordered) > 1 else []
    blocks += [_section(_fitting(_fault(notice, len(ordered)))) for notice in ordered[:MOST_SECTIONS]]
    if len(ordered) > MOST_SECTIONS:
        blocks.append(_section(f"and {len(ordered) - MOST_SECTIONS} more"))
    return {"text": _fitting(heads), "blocks": blocks, "notices": ordered}


def message(notices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A message about one point, or about any number of incidents."""
    (first, *_) = notices
    return digest_of(notices) if is_of_incident(first) else message_of(first)


def _gravity(notice: dict[str, Any]) -> tuple[int, bool, int]:
    return [*ICONS].index(notice["kind"]), notice["severity"] != "error", -notice["stuck_count"]


def _fault(notice: dict[str, Any], among: int) -> Iterator[str]:
    """What is told of an incident, line by line."""
    yield _head(notice, "*")
    yield _reach(notice)
    if notice.get("note"):
        yield _escape(notice["note"])
    if notice["kind"] != "resolved":
        yield _steps(notice)
        if notice["evidence"]:
            yield _code(notice["evidence"], EVIDENCE_LENGTH)
        items = notice["items"][:MOST_ITEMS] if among > 1 else notice["items"]
        yield from map(_item, items)


def _head(notice: dict[str, Any], emphasis: str = "") -> str:
    words = headline(notice, lambda title: _code(title, EVIDENCE_LENGTH))
    return f"{ICONS[notice['kind']]} {emphasis}{words}{emphasis}"


def _reach(notice: dict[str, Any]) -> str:
    """How far it reaches, or has reached."""
    points = notice["points"]
    named = ", ".join(map(_code, points[:MOST_POINTS]))
    more = f" and {len(points) - MOST_POINTS} more points" if len(points) > MOST_POINTS else ""
    jobs = "" if notice["jobs"] is None else f", {notice['jobs']} jobs"
    words = [f"{notice['stuck_count']} items{jobs} at {named}{more}", f"severity {notice['severity']}"]
    if notice["started_at"]:
        lasted = datetime.fromisoformat(notice["at"]) - datetime.fromisoformat(notice["started_at"])
        words.append(f"for {humanise(max(int(lasted.total_seconds()), 0))}")
    if notice.get("owner"):
        words.append(f"owner {_code(notice['owner'])}")
    return DOT.join(words) + _superseded(notice)


def _steps(notice: dict[str, Any]) -> str:
    """What to do first, and where to read on."""
    places = dict.fromkeys([notice["first_step"], notice["runbook"]])
    words = [f"first {', then '.join(map(_code, places))}"]
    if notice["link"]:
        words.append(f"<{_escape(notice['link'])}|open the report>")
    return DOT.join(words)


def _superseded(notice: dict[str, Any]) -> str:
    superseded = notice.get("superseded")
    return f"{DOT}in place of {superseded} that could not be delivered" if superseded else ""


def _item(item: dict[str, Any]) -> str:
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
