"""dbt is made for one run in a process: where a hundred run there, it keeps what it found out once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

import agate
import pytest
import sqlparse
from dbt import compilation
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.tests import enable_test_caching
from jinja2 import Environment

fire_event = EventManager.fire_event
build_type_tester = agate_helper.build_type_tester
begin_event = BaseEvent.__init__


def prepare_for_many_runs() -> None:
    """Spare dbt in this process what is the same each time, or what nobody hears."""
    enable_test_caching()  # dbt's own: of the syntax trees of macros
    patch = pytest.MonkeyPatch()
    # For an event's text dbt looks through the whole stack at each flag of its adapter, and pytest's is deep.
    patch.setattr(BehaviorFlagRendered, "_default_source", staticmethod(lambda: "an adapter"))
    patch.setattr(EventManager, "fire_event", _fire_what_is_heard)
    patch.setattr(BaseEvent, "__init__", _remember_event)
    patch.setattr(BaseEvent, "__getattr__", _event_field)
    patch.setattr(Environment, "compile", _compiled_once(Environment.compile))
    patch.setattr(agate_helper, "build_type_tester", _type_tester)
    reader = SimpleNamespace(parse=_statement, sql=sqlparse.sql, tokens=sqlparse.tokens)
    patch.setattr(compilation, "sqlparse", reader)


def _fire_what_is_heard(
    manager: EventManager, event: BaseEvent, level: EventLevel | None = None, **others: Any
) -> None:
    """A debug event would become a message for callbacks that throw it away."""
    if manager.loggers or (level or event.level_tag()) != EventLevel.DEBUG:
        fire_event(manager, event, level, **others)


def _type_tester(
    text_columns: Iterable[str], string_null_values: Iterable[str] = ("null", "")
) -> agate.TypeTester:
    """Of each result dbt asks what its columns may be, for which it makes a parser of dates in English."""
    return _known_type_tester(frozenset(text_columns), tuple(string_null_values))


@cache
def _known_type_tester(text_columns: frozenset[str], null_values: tuple[str, ...]) -> agate.TypeTester:
    return build_type_tester(text_columns, null_values)


def _statement(text: str) -> list[sqlparse.sql.Statement]:
    """To put a unit test's rows before a model's CTEs, dbt groups all SQL, and looks how it begins."""
    begins, length = [], 0
    for kind, value in sqlparse.lexer.tokenize(text):
        token = sqlparse.sql.Token(kind, value)
        begins.append(token)
        length += len(value)
        if not (token.is_whitespace or kind in sqlparse.tokens.Comment or token.normalized == "WITH"):
            break
    rest = sqlparse.sql.Token(sqlparse.tokens.Text, text[length:])
    return [sqlparse.sql.Statement([*begins, rest])]


def _remember_event(event: BaseEvent, *arguments: Any, **fields: Any) -> None:
    """Of what nobody hears no message is made."""
    vars(event)["remembered"] = arguments, fields


def _event_field(event: BaseEvent, name: str) -> Any:
    """Asked for what an event does not have yet, or what its message has."""
    if "remembered" in vars(event):
        arguments, fields = vars(event).pop("remembered")
        begin_event(event, *arguments, **fields)
        return getattr(event, name)
    return getattr(object.__getattribute__(event, "pb_msg"), name)


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
