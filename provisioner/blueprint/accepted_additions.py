"""Accepted additions (`accepted:`): changes by others that an environment states with an expiry.

Others add to what an environment is made of: the platform team grants access at a management group,
a policy sends logs to a second workspace. `azsec drift` reports each as an addition until the
blueprint states it as `existing: true`, or an entry of `accepted:` names it. An entry names what it
accepts so closely that nothing else slips in: with a pattern it states how many. Each has a reason,
an owner and a last day.

`blueprint.environment` reads the entries; `plan.accepted_additions` matches them with what a plan
or a drift run found.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from string import hexdigits

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.built_in_roles import (
    ROLE_DEFINITION_TYPE,
    UnknownRoleError,
    find_built_in_role,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning
from provisioner.model.guid import is_guid
from provisioner.model.permissions import matches
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.span import Span
from provisioner.model.values import lookup

ROLE_ASSIGNMENTS = "roleAssignments"
"""What an acceptance is about that states no `type`."""

_NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One entry of `accepted:`.

    `type` is the last segment of a type, or all of it; `scope` is the address or the id of what is
    added to, `/` the tenant. `scope`, `principal` and `name` are patterns: `*` stands for any text,
    and case does not matter. `principal` and `role` (a name, or the GUID of its definition) are
    stated for role assignments alone. `expires` is the last day on which it holds.
    """

    type: str
    scope: str
    principal: str | None
    name: str | None
    role: str | None
    reason: str
    owner: str
    expires: date
    at_most: int | None
    span: Span

    @property
    def patterns(self) -> tuple[str, ...]:
        """The stated patterns that hold a `*`."""
        stated = (self.scope, self.principal, self.name)
        return tuple(each for each in stated if each is not None and "*" in each)

    @property
    def most(self) -> int:
        """The number of additions that it may accept."""
        return 1 if self.at_most is None else self.at_most

    @property
    def is_about_access(self) -> bool:
        """Whether it is about role assignments."""
        return self.type.rpartition("/")[2].lower() == ROLE_ASSIGNMENTS.lower()

    def is_for(self, type_name: str) -> bool:
        """Return whether it is about additions of a type, given by its full name."""
        return self.type.lower() in (type_name.lower(), type_name.rpartition("/")[2].lower())

    def holds_at(self, *scopes: str | None) -> bool:
        """Return whether it is about additions to what has one of these names: id or address."""
        return any(scope is not None and matches(self.scope, scope) for scope in scopes)

    def __str__(self) -> str:
        who = self.principal or self.name
        role = f" {self.role}" if self.role else ""
        return f"{self.type}{role} of {who} on {self.scope}"


def check_acceptances(
    acceptances: Sequence[Acceptance], graph: DesiredGraph, catalog: Catalog, today: date
) -> tuple[Diagnostic, ...]:
    """Return warnings of entries that expire within two weeks.

    Raises:
        DiagnosticError: For entries that have expired, that are stated twice, that are about a type
            which adds nothing, that lack what names an addition, whose scope is no address, or
            whose role is not known.
    """
    wrong = [
        *_duplicate_warnings(acceptances),
        *(
            found
            for entry in acceptances
            for found in _validate_entry(entry, graph, catalog, today)
        ),
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    return tuple(
        warning(
            "acceptance-expires",
            f"{entry} is accepted until {entry.expires} by {entry.owner} ({entry.reason}).",
            entry.span,
            "Renew it, or have it removed from Azure.",
        )
        for entry in acceptances
        if entry.expires - today <= _NOTICE
    )


def _duplicate_warnings(acceptances: Iterable[Acceptance]) -> Iterator[Diagnostic]:
    seen: dict[str, Acceptance] = {}
    for entry in acceptances:
        first = seen.setdefault(str(entry).lower(), entry)
        if first is not entry:
            yield error(
                "accepted-twice",
                f"{entry} is accepted at {first.span} already.",
                entry.span,
                "Remove one of them.",
            )


def _validate_entry(
    entry: Acceptance, graph: DesiredGraph, catalog: Catalog, today: date
) -> Iterator[Diagnostic]:
    if entry.expires < today:
        yield error(
            "acceptance-expired",
            f"{entry} was accepted until {entry.expires}.",
            entry.span,
            f"Ask {entry.owner}: renew it, or have it removed from Azure.",
        )
    yield from _validate_subject(entry, graph, catalog)
    if entry.patterns and entry.at_most is None:
        yield error(
            "missing-property",
            f"{entry.patterns[0]!r} is a pattern, and 'atMost' is not stated.",
            entry.span,
            "Add `atMost:` with the number of additions that may match.",
        )
    if entry.scope.startswith("/"):
        if "*" not in entry.scope and entry.scope != "/" and not parse_resource_id(entry.scope):
            yield error(
                "unknown-scope",
                f"{entry.scope!r} is not a resource id.",
                entry.span,
                "Expected the id of a resource, resource group, subscription or management group.",
            )
    elif not any(matches(entry.scope, address) for address in graph.resources):
        yield error(
            "unknown-scope",
            f"there is no resource at {entry.scope!r}.",
            entry.span,
            nearest(entry.scope, list(graph.resources))
            + " Expected an address, or an id that starts with /.",
        )


def _validate_subject(
    entry: Acceptance, graph: DesiredGraph, catalog: Catalog
) -> Iterator[Diagnostic]:
    known = _types_that_add(catalog)
    # A type that azsec does not know is named in full.
    in_full = entry.type.count("/") > 1 and "." in entry.type.partition("/")[0]
    if not in_full and not any(entry.is_for(resource_type.name) for resource_type in known):
        yield error(
            "unknown-type",
            f"{entry.type!r} is not a type of an addition.",
            entry.span,
            nearest(entry.type, sorted({resource_type.kind for resource_type in known})),
        )
    by_access, by_name = ("principal", "role"), ("name",)
    wanted, other = (by_access, by_name) if entry.is_about_access else (by_name, by_access)
    for key in wanted:
        if not getattr(entry, key):
            yield error(
                "missing-property",
                f"an acceptance of {entry.type} takes {key!r}.",
                entry.span,
                "Add it.",
            )
    for key in other:
        if getattr(entry, key):
            yield error(
                "unknown-property",
                f"an acceptance of {entry.type} takes no {key!r}.",
                entry.span,
                "Remove it.",
            )
    if entry.is_about_access and entry.role:
        yield from _validate_role(entry, entry.role, graph)
    if entry.is_about_access and entry.principal and not _may_be_guid(entry.principal):
        is_address = entry.principal in graph.resources
        yield error(
            "not-an-object-id",
            f"no principal has the object id {entry.principal!r}"
            f"{': it is an address' if is_address else ''}.",
            entry.span,
            "Expected a GUID, or a pattern of one (`9d4f2c61-*`). `az ad user show`, `az ad group "
            "show`, `az ad sp show` and `az identity show` print it.",
        )


def _validate_role(entry: Acceptance, role: str, graph: DesiredGraph) -> Iterator[Diagnostic]:
    if is_role_id(role) or role.lower() in _declared_roles(graph):
        return
    try:
        find_built_in_role(role)
    except UnknownRoleError as problem:
        # A name like no other one may be that of a custom role: what was read of the tenant tells.
        if problem.is_misspelled:
            yield error("unknown-role", str(problem), entry.span)


def _may_be_guid(pattern: str) -> bool:
    """Return whether a pattern matches any GUID at all."""
    ends = {0}
    for character in pattern.lower():
        if character == "*":
            ends = set(range(min(ends), len(_A_GUID) + 1))
        else:
            wanted = "-" if character == "-" else "x" if character in hexdigits else ""
            ends = {end + 1 for end in ends if _A_GUID[end : end + 1] == wanted != ""}
        if not ends:
            return False
    return len(_A_GUID) in ends


_A_GUID = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
"""The form of a GUID: `x` is a hexadecimal digit."""


def is_role_id(role: str) -> bool:
    """Return whether a role is named by the id or GUID of its definition, and not by its name."""
    return parse_resource_id(role) is not None or is_guid(role)


def _declared_roles(graph: DesiredGraph) -> Collection[str]:
    """Return the names of the custom roles of a blueprint, in lower case."""
    names = (
        lookup(resource.body, ("properties", "roleName"))
        for resource in graph
        if resource.type.name == ROLE_DEFINITION_TYPE
    )
    return {name.lower() for name in names if isinstance(name, str)}


def _types_that_add(catalog: Catalog) -> list[ResourceType]:
    return [
        resource_type
        for resource_type in catalog
        if resource_type.adds_to
        or (
            resource_type.adds is not None
            and (resource_type.parent is not None or resource_type.scope is Scope.EXTENSION)
        )
    ]
