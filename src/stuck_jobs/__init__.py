"""Stuck Jobs: find where the work of a job pipeline piles up, and say why."""

__version__ = "0.1.0"
