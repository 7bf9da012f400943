"""The pages of one incident and of one job, which only a server can have."""

from __future__ import annotations

from typing import Any

from stuck_jobs.report.templates import own, rendered
from stuck_jobs.views.rows import Incident, IncidentItem

TONES = {"stuck": "breached", "unknown": "unknown"}


def incident_page(found: Incident, items: list[IncidentItem], runbooks: str) -> str:
    """The page of an incident.

    Args:
        found: what it is.
        items: the oldest of its items.
        runbooks: where the pages of the points are, as seen from it.
    """
    tone = "breached" if found.severity == "error" else "warn"
    scripts = [own("copy.js")]
    return rendered("incident_page.html", runbooks, scripts, tone=tone, found=found, items=items)


def job_page(told: dict[str, Any], runbooks: str) -> str:
    """The page of a job.

    Args:
        told: what `why.words.as_json` says of it.
        runbooks: where the pages of the points are, as seen from it.
    """
    tone = TONES.get(told["state"], "ok")
    return rendered("job_page.html", runbooks, [own("copy.js")], tone=tone, told=told)
