"""Matching of additions with the `accepted:` entries of an environment, and faulty entries.

An entry accepts no more than it names. Where more match than it allows, or a role that was assigned
allows more than the named one, nothing of the surplus is accepted: Azure does not show which of
them was meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.blueprint.accepted_additions import Acceptance, is_role_id
from provisioner.catalog.built_in_roles import (
    ROLE_DEFINITION_TYPE,
    find_built_in_role,
    get_built_in_role,
)
from provisioner.catalog.registry import Catalog
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.permissions import Permission, is_within, matches, parse_permissions
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup
from provisioner.plan.additions import Addition

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Accepted:
    """An addition, and the entry of the environment that accepts it."""

    addition: Addition
    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class SortedAdditions:
    """The additions that remain, those that are accepted, and the errors in the entries.

    An entry is wrong where it matches more than it names, or nothing.
    """

    left: tuple[Addition, ...]
    accepted: tuple[Accepted, ...]
    exceeded: tuple[Diagnostic, ...]
    unused: tuple[Diagnostic, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All that is wrong."""
        return (*self.exceeded, *self.unused)


def sort_additions(
    additions: Sequence[Addition],
    acceptances: Sequence[Acceptance],
    state: ActualState,
    catalog: Catalog,
) -> SortedAdditions:
    """Return the additions as the environment's acceptances divide them."""
    roles = Roles.of(state)
    fitting: dict[int, list[Addition]] = {}
    wider: dict[int, list[Addition]] = {}
    for addition in additions:
        about = [
            number
            for number, entry in enumerate(acceptances)
            if _is_about(entry, addition, catalog)
        ]
        # The entry that names the very role comes before one whose role allows more.
        fits = sorted(
            (number for number in about if roles.allow(acceptances[number], addition)),
            key=lambda number: (not roles.name(acceptances[number], addition), number),
        )
        for number in fits[:1]:
            fitting.setdefault(number, []).append(addition)
        for number in about if not fits else ():
            wider.setdefault(number, []).append(addition)
    surplus = {n: found for n, found in fitting.items() if len(found) > acceptances[n].most}
    accepted = {
        addition.id.key: Accepted(addition, acceptances[number])
        for number, found in fitting.items()
        if number not in surplus
        for addition in found
    }
    return SortedAdditions(
        tuple(addition for addition in additions if addition.id.key not in accepted),
        tuple(accepted[key] for key in sorted(accepted)),
        tuple(
            diagnostic
            for number, entry in enumerate(acceptances)
            for diagnostic in _exceeded_warnings(
                entry, surplus.get(number, ()), wider.get(number, ()), roles
            )
        ),
        tuple(
            warning(
                "acceptance-unused",
                f"{entry} matches nothing in what was read.",
                entry.span,
                f"It may be gone: remove the entry.{_near_miss(entry, additions, catalog)}",
            )
            for number, entry in enumerate(acceptances)
            if number not in fitting and number not in wider
        ),
    )


def _is_about(entry: Acceptance, addition: Addition, catalog: Catalog) -> bool:
    """Return whether an entry matches an addition, whatever role that may give."""
    known = catalog.of(addition.id)
    if not entry.is_for(known.name if known is not None else addition.id.type):
        return False
    return entry.holds_at(_scope_of(addition), addition.address) and _matches_principal(
        entry, addition
    )


def _matches_principal(entry: Acceptance, addition: Addition) -> bool:
    """Return whether an entry names the principal of an addition, or its own name."""
    if entry.principal is not None:
        principal = lookup(addition.body, ("properties", "principalId"))
        return isinstance(principal, str) and matches(entry.principal, principal)
    return entry.name is not None and matches(entry.name, addition.id.name)


def _scope_of(addition: Addition) -> str:
    return addition.on.text if addition.on is not None else "/"


def _near_miss(entry: Acceptance, additions: Sequence[Addition], catalog: Catalog) -> str:
    """Return which addition an entry would match but for one thing that it states, "" for none."""
    for addition in additions:
        known = catalog.of(addition.id)
        if not entry.is_for(known.name if known is not None else addition.id.type):
            continue
        at = addition.address or _scope_of(addition)
        if _matches_principal(entry, addition):
            return f" {addition.id} is on {at}, and not on {entry.scope}."
        if entry.principal is None and entry.holds_at(_scope_of(addition), addition.address):
            return f" On {at} is {addition.id.name}, and not {entry.name}."
    return ""


def _exceeded_warnings(
    entry: Acceptance,
    surplus: Sequence[Addition],
    wider: Sequence[Addition],
    roles: "Roles",
) -> Iterator[Diagnostic]:
    if surplus:
        yield warning(
            "acceptance-exceeded",
            f"{entry} accepts {entry.most} and matches {len(surplus)}: "
            f"{_labels_of_additions(surplus)}. None of them is accepted.",
            entry.span,
            "Remove unknown additions from Azure, or raise `atMost:`.",
        )
    for addition in wider[:_MOST_NAMED]:
        yield warning(
            "acceptance-exceeded",
            f"{entry} does not accept {addition.id}: the role {_role_name(addition, roles)} is not "
            f"known to grant no more than {entry.role}.",
            entry.span,
            "Have it removed from Azure, or accept the role that it gives.",
        )


def _role_name(addition: Addition, roles: "Roles") -> str:
    given = role_given(addition)
    return roles.name_of(given) if given is not None else "that it gives"


def _labels_of_additions(additions: Sequence[Addition]) -> str:
    shown = ", ".join(addition.id.text for addition in additions[:_MOST_NAMED])
    more = len(additions) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True)
class Roles:
    """Azure's built-in roles and the custom roles that a read found.

    Both are by the GUID of their definition in lower case, with name and permissions (None where
    those cannot be read).
    """

    custom: Mapping[str, tuple[str, tuple[Permission, ...] | None]]
    _meant: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    _within: dict[tuple[str, str], bool] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(state: ActualState) -> "Roles":
        """Return what is known with a state."""
        custom: dict[str, tuple[str, tuple[Permission, ...] | None]] = {}
        for hit in state.found.values():
            if hit.id.type.lower() == ROLE_DEFINITION_TYPE.lower():
                name = lookup(hit.body, ("properties", "roleName"))
                text = name if isinstance(name, str) else hit.id.name
                custom[hit.id.name.lower()] = (text, _permissions_in(hit.body))
        return Roles(custom)

    def name_of(self, role: ResourceId) -> str:
        """Return the name of a role, or the GUID of its definition where nothing tells the name."""
        guid = role.name.lower()
        built_in = get_built_in_role(guid)
        if built_in is not None:
            return built_in.name
        return self.custom[guid][0] if guid in self.custom else role.name

    def name(self, entry: Acceptance, addition: Addition) -> bool:
        """Return whether an entry names the very role that an addition gives."""
        given = role_given(addition)
        if entry.role is None or given is None:
            return entry.role is None
        return given.name.lower() in self._named_by(entry.role)

    def allow(self, entry: Acceptance, addition: Addition) -> bool:
        """Return whether an addition gives no more than the role that an entry names.

        A role whose permissions are unknown counts as more.
        """
        if self.name(entry, addition):
            return True
        given = role_given(addition)
        if entry.role is None or given is None:
            return False
        inner = given.name.lower()
        return any(self._is_within(inner, outer) for outer in self._named_by(entry.role))

    def _is_within(self, inner: str, outer: str) -> bool:
        if (inner, outer) not in self._within:
            narrow, wide = self._permissions_of(inner), self._permissions_of(outer)
            self._within[inner, outer] = (
                narrow is not None and wide is not None and is_within(narrow, wide)
            )
        return self._within[inner, outer]

    def _named_by(self, role: str) -> frozenset[str]:
        """Return the GUIDs of the definitions that the role of an entry means."""
        if role not in self._meant:
            self._meant[role] = self._role_ids_named(role)
        return self._meant[role]

    def _role_ids_named(self, role: str) -> frozenset[str]:
        if is_role_id(role):
            return frozenset({role.rpartition("/")[2].lower()})
        try:
            return frozenset({find_built_in_role(role)})
        except ValueError:  # a custom one
            named = (guid for guid, (n, _) in self.custom.items() if n.lower() == role.lower())
            return frozenset(named)

    def _permissions_of(self, guid: str) -> tuple[Permission, ...] | None:
        built_in = get_built_in_role(guid)
        if built_in is not None:
            return built_in.permissions
        return self.custom[guid][1] if guid in self.custom else None


def role_given(addition: Addition) -> ResourceId | None:
    """Return the definition of the role that an assignment gives.

    None for other additions, and where the assignment cannot be read.
    """
    role = parse_resource_id(lookup(addition.body, ("properties", "roleDefinitionId")))
    return role if role is not None and role.type.lower() == ROLE_DEFINITION_TYPE.lower() else None


def _permissions_in(body: Body) -> tuple[Permission, ...] | None:
    try:
        return parse_permissions(lookup(body, ("properties", "permissions")))
    except ValueError:
        return None
