"""The record of facts about one ARM type: how it is read, written, compared and deleted.

Each file of `provisioner/catalog/types/` holds one such record, `TYPE`. The flows (`WriteFlow`,
`DeleteFlow`) are as recorded, since the REST reference does not tell how a provider polls;
`CreateGuard` tells how sure a create can be that it does not overwrite something.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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
    """What a top-level resource of the type stands in. A child's parent is in its name."""

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
    """The names that Azure accepts: a regular expression for the whole, and where unique.

    `words` says the rule to a person. `fixed` lists the only names there are, if so.
    """

    pattern: str
    words: str
    unique_in_azure: bool = False
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Embedded:
    """A list in a body whose entries are child resources of the type `child`.

    `flattened` entries hold the child's `properties` beside its name (agentPoolProfiles); others
    are whole child bodies (subnets). `kept` says whether a PUT that does not mention the list
    leaves the children as they are (subnets); else it deletes them (rules of a security group).
    `separate` says that the list holds the children that there are: once the parent exists, its PUT
    neither makes one nor deletes one (agentPoolProfiles).
    """

    path: str
    child: str
    flattened: bool = False
    kept: bool = True
    separate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regional:
    """A type of which Azure itself makes one in a region, when another type comes into use there.

    beside   the type whose resources bring it, unless the subscription has one in the region
    group    the resource group that Azure makes for it
    name     its name; `{location}` stands for the region
    """

    beside: str
    group: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What Azure copies of another resource when it creates one, and then only where it is asked.

    path    where the copy stands in the body
    of      path of the id of what is copied from
    source  path of the original in that one's body
    query   the parameters of a PUT that asks to copy again
    level   path of the state that says whether the copy is as the original is
    stale   what that state is once the original has changed
    hint    how an owner of such a copy has it copied again, as a sentence
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
    """How a resource is replaced without a gap: another of its kind stands in for it meanwhile.

    name       the stand-in's name: of the resource's own name, the desired body and the names
               that its siblings have
    stand_in   the stand-in's body, of the desired body and the live one
    successor  the body of the new resource, of the desired body and the live one
    marks      path of a map in the body that takes tags, to know the stand-in as azsec's own
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

    def guid_of_life(self, resource_id: str, *seed: str) -> str:
        """Return a GUID of a resource that is another one each time the resource is made."""

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
class Made:
    """A resource that a service makes for another one, in the group that it keeps for it."""

    type: str
    name: str
    body: Mapping[str, Json]


def _nothing_in_group(_id: ResourceId, _body: Body, _context: ComputationContext) -> Iterable[Made]:
    return ()


_COMMON_CODES = RefusalCodes()


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One ARM type: where it lives, how it is read, written and compared.

    name            `Namespace/kind`, children `Namespace/kind/kind`
    api_version     the version spoken, from `catalog.api_versions`
    sdk             the SDK model of its body; None where no package has one, then `models` says
    scope           what a top-level resource stands in
    tier            how much is known of it; a type outside the catalog is made for an environment
                    (`catalog.generic_types`)
    package         the SDK package that its model was read from, NAME==VERSION; None for a known or
                    a raw type
    stated_version  whether the environment's files state `api_version`: it is spoken, or refused
    contents_known  whether all types of children are known, so that lists of them show what is in
                    one; what may hold something else is not deleted
    listable        whether PARENT/kind lists those of a type that is read one by one: such a list
                    tells what there is, and not all of it
    located         whether a top-level one in a resource group has a location
    lists           the widest list read
    list_omits      paths that its lists do not answer, although a GET of one does: what a list
                    shows without them is read once more by itself
    list_query      what the list call has to ask for (custom role definitions alone, say)
    list_options    what its lists take in their query: the filters that Azure evaluates
    listed_as       the last segment of the list that answers it together with others of its
                    parent's children (`ALL` for records); None for a list of its own
    affects         types of what one changes the effect of, without being named by it: where an
                    environment has those, it is looked for although nobody declared it: on each of
                    them (extension resources), or in their subscriptions
    resolves        whether one answers for the names in the domain that it is named after
    rule            which names Azure accepts
    fields          facts by path; see `catalog.field`
    introduced      the first api versions that have a property, by path, where not all have it
    taggable        whether `tags` can be set: what cannot is owned through its nearest ancestor
    etag            whether writes can be guarded by If-Match
    if_none_match   whether the type's reference documents `If-None-Match: *` for its PUT
    with_parent     names of those that Azure makes together with what they stand in (the blob
                    service of a storage account): a PUT of one finds it there
    ready_names     a pattern of the names of others that are there as soon as what they stand in
                    is (the tables that Azure has in every workspace); the built-in Azure makes one
                    when it is first written
    etag_header     whether GET answers the ETag as a header too, and not in the body alone
    serialise_on    path of ids: writes below the same such id go one at a time ("" is the parent
                    or the resource itself, the AKS and network rule: guidelines.md §3.7)
    embedded        lists of its body that are child resources
    computed        the values that only Azure writes, for the simulator to fill in
    write, delete   the recorded flows
    loss            what deleting one does to what runs
    rotation        how one is replaced without a gap; None where it is deleted and made again
    seconds         how long Azure takes to create one, for `--realistic` and the plan's estimate
    flat_errors     whether its provider answers errors without the `error` envelope
    in_use          the code with which Azure refuses to delete one that others point to; None
                    where it does not look
    occupants       lists of its body in which Azure names what is in it or uses it, each with the
                    types of what it names there
    counts          paths of numbers in its body: how many of its children, by type and body, each
                    counts
    nested          types of children that do not go with one: Azure refuses to delete it while it
                    has any (409 CannotDeleteResource)
    service_names   a pattern of the names of those that services make for themselves in a parent
    by_service      tells of a body that a service wrote it (the registered name of a machine): of
                    what Azure alone can write in it
    by_keeper       tells of an id in the group that a service keeps for a resource whether that
                    service made it; what it never makes there, somebody else did
    reaches         paths of ids: Azure writes into what they name when it writes or deletes one
    written_with    types of what points to one, and that Azure writes whenever it writes one: all
                    of them have one writer
    named_alone     whether its name alone tells which one is meant, whatever scope an id says
    confines        path of the scopes that what points to one has to stand in
    judges          whether Azure judges by it what is written in its scope (a policy)
    exempts         whether one takes what is in its scope out of such a judgement
    missing_reference  the code for a body that points to nothing
    missing         status and code for one that points to nothing of a type, by that type, where
                    they are others
    unready         status and code for one that points to what is still being created, by its type
    ranges_within   paths of address ranges in its body, each with the path of the ranges in its
                    parent's body that it must lie in
    soft_delete     how a deleted one keeps its name until purged; None where it does not
    created, updated  the statuses that answer a PUT which creates one, and which changes one
    lingers         path and value with which creating one goes on after the answer, which is 201
                    and tells where to poll, where it is done with the answer else
    codes           the codes of the other refusals
    snapshot        what it keeps a copy of, that others change behind it; None where it keeps none
    unique_by       paths: no two resources of one scope may have the same values at all of them
    built_in        resources of the type that Azure itself has at every scope, by name
    deletable       whether Azure Resource Manager deletes one by itself; one that it does not goes
                    with what it stands in, or stays as it is
    changed_by      what changes one that is there, where a PUT of it does not; None where it does
    access_kinds    kinds below one that roles are assigned at although they are no resources (the
                    Kubernetes namespaces of a cluster)
    access_twin     such a kind beside which one stands: roles that are assigned at either hold for
                    both of the same name (a managed namespace, and the namespace in Kubernetes)
    most_tags       how many tags Azure takes on one
    makes           the ids of what its service makes for one and deletes with it, of its live body
    is_as_made      tells, of its body and of the id and body of one of `makes`, whether that stands
                    as its service made it, or whether somebody wrote over it
    keeps           ids and bodies of those of `makes` that are resources of the catalog (the DNS
                    records of a private endpoint), for the simulator to write
    identity_profiles  maps in its body, beside `identity`, whose entries say who an identity is
                    (`resourceId`, `objectId`), as Azure copied it when it wrote the resource
    addresses       what stands behind its name in the addresses at which it answers (`vault`, of
                    https://NAME.vault.azure.net): a body may name one by its address alone
    managed_group   path of the name of a resource group that Azure keeps for a resource; the
                    group has the resource's tags
    managed_lock    path and value with which nobody but Azure writes in that group
    in_group        what its service makes in that group, with the resource's tags
    regional        how Azure makes one in each region that is used; it belongs to nobody, and stays
    providers       the resource providers that one needs in its subscription, beside its own
    lock_level      path of the level (CanNotDelete, ReadOnly) at which one guards its scope
    adds            what one does to what it stands in or on, in words ("grants access"): one that
                    nobody declared is an addition, which is drift
    adds_by         paths of the values that say to whom, to what or how
    adds_to         paths in its body of ids of resources or of principals, each with what one does
                    to what it names there: one of others is an addition to what is named, wherever
                    it stands itself
    occupancy       what a resource of others does to one by being in it (`occupants`), in words;
                    None where it does nothing to it
    looked_into     whether one of others that is in something of the environment (`occupants`) is
                    read by itself: what it does there stands in its body (a public address)
    harmless        why one that nobody declared is no addition to what it stands in or on; every
                    child and extension type states this or `adds`
    grants_access   whether one is what gives a principal, a token's issuer or a service its
                    access; a review counts these changes
    listed_if_declared  whether the list of a child type is read only where the blueprint has one in
                    that parent, or the parent is to be deleted: one of others is harmless, and
                    there are many (the tables of a workspace)
    always_listed_at  types (a container by its segment) whose resources are always asked for those
                    on them, although that takes a request for each: one of others would do harm
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
    in_group: Callable[[ResourceId, Body, ComputationContext], Iterable[Made]] = _nothing_in_group
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

    @property
    def namespace(self) -> str:
        """The resource provider: what stands before the first slash."""
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
        """Tell whether Azure makes one of this name together with what it stands in."""
        ready = self.ready_names is not None and re.fullmatch(self.ready_names, name) is not None
        return ready or name.lower() in self.with_parent

    @property
    def creating(self) -> str:
        """The provisioning state of a resource while it is created.

        Network resources are Updating from the start (recorded for each of the types).
        """
        return "Updating" if self.namespace == "Microsoft.Network" else "Creating"

    @property
    def kind(self) -> str:
        """The last segment, as it stands in a URL (`subnets`)."""
        return self.name.rpartition("/")[2]

    @property
    def list_name(self) -> str:
        """The name under which a list answers it: its own, or that of a list of several types."""
        return f"{self.parent}/{self.listed_as}" if self.listed_as else self.name

    @property
    def parent(self) -> str | None:
        """The parent's type for a child type, else None."""
        head = self.name.rpartition("/")[0]
        return head if "/" in head else None

    @property
    def name_in_id(self) -> str:
        """The type as ids hold it: the bare segment for a container, else the name."""
        return self.kind if self.kind in (SUBSCRIPTION, RESOURCE_GROUP) else self.name

    @property
    def has_location(self) -> bool:
        """Whether a body carries a location: top-level resources in a group do."""
        return self.located and self.parent is None and self.scope is Scope.RESOURCE_GROUP

    def is_service_made(self, name: str) -> bool:
        """Tell whether a service makes one of this name for itself (a container of logs)."""
        if self.service_names is None:
            return False
        return re.fullmatch(self.service_names, name) is not None

    def accepts_name(self, name: str) -> bool:
        """Tell whether Azure takes `name` (the last part alone) for a resource of this type."""
        if self.rule.fixed:
            return name.lower() in (fixed.lower() for fixed in self.rule.fixed)
        return re.fullmatch(self.rule.pattern, name) is not None

    def fact(self, path: str) -> Field:
        """Return the facts of the property at `path` (entries as `[]`), case ignored."""
        return self._facts.get(path.lower(), NO_FACTS)

    @property
    def _facts(self) -> Mapping[str, Field]:
        cached: Mapping[str, Field] | None = self.__dict__.get("_folded")
        if cached is None:
            cached = {path.lower(): facts for path, facts in self.fields.items()}
            self.__dict__["_folded"] = cached
        return cached
