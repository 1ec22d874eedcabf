"""The known actions and data actions of Azure RBAC, and checks of an action that a user names.

Azure publishes no complete list that could be shipped: known are the actions that the built-in
roles name, those that read, write and delete the catalog's types, and those behind capabilities.
An action that none of them names may exist all the same, so it is a warning and no error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog.built_in_roles import get_built_in_role, list_built_in_roles
from provisioner.catalog.capabilities import CAPABILITIES
from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import Diagnostic, error, nearest, warning
from provisioner.model.permissions import matches

_VERBS = ("read", "write", "delete", "action", "*")
_SEGMENTS_OF_A_TYPE = 3
"""A pattern with so many segments before its wildcard (`…/secrets/*`) names one type of data; with
fewer (`PROVIDER/vaults/*`), actions of Azure Resource Manager match it too."""


@dataclass(frozen=True)
class Actions:
    """The known actions of one catalog."""

    catalog: Catalog

    def check(self, action: str, *, data: bool) -> Diagnostic | None:
        """Return what is wrong with a question about an action, None for nothing.

        An error is a question that has no answer (no action, an unknown namespace, an action of the
        other kind); a warning is an action that may be misspelled or of the other kind.
        """
        if action == "*":
            return None
        namespace, _, rest = action.partition("/")
        if not rest or action.lower().rpartition("/")[2] not in _VERBS:
            message = f"{action!r} is not an action of Azure RBAC."
            hint = "Expected PROVIDER/TYPE/read, …/write, …/delete or …/NAME/action."
            return error("unknown-action", message, None, hint)
        if namespace != "*" and namespace.lower() not in self._namespaces:
            message = f"{namespace!r} is not the namespace of a known resource provider."
            hint = nearest(namespace, list(self._namespaces.values()))
            return error("unknown-action", message, None, hint)
        if "*" in action:
            return None
        return self._check_kind(action, data=data) or self._check_name(action)

    def _check_kind(self, action: str, *, data: bool) -> Diagnostic | None:
        is_control = action.lower() in self._full_names[False]
        is_data = action.lower() in self._full_names[True] or self._is_within_data_type(action)
        covering = [pattern for pattern in self._wide_data if matches(pattern, action)]
        if data:
            if not is_control or is_data or covering:
                return None
            message = f"{action} is an action of Azure Resource Manager, not a data action."
            return error("wrong-kind-of-action", message, None, "Use --can.")
        if is_control:
            return None
        if is_data:
            message = f"{action} is a data action."
            return error("wrong-kind-of-action", message, None, "Use --data-action.")
        if not covering:
            return None
        return warning(
            "wrong-kind-of-action",
            f"{action} may be a data action: built-in roles grant {covering[0]} as data actions.",
            None,
            "For that, use --data-action.",
        )

    def _check_name(self, action: str) -> Diagnostic | None:
        folded = action.lower()
        if folded in self._full_names[False] or folded in self._full_names[True]:
            return None
        if self._is_within_data_type(action):
            return None
        start = folded.partition("/")[0] + "/"
        near = [name for name in self._all_named if name.lower().startswith(start)]
        return warning(
            "action-not-known",
            f"neither the catalog nor a built-in role names the action {action}: it may be "
            "misspelled.",
            None,
            nearest(action, near),
        )

    def _is_within_data_type(self, action: str) -> bool:
        return any(matches(pattern, action) for pattern in self._data_types)

    @cached_property
    def _patterns(self) -> dict[bool, dict[str, str]]:
        """The actions and patterns of built-in roles, by their lower case; `True` is data."""
        found: dict[bool, dict[str, str]] = {False: {}, True: {}}
        for guid in list_built_in_roles():
            role = get_built_in_role(guid)
            for entry in role.permissions if role is not None else ():
                for data in (False, True):
                    for side in entry.patterns(data=data):
                        found[data].update((pattern.lower(), pattern) for pattern in side)
        return found

    @cached_property
    def _full_names(self) -> dict[bool, dict[str, str]]:
        """The actions that are named in full, by their text in lower case."""
        found: dict[bool, dict[str, str]] = {False: {}, True: {}}
        for data in (False, True):
            patterns = (text for text in self._patterns[data].values() if "*" not in text)
            for text in (*self._actions_of_kind(data=data), *patterns):
                found[data].setdefault(text.lower(), text)
        return found

    def _actions_of_kind(self, *, data: bool) -> Iterator[str]:
        for capability in CAPABILITIES:
            yield from capability.data_actions if data else capability.actions
        if not data:
            for known in self.catalog:
                yield from (f"{known.name}/{verb}" for verb in ("read", "write", "delete"))

    @cached_property
    def _all_named(self) -> tuple[str, ...]:
        return (*self._full_names[False].values(), *self._full_names[True].values())

    @cached_property
    def _namespaces(self) -> dict[str, str]:
        texts = (*self._all_named, *self._patterns[False].values(), *self._patterns[True].values())
        names = (text.partition("/")[0] for text in texts)
        found: dict[str, str] = {}
        for name in names:
            if "*" not in name:
                found.setdefault(name.lower(), name)
        return found

    @cached_property
    def _data_types(self) -> tuple[str, ...]:
        return tuple(
            text
            for text in self._data_wildcards
            if _segments_before_wildcard(text) >= _SEGMENTS_OF_A_TYPE
        )

    @cached_property
    def _wide_data(self) -> tuple[str, ...]:
        return tuple(
            text
            for text in self._data_wildcards
            if 0 < _segments_before_wildcard(text) < _SEGMENTS_OF_A_TYPE
        )

    @cached_property
    def _data_wildcards(self) -> tuple[str, ...]:
        return tuple(text for text in self._patterns[True].values() if "*" in text)


def _segments_before_wildcard(pattern: str) -> int:
    """Return how many whole segments of a pattern come before its wildcard."""
    return pattern.partition("*")[0].count("/")
