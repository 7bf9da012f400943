"""Keep an answer as short as an assistant can use, and have it say what was left out."""

from __future__ import annotations

from typing import Any

from stuck_jobs.output import to_json

MOST_CHARACTERS = 20_000
"""Of an answer."""


def bounded(answer: dict[str, Any]) -> str:
    """The answer in JSON; of long lists the beginning, and `left_out` says how much is not there.

    Args:
        answer: whose lists stand at its first level.
    """
    lists = {name: len(value) for name, value in answer.items() if isinstance(value, list)}
    shown = dict(answer)
    while len(text := to_json(shown | _left_out(shown, lists))) > MOST_CHARACTERS:
        longest = max(lists, key=lambda name: len(to_json(shown[name])), default=None)
        if longest is None or not shown[longest]:
            break
        shown[longest] = shown[longest][: len(shown[longest]) // 2]
    return text


def _left_out(shown: dict[str, Any], lists: dict[str, int]) -> dict[str, Any]:
    missing = {name: count - len(shown[name]) for name, count in lists.items() if count > len(shown[name])}
    return {"left_out": missing} if missing else {}
