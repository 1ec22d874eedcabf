"""The record of facts about one ARM type: how it is read, written, compared and deleted.

Each file of `provisioner/catalog/types/` holds one such record, `TYPE`. The flows (`WriteFlow`,
`DeleteFlow`) are as recorded, since the REST reference does not tell how a provider polls;
`CreateGuard` tells how sure a create can be that it does not overwrite something.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeAlias

from provisioner.catalog.api_introductions import Introduced
from provisioner.catalog.error_codes import RefusalCodes, SoftDelete
from provisioner.catalog.field import NO_FACTS, Disruption, Field
from provisioner.catalog.list_options import NO_OPTIONS, ListOptions
from provisioner.catalog.schema import Model
from provisioner.model.resource_id import RESOURCE_GROUP, SUBSCRIPTION, ResourceId
from provisioner.model.values import Body, Json, Value


@dataclass(frozen=True, slots=True)
class SdkModel:
    """The SDK model of a type's body: package and class (`azure.mgmt.keyvault`, `Vault`)."""

    package: str
    model: str


class Scope(StrEnum):
    """The scope that contains a top-level resource of the type. A child's parent is in its name."""

    TENANT = "tenant"
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resource group"
    EXTENSION = "any resource"


class Tier(StrEnum):
    """How much azsec knows of a type, and so what it claims of its resources.

    KNOWN   the catalog has facts: what a file does not declare is compared with its default
    SCHEMA  the models of an installed `azure-mgmt-*` package: bodies are checked against them, and
            what is declared is compared
    RAW     an api version alone: nothing is checked, what is declared is compared
    """

    KNOWN = "known"
    SCHEMA = "schema only"
    RAW = "raw"


class ListRead(StrEnum):
    """The widest list call that Azure offers for a type.

    SUBSCRIPTION   GET /subscriptions/S/providers/TYPE answers all of them
    PARENT         GET PARENT/kind answers the children of one parent
    EMBEDDED       the parent's own answer holds them: no call at all
    RESOURCE       one GET for each scope: extension resources that no list covers, and what Azure
                   lists by resource group only
    SINGLE         no list is known: one GET for each resource that is declared
    """

    SUBSCRIPTION = "subscription"
    PARENT = "parent"
    EMBEDDED = "embedded"
    RESOURCE = "resource"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class NameRule:
    """The names that Azure accepts: a regular expression for the whole name, and its uniqueness.

    `words` is the rule in a sentence's words. `fixed` lists the only possible names, if there are
    such.
    """

    pattern: str
    words: str
    unique_in_azure: bool = False
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedded:
    """A list in a body whose entries are child resources of the type `child`.

    `flattened` entries hold the child's `properties` beside its name (agentPoolProfiles); others
    are whole child bodies (subnets). `kept` is whether a PUT that omits the list keeps the children
    (subnets); else it deletes them (rules of a security group). `separate` is whether the PUT of an
    existing parent neither creates nor deletes entries (agentPoolProfiles).
    """

    path: str
    child: str
    flattened: bool = False
    kept: bool = True
    separate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regional:
    """A type of which Azure creates one per region, when another type is first used there.

    beside   the type whose first resource in a region brings it
    group    the resource group that Azure creates for it
    name     its name; `{location}` is replaced by the region
    """

    beside: str
    group: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A copy of another resource's value, made at creation and afterwards on request only.

    path    where the copy is in the body
    of      path of the id of the resource that is copied from
    source  path of the original in that resource's body
    query   the query parameters of a PUT that copies again
    level   path of the state that tells whether the copy is up to date
    stale   the value of that state once the original has changed
    hint    what the owner of such a copy does to update it, as a sentence
    """

    path: str
    of: str
    source: str
    query: Mapping[str, str]
    level: str
    stale: str
    hint: str


class WriteFlow(StrEnum):
    """How Azure answers a PUT, as recorded: what is asynchronous, and where it is polled."""

    SYNC = "200 or 201, done"
    ASYNC_OPERATION = "200 or 201, then Azure-AsyncOperation"
    ACCEPTED = "202, then Azure-AsyncOperation"
    LOCATION = "202, then Location; a change 200, done"


class DeleteFlow(StrEnum):
    """How Azure answers a DELETE, as recorded."""

    SYNC = "200, done"
    LOCATION = "202, then Location"
    ASYNC_OPERATION = "202, then Azure-AsyncOperation"


class CreateGuard(StrEnum):
    """What keeps a PUT that is to create from writing over something that exists.

    CONDITION  `If-None-Match: *`: the provider refuses with 412. Documented for the type: the REST
               reference and the SDK's operations name the header (AKS, private DNS)
    ANSWER     the header, and a look at the answer. The network provider has ETags and evaluates
               If-Match; that it evaluates this header is inferred. It answers 201 to a PUT that
               creates and 200 to one that changes (recorded for each of its types), so a 200
               betrays a header that was ignored: the step fails, after the fact
    READ       a read right before the write: the provider has no ETags
    """

    CONDITION = "condition"
    ANSWER = "condition and answer"
    READ = "read"

    @property
    def is_conditional(self) -> bool:
        """Whether the request carries `If-None-Match: *`."""
        return self is not CreateGuard.READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The replacement of a resource without a gap, by a temporary one of its type.

    name       the temporary resource's name: of the resource's own name, the desired body and the
               names of its siblings
    stand_in   the temporary resource's body, of the desired body and the live one
    successor  the body of the new resource, of the desired body and the live one
    marks      path of a map in the body that holds tags, which identify the temporary resource as
               azsec's own
    """

    name: Callable[[str, Mapping[str, Value], Collection[str]], str]
    stand_in: Callable[[Mapping[str, Value], Body], Mapping[str, Value]]
    successor: Callable[[Mapping[str, Value], Body], Mapping[str, Value]]
    marks: str


class ComputationContext(Protocol):
    """What the built-in Azure can look up while it computes the values that only Azure writes."""

    def lookup(self, resource_id: str) -> Body | None:
        """Return the body of another resource, or None."""

    def guid(self, *seed: str) -> str:
        """Return a GUID that is always the same for the same seed."""

    def lifetime_guid(self, resource_id: str, *seed: str) -> str:
        """Return a GUID of a resource that changes each time the resource is recreated."""

    def free_address(self, subnet_id: str, owner: str) -> str:
        """Return the lowest address of a subnet that nothing holds, and hold it for `owner`."""

    def tenant(self) -> str:
        """Return the tenant's id."""

    def current_date(self) -> str:
        """Return the day, in UTC, as `YYYY-MM-DD`."""


def _nothing_computed(
    _id: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {}


def _nothing_made(_body: Body) -> Iterable[str]:
    return ()


KeptRule: TypeAlias = Callable[
    [ResourceId, Body, ComputationContext], Iterable[tuple[str, Mapping[str, Json]]]
]
"""A function of the id and live body of a resource that yields id and body of what its service
keeps elsewhere for it."""


def _nothing_kept(
    _id: ResourceId, _body: Body, _context: ComputationContext
) -> Iterable[tuple[str, Mapping[str, Json]]]:
    return ()


def _made_by_hand(_body: Body) -> bool:
    return False


def _made_by_keeper(_id: ResourceId) -> bool:
    return True


def _always_as_made(_maker: Body, _made: ResourceId, _body: Body) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ManagedResource:
    """A resource that a service creates for another one, in the resource group that it manages."""

    type: str
    name: str
    body: Mapping[str, Json]


def _nothing_in_group(
    _id: ResourceId, _body: Body, _context: ComputationContext
) -> Iterable[ManagedResource]:
    return ()


_COMMON_CODES = RefusalCodes()


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One ARM type: its scope, and how it is read, written, compared and deleted.

    name            `Namespace/kind`, children `Namespace/kind/kind`
    api_version     the api version used, from `catalog.api_versions`
    sdk             the SDK model of its body; None where no package has one, then `models` has it
    scope           the scope of a top-level resource
    tier            how much is known of it; a type outside the catalog is made for an environment
                    (`catalog.generic_types`)
    package         the SDK package that its model was read from, NAME==VERSION; None for a known or
                    a raw type
    stated_version  whether the environment's files state `api_version`: it is used, or refused
    contents_known  whether all types of children are known, so that their lists show everything in
                    a resource; what may contain something else is not deleted
    listable        whether PARENT/kind lists resources of a type that is read one by one: such a
                    list is not complete
    located         whether a top-level resource in a resource group has a location
    lists           the widest list read
    list_omits      paths that lists omit although GET answers them: listed resources are read once
                    more one by one
    list_query      query parameters of the list (custom role definitions only, for example)
    list_options    the `$filter` conditions that Azure evaluates in its lists
    listed_as       the last segment of the list that answers it together with other children of its
                    parent (`ALL` for records); None for a list of its own
    affects         types that a resource changes the effect of without being referred to by them:
                    it is read wherever an environment has those, on each of them (extension
                    resources) or in their subscriptions
    resolves        whether a resource answers DNS queries for the domain that it is named after
    rule            the names that Azure accepts
    fields          facts by path; see `catalog.field`
    introduced      the first api versions that have a property, by path, where not all have it
    taggable        whether `tags` can be set: an untaggable resource is owned through its nearest
                    ancestor
    etag            whether writes can be guarded by If-Match
    if_none_match   whether the type's reference documents `If-None-Match: *` for its PUT
    with_parent     names of resources that Azure creates together with their parent (the blob
                    service of a storage account): a PUT of one finds it there
    ready_names     a pattern of names that exist as soon as their parent does (Azure's tables in a
                    workspace); the built-in Azure creates one when it is first written
    etag_header     whether GET also answers the ETag as a header, and not in the body alone
    serialise_on    path of ids: writes below the same such id are made one at a time ("" is the
                    parent or the resource itself, the AKS and network rule: guidelines.md §3.7)
    embedded        lists of its body that are child resources
    computed        the values that only Azure writes, for the simulator to fill in
    write, delete   the recorded flows
    loss            what deleting a resource does to what runs
    rotation        replacement without a gap; None where a resource is deleted and recreated
    seconds         how long Azure takes to create one, for `--realistic` and the plan's estimate
    flat_errors     whether its provider answers errors without the `error` envelope
    in_use          the code with which Azure refuses to delete a resource that others refer to;
                    None where it does not check
    occupants       lists of its body in which Azure answers what uses it, each with the types of
                    what it names there
    counts          paths of counters in its body: which of its children, by type and body, count
    nested          types of children that block its delete (409 CannotDeleteResource)
    service_names   a pattern of the names of resources that services create in a parent
    by_service      tells from a body that a service wrote it (the registered name of a machine), by
                    properties that Azure alone can write
    by_keeper       tells from an id in a managed resource group whether the service that keeps the
                    group created it; what it never creates is somebody else's
    reaches         paths of ids: Azure also writes into those resources when it writes or deletes
                    this one
    written_with    types that refer to it and that Azure writes whenever it writes it: all of them
                    have one writer
    named_alone     whether its name alone identifies it, whatever scope an id has
    confines        path of the scopes outside of which Azure refuses references to it
    judges          whether Azure evaluates writes in its scope by it (a policy)
    exempts         whether it exempts its scope from such an evaluation
    missing_reference  the error code for a reference to nothing
    missing         status and code for a reference to nothing of a type, by that type, where they
                    are others
    unready         status and code for a reference to what is still being created, by its type
    ranges_within   paths of address ranges in its body, each with the path of the ranges in its
                    parent's body that has to contain them
    soft_delete     how a deleted resource keeps its name until purged; None where it does not
    created, updated  the statuses that answer a PUT which creates, and which changes
    lingers         path and value with which a creation continues after the answer, a 201 with the
                    URL to poll; other creations are done with the answer
    codes           the codes of the other refusals
    snapshot        the copy that it keeps of another resource's value; None where it keeps none
    unique_by       paths: no two resources of one scope may have the same values at all of them
    built_in        resources of the type that Azure has at every scope, by name
    deletable       whether Azure Resource Manager deletes one by itself; else it goes with its
                    parent, or stays as it is
    changed_by      what changes an existing one, where a PUT does not; None where it does
    access_kinds    kinds below it that roles are assigned at although they are no resources (the
                    Kubernetes namespaces of a cluster)
    access_twin     such a kind with which it shares names: role assignments at either apply to both
                    (a managed namespace, and the Kubernetes namespace)
    most_tags       the limit of tags
    makes           ids of what its service creates for it and deletes with it, from its live body
    is_as_made      tells from its body, and the id and body of one of `makes`, whether that is as
                    its service created it, or was overwritten
    keeps           ids and bodies of those of `makes` that are resources of the catalog (the DNS
                    records of a private endpoint), for the simulator to write
    identity_profiles  maps in its body, beside `identity`, whose entries identify a managed
                    identity (`resourceId`, `objectId`), as Azure copied it at the last write
    addresses       the label after its name in its host names (`vault`, of
                    https://NAME.vault.azure.net): a body may refer to it by its URL alone
    managed_group   path of the name of a managed resource group, which has the resource's tags
    managed_lock    path and value with which nobody but Azure can write in that group
    in_group        what its service creates in that group, with the resource's tags
    regional        how Azure creates one in each region used; it belongs to no environment
    providers       the resource providers needed in its subscription, beside its own
    lock_level      path of the level (CanNotDelete, ReadOnly) at which it locks its scope
    adds            what it does to its parent or scope, in words ("grants access"): an undeclared
                    one is an addition, which is drift
    adds_by         paths of the values that say to whom, to what or how
    adds_to         paths in its body of ids of resources or principals, each with what it does to
                    them: a foreign one is an addition to what is named, wherever it is itself
    occupancy       what a foreign resource does to one by using it (`occupants`), in words; None
                    where it does nothing to it
    looked_into     whether a foreign one that uses something of the environment (`occupants`) is
                    read by itself: its body tells what it does there (a public address)
    harmless        why an undeclared one is no addition to its parent or scope; every child and
                    extension type states this or `adds`
    grants_access   whether it gives a principal, a token's issuer or a service its access; a review
                    counts these changes
    listed_if_declared  whether the list of a child type is read only where the blueprint has one in
                    that parent, or the parent is to be deleted: foreign ones are harmless, and
                    there are many (the tables of a workspace)
    always_listed_at  types (a container by its segment) on whose resources it is always read,
                    although that takes a request for each: a foreign one would do harm
    """

    name: str
    api_version: str
    sdk: SdkModel | None
    rule: NameRule
    scope: Scope = Scope.RESOURCE_GROUP
    tier: Tier = Tier.KNOWN
    package: str | None = None
    stated_version: bool = False
    contents_known: bool = True
    listable: bool = False
    located: bool = True
    lists: ListRead = ListRead.SUBSCRIPTION
    list_omits: tuple[str, ...] = ()
    list_query: Mapping[str, str] = field(default_factory=dict)
    list_options: ListOptions = NO_OPTIONS
    listed_as: str | None = None
    affects: tuple[str, ...] = ()
    resolves: bool = False
    models: tuple[Model, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    introduced: Mapping[str, Introduced] = field(default_factory=dict)
    taggable: bool = True
    etag: bool = False
    if_none_match: bool = False
    with_parent: tuple[str, ...] = ()
    ready_names: str | None = None
    etag_header: bool = True
    serialise_on: str | None = None
    embedded: tuple[Embedded, ...] = ()
    computed: Callable[[ResourceId, Body, ComputationContext], Mapping[str, Json]] = (
        _nothing_computed
    )
    write: WriteFlow = WriteFlow.ASYNC_OPERATION
    delete: DeleteFlow = DeleteFlow.ASYNC_OPERATION
    loss: Disruption = Disruption.CONNECTIONS
    rotation: Rotation | None = None
    seconds: int = 5
    flat_errors: bool = False
    in_use: str | None = None
    occupants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Mapping[str, Callable[[str, Body], bool]] = field(default_factory=dict)
    nested: tuple[str, ...] = ()
    service_names: str | None = None
    by_service: Callable[[Body], bool] = _made_by_hand
    by_keeper: Callable[[ResourceId], bool] = _made_by_keeper
    reaches: tuple[str, ...] = ()
    written_with: tuple[str, ...] = ()
    named_alone: bool = False
    confines: str | None = None
    judges: bool = False
    exempts: bool = False
    missing_reference: str = "InvalidResourceReference"
    missing: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    unready: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    ranges_within: Mapping[str, str] = field(default_factory=dict)
    soft_delete: SoftDelete | None = None
    created: int = 201
    updated: int = 200
    lingers: tuple[str, Json] | None = None
    codes: RefusalCodes = _COMMON_CODES
    snapshot: Snapshot | None = None
    unique_by: tuple[str, ...] = ()
    built_in: Mapping[str, Body] = field(default_factory=dict)
    deletable: bool = True
    changed_by: str | None = None
    access_kinds: tuple[str, ...] = ()
    access_twin: str | None = None
    most_tags: int = 50
    makes: Callable[[Body], Iterable[str]] = _nothing_made
    is_as_made: Callable[[Body, ResourceId, Body], bool] = _always_as_made
    keeps: KeptRule = _nothing_kept
    identity_profiles: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    managed_group: str | None = None
    managed_lock: tuple[str, str] | None = None
    in_group: Callable[[ResourceId, Body, ComputationContext], Iterable[ManagedResource]] = (
        _nothing_in_group
    )
    regional: Regional | None = None
    providers: tuple[str, ...] = ()
    lock_level: str | None = None
    adds: str | None = None
    adds_by: tuple[str, ...] = ()
    adds_to: Mapping[str, str] = field(default_factory=dict)
    occupancy: str | None = None
    looked_into: bool = False
    harmless: str | None = None
    grants_access: bool = False
    listed_if_declared: bool = False
    always_listed_at: tuple[str, ...] = ()

    @cached_property
    def namespace(self) -> str:
        """The resource provider: the part before the first slash."""
        return self.name.partition("/")[0]

    def create_guard(self, name: str) -> CreateGuard | None:
        """Return what guards the creation of the resource `name` (its last part).

        None for one that Azure creates by itself meanwhile, so that finding it there is no lost
        race.
        """
        if self.regional is not None or self.is_made_with_parent(name):
            return None
        if self.if_none_match:
            return CreateGuard.CONDITION
        return CreateGuard.ANSWER if self.etag else CreateGuard.READ

    def is_made_with_parent(self, name: str) -> bool:
        """Return whether Azure creates the resource of this name together with its parent."""
        ready = self.ready_names is not None and re.fullmatch(self.ready_names, name) is not None
        return ready or name.lower() in self.with_parent

    @property
    def creating(self) -> str:
        """The provisioning state of a resource while it is created.

        Network resources are Updating from the start (recorded for each of the types).
        """
        return "Updating" if self.namespace == "Microsoft.Network" else "Creating"

    @cached_property
    def kind(self) -> str:
        """The last segment, as in a URL (`subnets`)."""
        return self.name.rpartition("/")[2]

    @cached_property
    def list_name(self) -> str:
        """The name under which a list answers it: its own, or that of a list of several types."""
        return f"{self.parent}/{self.listed_as}" if self.listed_as else self.name

    @cached_property
    def parent(self) -> str | None:
        """The parent's type for a child type, else None."""
        head = self.name.rpartition("/")[0]
        return head if "/" in head else None

    @cached_property
    def name_in_id(self) -> str:
        """The type as in ids: the bare segment for a container, else the name."""
        return self.kind if self.kind in (SUBSCRIPTION, RESOURCE_GROUP) else self.name

    @cached_property
    def has_location(self) -> bool:
        """Whether a body carries a location: top-level resources in a group do."""
        return self.located and self.parent is None and self.scope is Scope.RESOURCE_GROUP

    def is_service_made(self, name: str) -> bool:
        """Return whether a service creates a resource of this name for itself (log containers)."""
        if self.service_names is None:
            return False
        return re.fullmatch(self.service_names, name) is not None

    def accepts_name(self, name: str) -> bool:
        """Return whether Azure takes `name` (the last part alone) for a resource of this type."""
        if self.rule.fixed:
            return name.lower() in (fixed.lower() for fixed in self.rule.fixed)
        return re.fullmatch(self.rule.pattern, name) is not None

    def fact(self, path: str) -> Field:
        """Return the facts of the property at `path` (entries as `[]`), case ignored."""
        return self._facts.get(path.lower(), NO_FACTS)

    @cached_property
    def has_sensitive_facts(self) -> bool:
        """Whether a fact marks a property as one that no document shows."""
        return any(fact.sensitive for fact in self.fields.values())

    @cached_property
    def has_requirements(self) -> bool:
        """Whether a value of a property needs a registration."""
        return any(fact.requires or fact.requires_there for fact in self.fields.values())

    @cached_property
    def can_refuse(self) -> bool:
        """Whether the facts have values, or changes, that Azure refuses."""
        return any(
            fact.irreversible or fact.refused or fact.forbidden or fact.parent_fixed
            for fact in self.fields.values()
        )

    @cached_property
    def _facts(self) -> Mapping[str, Field]:
        return {path.lower(): facts for path, facts in self.fields.items()}
