"""Network rules of public endpoints, and whose access a change of them ends.

The settings are those of "Configure network security" of each service: a switch
(`publicNetworkAccess`), the action for networks that no rule names (`defaultAction`), and lists of
address ranges and subnets. Private endpoints and what `bypass` admits are not affected by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from provisioner.catalog.field import ChangeRule
from provisioner.model.values import Body, lookup

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PublicEndpoint:
    """Where a type states who reaches its public endpoint, by paths of properties.

    `switch` closes the endpoint at any value but Enabled (its default). `closed_by` closes it where
    it is true. `default` admits all networks at Allow, which is what silence means; a type without
    one admits all while `entries` is empty. `entries` are lists of what is admitted else: texts, or
    objects with a `value` or an `id`.
    """

    switch: str | None = None
    closed_by: str | None = None
    default: str | None = None
    entries: tuple[str, ...] = ()

    def narrowing(self) -> ChangeRule:
        """Return the rule of each of these properties (`Field.ends`).

        It gives a sentence where a client that reached the endpoint before a change does not after
        it.
        """

        def judge(before: Body, after: Body) -> str | None:
            if not isinstance(before.get("properties"), Mapping):
                return None
            then, now = self._admitted_entries(before), self._admitted_entries(after)
            if now is None or then == ():
                return None
            if then is None:
                but = f", but for {_entry_names(now)}" if now else ""
                return f"the access from public networks ends{but}"
            lost = [each for each in then if not any(_contains_range(other, each) for other in now)]
            return f"the access from {_entry_names(lost)} ends" if lost else None

        return judge

    def _admitted_entries(self, body: Body) -> tuple[str, ...] | None:
        """Return the networks that reach the endpoint, None for all of them."""
        switch = lookup(body, self.switch.split(".")) if self.switch else None
        if isinstance(switch, str) and switch.lower() != "enabled":
            return ()
        if self.closed_by and lookup(body, self.closed_by.split(".")) is True:
            return ()
        found = tuple(text for path in self.entries for text in _entry_texts(body, path))
        # Without a default action the entries themselves restrict: none of them means everybody
        # (the authorized IP ranges of AKS).
        if self.default is None:
            return found or None
        action = lookup(body, self.default.split("."))
        return found if isinstance(action, str) and action.lower() == "deny" else None


def _entry_texts(body: Body, path: str) -> Sequence[str]:
    listed = lookup(body, path.split("."))
    texts = []
    for entry in listed if isinstance(listed, (list, tuple)) else ():
        named = entry.get("value", entry.get("id")) if isinstance(entry, Mapping) else entry
        texts.append(str(named).lower())
    return texts


def _contains_range(wide: str, narrow: str) -> bool:
    """Return whether what one entry admits is part of what another one does."""
    if wide == narrow:
        return True
    try:
        outer, inner = ip_network(wide, strict=False), ip_network(narrow, strict=False)
    except ValueError:
        return False
    first, last = inner.network_address, inner.broadcast_address
    return outer.version == inner.version and first in outer and last in outer


def _entry_names(entries: Sequence[str]) -> str:
    shown = ", ".join(entries[:_SHOWN])
    return shown + (f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else "")
