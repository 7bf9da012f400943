"""The file that says who owns what, read into rules of which the first that matches holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.look import Traits
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.views.rows import INCIDENT_KINDS, LEVELS

KNOWN = {"level": LEVELS, "incident": INCIDENT_KINDS}
"""The values that there are."""

CONDITIONS = ("level", "queue", "kind", "point", "incident")
CHANNELS = ("webhook_env", "sentry_dsn_env")


@dataclass(frozen=True)
class Rule:
    """Whose something is.

    Attributes:
        owner: who is told.
        webhook_env: the environment variable with the URL of their webhook; None if they have none.
        sentry_dsn_env: the one with their DSN, likewise.
        conditions: the values of each condition, of which one must be a fault's; none match everything.
    """

    owner: str
    webhook_env: str | None = None
    sentry_dsn_env: str | None = None
    conditions: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def needs_traits(self) -> bool:
        """Whether it goes by what only the items tell."""
        return not {"queue", "kind"}.isdisjoint(self.conditions)

    def matches(self, fault: Fault, traits: Traits) -> bool:
        """Whether a fault meets all of the conditions."""
        values: dict[str, Collection[str | None]] = {
            "level": fault.about["levels"],
            "queue": traits.queues,
            "kind": traits.kinds,
            "point": fault.about["points"],
            "incident": [fault.about["incident_kind"]],
        }
        return all(not {*values[name]}.isdisjoint(wanted) for name, wanted in self.conditions.items())


def read_routes(file: Path) -> list[Rule]:
    """The rules of a file.

    Args:
        file: of YAML.

    Raises:
        StuckJobsError: if it is no such list; the message says where.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise StuckJobsError(f"{file} is not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise StuckJobsError(
            f"{file}{where}: {getattr(error, 'problem', None) or 'this is no YAML'}"
        ) from None
    if not isinstance(content, list) or not content:
        raise StuckJobsError(f"{file}: this is no list of rules, such as - {{owner: infra, level: queue, …}}")
    return [_rule(entry, f"{file}, rule {number}") for number, entry in enumerate(content, 1)]


def _rule(entry: Any, where: str) -> Rule:
    if not isinstance(entry, dict):
        raise StuckJobsError(f"{where}: this is no mapping, such as owner: infra")
    known = ("owner", *CONDITIONS, *CHANNELS)
    for name in entry:
        if name not in known:
            raise StuckJobsError(f"{where}: there is no {name}; there are {', '.join(known)}")
    words = {name: _words(entry[name], f"{where}: {name}", name in CONDITIONS) for name in entry}
    single = {name: words[name][0] for name in ("owner", *CHANNELS) if name in words}
    if "owner" not in single or not {*CHANNELS} & single.keys():
        raise StuckJobsError(f"{where}: an owner is needed, and webhook_env or sentry_dsn_env")
    conditions = {name: words[name] for name in CONDITIONS if name in words}
    for name, values in KNOWN.items():
        for value in conditions.get(name, ()):
            if value not in values:
                raise StuckJobsError(f"{where}: there is no {name} {value}; there are {', '.join(values)}")
    return Rule(**single, conditions=conditions)


def _words(value: Any, where: str, may_be_several: bool) -> list[str]:
    words = value if may_be_several and isinstance(value, list) else [value]
    if not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise StuckJobsError(f"{where} must be a word" + (", or a list of words" if may_be_several else ""))
    return words
