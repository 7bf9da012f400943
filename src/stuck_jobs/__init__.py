"""Stuck Jobs: find where the work of a job pipeline piles up, and say why."""

from importlib.metadata import version

__version__ = version("stuck-jobs")
