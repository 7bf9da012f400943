"""Who is told of what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stuck_jobs.alert.changes import Told
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.look import Traits, Way
from stuck_jobs.alert.routes import Rule
from stuck_jobs.alert.store import AlertStore

if TYPE_CHECKING:
    from stuck_jobs.alert.channels import Channel


@dataclass(frozen=True)
class Recipients:
    """The channels.

    Attributes:
        everybodys: those of whatever no rule is for.
        rules: of those that have an owner.
        owned: by the owner.
    """

    everybodys: Sequence[Channel]
    rules: Sequence[Rule] = ()
    owned: Mapping[str, Sequence[Channel]] = dataclasses.field(default_factory=dict)

    @property
    def channels(self) -> list[Channel]:
        """All of them."""
        return [*self.everybodys, *(channel for channels in self.owned.values() for channel in channels)]

    def channels_of(self, owner: str | None) -> list[str]:
        """The names of an owner's channels, or of everybody's."""
        return [channel.name for channel in (self.owned[owner] if owner else self.everybodys)]

    def kept(self, fault: Fault, told: Told | None) -> Fault:
        """A fault with the owner that was told of it, if there still is one."""
        before = told.about if told and told.about else {}
        if "owner" not in before or before["owner"] not in {None, *self.owned}:
            return fault
        return dataclasses.replace(fault, about=fault.about | {"owner": before["owner"]})

    def addressed(
        self, store: AlertStore, way: Way, faults: Sequence[Fault], before: Mapping[str, Told]
    ) -> list[Fault]:
        """Faults with their owners: who is told of one hears all of it.

        Args:
            store: the tables.
            way: by which they were found.
            faults: to be told of.
            before: what was told of each.
        """
        kept = [self.kept(fault, before.get(fault.key)) for fault in faults]
        if not self.rules:
            return kept
        new = [fault for fault in kept if "owner" not in fault.about]
        needs_traits = any(rule.needs_traits for rule in self.rules)
        traits = way.traits(store, new) if new and needs_traits else {}
        owners = {fault.key: self._owner(fault, traits.get(fault.key, Traits())) for fault in new}
        return [
            dataclasses.replace(fault, about={"owner": owners.get(fault.key), **fault.about})
            for fault in kept
        ]

    def _owner(self, fault: Fault, traits: Traits) -> str | None:
        return next((rule.owner for rule in self.rules if rule.matches(fault, traits)), None)
