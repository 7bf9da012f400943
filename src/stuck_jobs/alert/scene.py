"""What there is to tell by incident, from the points and the incidents, without a clock or a database.

Nothing is over because it cannot be seen: an incident that was told lasts as long as a point that it had
reached is unknown, or over its limit for a reason that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stuck_jobs.alert.changes import OK, RANKS, Told
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.notice import title_of
from stuck_jobs.views.incidents import Incidents
from stuck_jobs.views.rows import Incident, Point

POINT = "point:"
"""Begins the key of a point that is told of by itself."""

ELSEWHERE = "what is over its limit there is for other faults"
KNOWN_AGAIN = "it is known again, and over its limit: see its incident"


@dataclass(frozen=True)
class Scene:
    """How it is.

    Attributes:
        points: all that are enabled, by name.
        incidents: what broke.
        is_whole: whether these are all incidents.
        report_url: of the page with them; None if there is none.
    """

    points: Mapping[str, Point]
    incidents: Sequence[Incident]
    is_whole: bool
    report_url: str | None = None

    @classmethod
    def of(cls, points: Sequence[Point], found: Incidents | None, report_url: str | None) -> Scene:
        """What was read; None of the incidents if they could not be."""
        by_name = {point.accumulation_point: point for point in points}
        if found is None:
            return cls(by_name, [], False, report_url)
        return cls(by_name, found.worst, found.more == 0, report_url)

    @cached_property
    def breached(self) -> set[str]:
        """The points over their limit."""
        return {name for name, point in self.points.items() if point.state == "breached"}

    @cached_property
    def unknown(self) -> set[str]:
        """The points of which nobody knows."""
        return {name for name, point in self.points.items() if point.state == "unknown"}

    @cached_property
    def explained(self) -> set[str]:
        """The points over their limit that an incident speaks for."""
        return self.breached & {name for incident in self.incidents for name in incident.points}

    def faults(self, before: Mapping[str, Told]) -> Iterator[Fault]:
        """What is there, what may still be, and what is over.

        Args:
            before: what was told by incident.
        """
        alarming = [self._incident(incident) for incident in self.incidents if self._over_limit(incident)]
        yield from alarming
        left = {key: told for key, told in before.items() if key not in {fault.key for fault in alarming}}
        lasting = [_as_it_was(key, told) for key, told in left.items() if self._may_last(told)]
        yield from lasting
        covered = self.explained.union(*(fault.points for fault in lasting))
        alone = [self._point(name) for name in sorted(self.unknown | (self.breached - covered))]
        yield from alone
        present = {fault.key for fault in [*lasting, *alone]}
        yield from (self._over(key, told) for key, told in left.items() if key not in present)

    def is_taken_over(self, key: str, told: Told) -> bool:
        """Whether a point was told by itself, and has an incident by now that speaks for it."""
        name = key.removeprefix(POINT)
        return name != key and told.told_state == "breached" and name in self.explained

    def point_about(self, name: str) -> dict[str, Any]:
        """What is told of a point, also of one that is enabled no more."""
        point = self.points.get(name)
        page = runbook(name)
        return {
            "incident_id": None,
            "incident_kind": None,
            "title": title_of(point) if point else f"{name} is judged no more",
            "state": point.state if point else OK,
            "severity": point.severity if point else "warn",
            "levels": [point.level] if point else [],
            "points": [name],
            "over_limit": [name] if point and point.state == "breached" else [],
            "stuck_count": point.stuck_count if point else 0,
            "jobs": None,
            "scope": name,
            "started_at": None,
            "evidence": point.evidence if point else None,
            "first_step": page,
            "runbook": page,
            "link": self.report_url,
        }

    def _over_limit(self, incident: Incident) -> list[str]:
        return [name for name in incident.points if name in self.breached]

    def _incident(self, incident: Incident) -> Fault:
        names = self._over_limit(incident)
        severity = max((self.points[name].severity for name in names), key=RANKS.__getitem__)
        about = {
            "incident_id": incident.incident_id,
            "incident_kind": incident.kind,
            "title": incident.title,
            "state": "breached",
            "severity": severity,
            "levels": sorted({self.points[name].level for name in names}),
            "points": incident.points,
            "over_limit": names,
            "stuck_count": incident.items,
            "jobs": incident.jobs,
            "scope": incident.scope,
            "started_at": incident.started_at.isoformat() if incident.started_at else None,
            "evidence": incident.evidence,
            "first_step": incident.first_step,
            "runbook": runbook(_first(incident, names)),
            "link": self.report_url and f"{self.report_url}#incident-{incident.incident_id}",
        }
        return Fault(incident.incident_id, "breached", severity, incident.items, about, tuple(names))

    def _point(self, name: str) -> Fault:
        point = self.points[name]
        return Fault(POINT + name, point.state, point.severity, point.stuck_count, self.point_about(name))

    def _may_last(self, told: Told) -> bool:
        """Whether an incident that is not seen is not proven to be over."""
        unexplained = self.breached - self.explained if self.is_whole else self.breached
        return bool(told.seen_state != OK and not self.unknown.union(unexplained).isdisjoint(told.reached))

    def _over(self, key: str, told: Told) -> Fault:
        about = dict(told.about or {})
        name = key.removeprefix(POINT)
        if name != key:
            about = self.point_about(name) | ({"note": KNOWN_AGAIN} if name in self.breached else {})
        elif not self.breached.isdisjoint(told.reached):
            about["note"] = ELSEWHERE
        return Fault(key, OK, told.told_severity, 0, about | {"state": OK})


def runbook(point: str) -> str:
    """Where the page of a point is."""
    return f"docs/points/{point}.md"


def _first(incident: Incident, over_limit: Sequence[str]) -> str:
    """The point that its first step names, or else one that is over its limit."""
    words = re.findall(r"\w+", incident.first_step)
    return next((name for name in incident.points if name in words), over_limit[0])


def _as_it_was(key: str, told: Told) -> Fault:
    """An incident that is not seen, as it was when it was."""
    count = max(told.told_count, 1)
    severity = told.told_severity
    return Fault(key, told.seen_state, severity, count, dict(told.about or {}), told.reached)
