"""dbt is made for one run in a process: where a hundred run there, it keeps what it found out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.tests import enable_test_caching
from jinja2 import Environment

fire_event = EventManager.fire_event


def prepare_for_many_runs() -> None:
    """Spare dbt in this process what is the same each time, or what nobody hears."""
    enable_test_caching()  # dbt's own: of the syntax trees of macros
    patch = pytest.MonkeyPatch()
    # For an event's text dbt looks through the whole stack at each flag of its adapter, and pytest's is deep.
    patch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "an adapter"))
    patch.setattr(EventManager, "fire_event", _fire_what_is_heard)
    patch.setattr(Environment, "compile", _compiled_once(Environment.compile))


def _fire_what_is_heard(
    manager: EventManager, event: BaseEvent, level: EventLevel | None = None, **others: Any
) -> None:
    """A debug event would become a message for callbacks that throw it away."""
    if manager.loggers or (level or event.level_tag()) != EventLevel.DEBUG:
        fire_event(manager, event, level, **others)


def _compiled_once(compile_template: Callable[..., Any]) -> Callable[..., Any]:
    """The same text in the same kind of environment is the same code."""
    compiled: dict[tuple[Any, ...], Any] = {}

    def compile_or_recall(environment: Environment, source: Any, *others: Any, **named: Any) -> Any:
        if named or not isinstance(source, str):
            return compile_template(environment, source, *others, **named)
        key = (type(environment), source, *others)
        if key not in compiled:
            compiled[key] = compile_template(environment, source, *others)
        return compiled[key]

    return compile_or_recall
