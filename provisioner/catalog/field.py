"""Facts about one property of an ARM type that its SDK model does not state.

A fact is written in the file of its type, under the property's path: wire names joined by dots,
`[]` for the entries of a list or map (`properties.agentPoolProfiles[].count`). An entry of a map
may stand by its key instead (`properties.addonProfiles.azurepolicy.enabled`), and then comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from provisioner.model.values import ABSENT, Absent, Body, Json


class Compare(StrEnum):
    """How two values of a property are held against each other.

    `EXACT` is the rule of scalars without one of their own. A list is compared by position when
    `ORDERED`, as a bag when `SET`, and entry by entry when its field names `keys`. `VERSION`
    takes a prefix for the whole (1.33 is 1.33.5). `IGNORED` is never compared.
    """

    EXACT = "exact"
    CASELESS = "caseless"
    LOCATION = "location"
    RESOURCE_ID = "resource id"
    CIDR = "CIDR"
    VERSION = "version"
    DURATION = "duration"
    TIMESTAMP = "timestamp"
    ORDERED = "ordered"
    SET = "set"
    IGNORED = "ignored"


class Owner(StrEnum):
    """Who writes a property. What the blueprint does not own is never planned back."""

    BLUEPRINT = "blueprint"
    SERVICE = "service"
    AUTOSCALER = "autoscaler"
    UPGRADE_CHANNEL = "upgrade channel"
    POLICY = "policy"


class Disruption(StrEnum):
    """What a change does to what runs on the resource, from harmless to worst."""

    NONE = "no disruption"
    CONNECTIONS = "connections drop"
    CONTROL_PLANE = "control plane blips"
    NODES = "nodes reimaged"
    DATA = "data lost"

    @property
    def rank(self) -> int:
        """The position on the scale: a greater rank is worse."""
        return list(Disruption).index(self)


Default: TypeAlias = Json | Absent | Callable[[Body], Json | Absent]
"""A default: a value, a pure function of the whole body that gives one, or ABSENT (not known)."""

OwnerRule: TypeAlias = Owner | Callable[[Body], Owner]
"""An owner, or a pure function of the whole body that names one."""

ChangeRule: TypeAlias = Callable[[Body, Body], str | None]
"""A pure function of the bodies before and after a change: a sentence that says why Azure does
not make it in place, or None where it does."""

ImmutableRule: TypeAlias = bool | ChangeRule
"""Whether a change needs a new resource: a flag, or a rule that gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What azsec knows of one property beyond its SDK model.

    default        what Azure fills in where the body is silent; ABSENT means not known
    compare        how values are compared; None takes the rule of the schema's kind
    keys           the properties that identify an entry of a list, in order of preference
    embeds         the list holds resources of their own (subnets of a network): entries that the
                   body does not declare belong to those resources and are not a change
    shared         the list has entries that others own: what the body lacks is kept on write
    create_only    a change needs a replacement (guidelines.md §2.7); holds for all that is below,
                   but for what has facts of its own
    answered       Azure answers it wherever it is set, so that to lack it is a value like any other
                   (a known default says the same); else a `create_only` flag does not judge the
                   change of a value that is not there
    irreversible   values that cannot be left again: a change away from one is refused
    forbidden      tells a change that Azure refuses and that no new resource is the answer to
    parent_fixed   tells a change that only a new parent can take: refused for the child alone, and
                   a replacement where the parent's own body states the child
    refused        values that Azure refuses although the SDK model allows them
    read_only      only Azure writes it, although the SDK model allows it in a request
    write_only     Azure accepts it and never answers it
    follows        path of the property that Azure fills it in from: a write that changes that one
                   leaves it out, unless the blueprint states it
    owner          who writes it
    security       a silent change of it weakens the environment
    disruption     what a change of it does to what runs
    """

    default: Default = ABSENT
    compare: Compare | None = None
    keys: tuple[str, ...] = ()
    embeds: bool = False
    shared: bool = False
    create_only: ImmutableRule = False
    answered: bool = False
    irreversible: tuple[Json, ...] = ()
    forbidden: ChangeRule | None = None
    parent_fixed: ChangeRule | None = None
    refused: tuple[Json, ...] = ()
    read_only: bool = False
    write_only: bool = False
    follows: str = ""
    secret: bool = False
    owner: OwnerRule = Owner.BLUEPRINT
    security: bool = False
    disruption: Disruption = Disruption.NONE

    def default_in(self, body: Body) -> Json | Absent:
        """Return the default in this body, or ABSENT where it is not known."""
        return self.default(body) if callable(self.default) else self.default


NO_FACTS = Field()
"""What is known of a property that its type's file does not mention."""
