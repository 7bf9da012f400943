"""An explanation for people: a line for each fact, so that nothing is cut off on a narrow terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from stuck_jobs.display import explain, humanise
from stuck_jobs.output import legible
from stuck_jobs.views.rows import Incident
from stuck_jobs.why.found import Explanation, FoundItem, Moment
from stuck_jobs.why.words import recovery, until, verdict, waits

TOO_LONG = ("not known: so much is stuck that to find out takes too long",)

SHOWN = 30
"""Moments; of a longer timeline those in between are left out."""


def lines(found: Explanation) -> Iterator[str]:
    """What is to be printed, line by line."""
    job = found.job
    about = [job.status or "no status"]
    about += [f"{word} {name}" for word, name in (("queue", job.queue_name), ("kind", job.job_kind)) if name]
    yield f"job {job.name} (id {job.job_id}): {', '.join(about)}"
    yield verdict(found)
    if (waited := waits(found)) and found.job.phase != "closed":
        yield f"It waits for {waited}."
    yield from _section("Timeline (UTC)", _timeline(found))
    yield from _section("Stuck at", map(_item, found.items))
    yield from _section("It depends on", map(_item, found.around))
    yield from _section("Incident", TOO_LONG if found.incidents is None else map(_fault, found.incidents))
    remedies = recovery(found)
    yield from _section("What recovery would do", TOO_LONG if remedies is None else map(_remedy, remedies))
    yield from _section("It moves when", until(found))
    yield from _section(
        "Not known",
        (f"{point.accumulation_point}: {point.evidence or 'no evidence'}" for point in found.unknown),
    )


def _section(title: str, facts: Iterable[str]) -> Iterator[str]:
    told = list(facts)
    if told:
        yield ""
        yield title
        yield from (f"  {fact}" for fact in told)


def _timeline(found: Explanation) -> Iterator[str]:
    moments = found.timeline
    half = SHOWN // 2
    for place, moment in enumerate(moments):
        if len(moments) <= SHOWN or place < half or place >= len(moments) - half:
            yield _moment(moment, found.job.read_at)
        elif place == half:
            yield f"... {len(moments) - 2 * half} more, see --format json ..."


def _moment(moment: Moment, now: datetime) -> str:
    what = f"{moment.what}: {legible(moment.detail)}" if moment.detail else moment.what
    if moment.at is None:
        return f"{'at no known time':<19}  {'':>13}  {what}"
    seconds = int((now - moment.at).total_seconds())
    away = f"{humanise(seconds, 1)} ago" if seconds >= 0 else f"in {humanise(-seconds, 1)}"
    return f"{moment.at:%Y-%m-%d %H:%M:%S}  {away:>10}  {what}"


def _item(item: FoundItem) -> str:
    what = "" if item.entity_type == "job" else f", {item.entity_type} {item.entity_id}"
    age = f" for {humanise(item.age_seconds)}, stuck from {humanise(item.threshold_seconds)} on"
    facts = explain(item.queue_name, item.job_kind, item.evidence)
    return f"{item.accumulation_point} ({item.cause}){what}{age}" + (f": {facts}" if facts else "")


def _fault(fault: Incident) -> str:
    return f"{fault.incident_id}  {fault.title}; {fault.first_step}"


def _remedy(told: Mapping[str, str | None]) -> str:
    what = "" if told["entity_type"] == "job" else f", {told['entity_type']} {told['entity_id']}"
    if told["change"]:
        return f"{told['accumulation_point']}{what}: {told['remedy']}, {told['change']}: {told['command']}"
    command = f": {told['command']}" if told["command"] else ""
    return f"{told['accumulation_point']}{what}: left alone: {told['left_alone']}{command}"
