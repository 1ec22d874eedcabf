"""Facts about one property of an ARM type that its SDK model does not state.

A fact is in the file of its type, under the property's path: wire names joined by dots, `[]` for
the entries of a list or map (`properties.agentPoolProfiles[].count`). An entry of a map may be
named by its key instead (`properties.addonProfiles.azurepolicy.enabled`), and then takes
precedence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from provisioner.model.values import ABSENT, Absent, Body, Json


class Compare(StrEnum):
    """How two values of a property are compared.

    `EXACT` is the rule of scalars without one of their own. A list is compared by position when
    `ORDERED`, as a multiset when `SET`, and entry by entry when its field names `keys`. `VERSION`
    matches a prefix (1.33 is 1.33.5). `FLAGS` is a set of names in one text (`SystemAssigned,
    UserAssigned`). `TENANT_ID` is the id of a definition that may be stated at the tenant and is
    answered below the subscription. `VERBATIM` is user content: exact text, and case-sensitive keys
    of such a map. `IGNORED` is never compared.
    """

    EXACT = "exact"
    CASELESS = "caseless"
    LOCATION = "location"
    RESOURCE_ID = "resource id"
    CIDR = "CIDR"
    TENANT_ID = "id at the tenant"
    VERSION = "version"
    FLAGS = "flags"
    VERBATIM = "verbatim"
    DURATION = "duration"
    TIMESTAMP = "timestamp"
    ORDERED = "ordered"
    SET = "set"
    IGNORED = "ignored"


class Owner(StrEnum):
    """Who writes a property. What the blueprint does not own is never planned back.

    `POLICY` owns a value where the blueprint is silent, because a policy's effect (modify,
    deployIfNotExists) may have set it; `PRESET` does, because the service chooses it there (the
    zones of AKS Automatic, the client id of an identity that is named by its resource id). What the
    blueprint declares is its own.
    """

    BLUEPRINT = "blueprint"
    SERVICE = "service"
    AUTOSCALER = "autoscaler"
    UPGRADE_CHANNEL = "upgrade channel"
    POLICY = "Azure Policy"
    PRESET = "preset"

    @property
    def yields(self) -> bool:
        """Whether it writes only where the blueprint states nothing."""
        return self in (Owner.POLICY, Owner.PRESET)


class Disruption(StrEnum):
    """What a change does to what runs on the resource, from harmless to worst.

    `UNKNOWN` is reported of types outside the catalog, which have no facts.
    """

    NONE = "no disruption"
    UNKNOWN = "disruption not known"
    CONNECTIONS = "connections drop"
    ACCESS = "access ends"
    CONTROL_PLANE = "control plane blips"
    NODES = "nodes reimaged"
    DATA = "data lost"

    @property
    def rank(self) -> int:
        """The position on the scale: a greater rank is worse."""
        return list(Disruption).index(self)


class Answered(StrEnum):
    """When Azure's answers hold a property that is at its default."""

    ALWAYS = "always"
    STATED = "where the request states it"
    ALONE = "where the request states it, or writes it alone and not in its parent's body"
    MOVED = "never: only a value off the default"


FixedDefault: TypeAlias = Json | Absent | Callable[[Body], Json | Absent]
"""A default: a value, a pure function of the whole body that gives one, or ABSENT (not known)."""


@dataclass(frozen=True, slots=True)
class Since:
    """A default that changed with an api version.

    What Azure fills in depends on the version that the body was written with.
    """

    api_version: str
    default: FixedDefault
    before: FixedDefault

    def at(self, api_version: str) -> FixedDefault:
        """Return the default of a body written with `api_version` (`2026-02-01`, `…-preview`)."""
        return self.default if api_version >= self.api_version else self.before


Default: TypeAlias = FixedDefault | Since

PARENT = ".."
"""The key under which a function of an embedded child's body finds its parent's body.

No ARM property has this name. A child that is read as a resource of its own has nothing there.
"""


def chosen_by_service(_body: Body) -> Json | Absent:
    """Return ABSENT: a default that is not known although that of the whole object is.

    Once the object exists, the service fills the part in with a value of its own choice.
    """
    return ABSENT


KeptRule: TypeAlias = bool | Callable[[Body], bool]
"""Whether a silent PUT keeps a value, or a pure function of the body that is stated."""

TakenRule: TypeAlias = (
    tuple[tuple[Json, Json], ...] | Callable[[Body], tuple[tuple[Json, Json], ...]]
)
"""Pairs of (asked, answered), or a pure function of the body that is stated."""

BodyRule: TypeAlias = Callable[[Body], bool]
"""A pure function of the whole body."""

OwnerRule: TypeAlias = Owner | Callable[[Body], Owner]
"""An owner, or a pure function of the whole body that names one."""

AnsweredRule: TypeAlias = Answered | Callable[[Body], Answered]
"""When a default is answered, or a pure function of the whole body that returns it."""

ChangeRule: TypeAlias = Callable[[Body, Body], str | None]
"""A pure function of the bodies before and after a change: a sentence that says why Azure does
not make it in place, or None where it does."""

ImmutableRule: TypeAlias = bool | ChangeRule
"""Whether a change needs a new resource: a flag, or a rule that gives the reason."""


class Repair(StrEnum):
    """What repairs a resource in an unhealthy state."""

    WRITE = "a write of the resource"
    REPLACE = "a new resource"
    OTHERS = "what others do"


@dataclass(frozen=True, slots=True)
class UnhealthyState:
    """A value of a state with which a resource is unhealthy.

    meaning   what it means, in words
    repair    what ends it
    concerns  tells from the whole live body whether the value is a finding there
    """

    meaning: str
    repair: Repair
    concerns: Callable[[Body], bool] = lambda _body: True


@dataclass(frozen=True, slots=True)
class Health:
    """A state that Azure computes and that a resource should have.

    `healthy` is the value of a healthy one; `ailments` has the meaning of other values, by the
    value in lower case. Values that are neither (a peering that waits for its other side) are no
    finding.
    """

    healthy: str
    ailments: Mapping[str, UnhealthyState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Facts about one property beyond its SDK model.

    default        what Azure fills in where the body is silent; ABSENT means not known
    answered       when Azure's answers hold the default, for the simulator: a comparison treats a
                   default and silence as equal
    kept           a silent PUT keeps the live value; the default is a new resource's, and a value
                   off it is reported apart: an earlier write may have set it
    aliases        values (in lower case) that mean another one, which Azure may answer instead
    reserved       the prefix of list entries or map keys that the service adds itself
    compare        how values are compared; None takes the rule of the schema's kind
    keys           the properties that identify an entry of a list, in order of preference
    embeds         the list holds child resources (subnets of a network): entries that the body does
                   not declare belong to those resources and are not a change
    shared         the list has entries of other writers: what the body lacks is kept on write, and
                   is a change only where it is off the defaults of an entry
    closed         an open object in which Azure fills in nothing: what the body lacks is a change
    create_only    a change needs a replacement (guidelines.md §2.7); applies to everything below,
                   except what has facts of its own
    definite       Azure answers it wherever it is set, so that its absence is a value like any
                   other (a known default implies this); else a `create_only` flag ignores a change
                   of a value that is not there
    irreversible   values that cannot be left again: a change away from one is refused
    forbidden      returns why Azure refuses a change that no new resource solves either
    ends           returns whose access a change ends
    change_takes   the Azure RBAC action on the resource that a change takes beside its write
    parent_fixed   returns why only a new parent takes a change: refused for the child alone, and a
                   replacement where the parent's own body states the child
    refused        values that Azure refuses although the SDK model allows them
    taken_as       (requested, answered): values that Azure accepts and replaces
    dropped        tells where Azure accepts a value without using it, and does not answer it
    residual       tells where the value has no effect: one of an earlier write may remain
    takes_text     a whole number that Azure also accepts as text, for the simulator
    read_only      only Azure writes it, although the SDK model allows it in a request
    health         what a state that only Azure writes tells about the resource: an unhealthy one is
                   a change, although no body states it
    stated         only Azure writes it, but a body may state it, and then it has to hold
    write_only     Azure accepts it and never answers it
    follows        paths of the properties from which Azure derives it, or that exclude it: a write
                   that changes one of them omits it, unless the blueprint states it
    refilled       Azure fills it in anew where a write is silent: what it filled in before is not
                   sent back, because it may be invalid by now (a start date in the past)
    requires       (value, what): what has to be registered in the subscription for a value: a
                   feature (`Namespace/Name`) or a resource provider (`Namespace`)
    requires_there  the resource provider that has to be registered in the subscription of the
                   resource that the value names
    secret         no file may hold it: refused in a blueprint, omitted from what is written back
    sensitive      it gives access (a signed URL): documents do not show it
    owner          who writes it
    security       a silent change of it weakens the environment
    disruption     what a change of it does to what runs
    """

    default: Default = ABSENT
    answered: AnsweredRule = Answered.ALWAYS
    kept: KeptRule = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    reserved: str | None = None
    compare: Compare | None = None
    keys: tuple[str, ...] = ()
    embeds: bool = False
    shared: bool = False
    closed: bool = False
    create_only: ImmutableRule = False
    definite: bool = False
    irreversible: tuple[Json, ...] = ()
    forbidden: ChangeRule | None = None
    ends: ChangeRule | None = None
    change_takes: str = ""
    parent_fixed: ChangeRule | None = None
    refused: tuple[Json, ...] = ()
    taken_as: TakenRule = ()
    dropped: BodyRule | None = None
    residual: BodyRule | None = None
    takes_text: bool = False
    read_only: bool = False
    health: Health | None = None
    stated: bool = False
    write_only: bool = False
    follows: tuple[str, ...] = ()
    refilled: bool = False
    requires: tuple[tuple[Json, str], ...] = ()
    requires_there: str = ""
    secret: bool = False
    sensitive: bool = False
    owner: OwnerRule = Owner.BLUEPRINT
    security: bool = False
    disruption: Disruption = Disruption.NONE

    def default_in(self, body: Body, api_version: str) -> Json | Absent:
        """Return the default in a body of this api version, or ABSENT where it is not known."""
        default = self.default_at(api_version)
        return default(body) if callable(default) else default

    def default_at(self, api_version: str) -> FixedDefault:
        """Return the default, which may be a function, for bodies of this api version."""
        return self.default.at(api_version) if isinstance(self.default, Since) else self.default

    def kept_in(self, stated: Body) -> bool:
        """Return whether a PUT of this body that is silent about the value keeps it."""
        return self.kept(stated) if callable(self.kept) else self.kept

    def taken_in(self, stated: Body) -> tuple[tuple[Json, Json], ...]:
        """Return (requested, answered) values that Azure replaces in a PUT of this body."""
        return self.taken_as(stated) if callable(self.taken_as) else self.taken_as

    def answered_in(self, body: Body) -> Answered:
        """Return when the default is answered in this body."""
        return self.answered(body) if callable(self.answered) else self.answered


NO_FACTS = Field()
"""What is known of a property that its type's file does not mention."""
