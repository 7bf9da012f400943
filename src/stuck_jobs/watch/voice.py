"""What a watch says: one line when something changes, and nothing else."""

from __future__ import annotations

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.gate.formats import last_line, sentence
from stuck_jobs.gate.verdict import Rules, judge
from stuck_jobs.output import say
from stuck_jobs.views.summary import Summary


class Voice:
    """Remembers what was said.

    Args:
        title: of what is watched, for the first line.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._problems: dict[str, str | None] | None = None
        self._troubles: dict[str, str] = {}

    def note(self, summary: Summary) -> tuple[str, bool]:
        """Say which points have changed.

        Args:
            summary: as it is.

        Returns:
            How it is, in a line, and whether any has changed.
        """
        verdict = judge(summary, Rules())
        problems = {finding.point.accumulation_point: finding.problem for finding in verdict.findings}
        status = ": ".join(last_line(verdict))
        before, self._problems = self._problems, problems
        if before is None:
            say(f"{self._title}: {status}")
            return status, True
        for finding in verdict.findings:
            name = finding.point.accumulation_point
            if finding.problem and finding.problem != before.get(name):
                say(f"{name} {sentence(finding)}")
            elif before.get(name) and not finding.problem:
                say(f"{name} is ok again")
        for name in sorted(before.keys() - problems.keys()):
            say(f"{name} is judged no more")
        return status, before != problems

    def trouble(self, what: str, reason: str | None) -> None:
        """Say that something goes wrong, once for each reason, and that it does no more.

        Args:
            what: goes wrong.
            reason: why; None if all is well.
        """
        before = self._troubles.pop(what, None)
        if reason is not None:
            self._troubles[what] = reason
            if reason != before:
                StuckJobsError(f"{what}: {reason}").show()
        elif before is not None:
            say(f"{what}: all is well again")
