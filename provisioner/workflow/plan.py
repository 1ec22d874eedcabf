"""`azsec plan` and `azsec destroy`: compares the desired with the actual state, and writes nothing.

`Desired` is the input of almost every other workflow. Called by `cli`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from provisioner.blueprint.accepted_additions import check_acceptances
from provisioner.blueprint.composition import compose
from provisioner.blueprint.composition_cache import CompositionCache, CompositionStore
from provisioner.blueprint.environment import Environment, load_environment
from provisioner.blueprint.environment_catalog import extend_catalog
from provisioner.blueprint.file_schemas import Sources, span_of
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ignores import check_ignores
from provisioner.blueprint.parameter_values import (
    ParameterValue,
    describe_given_values,
    plain_value,
    with_given_values,
)
from provisioner.catalog.registry import Catalog
from provisioner.documents.census import CensusDocument
from provisioner.documents.document import (
    EnvironmentDocument,
    LockedSourceDocument,
    LockReferenceDocument,
)
from provisioner.documents.plan import Action
from provisioner.documents.proof import GateDocument
from provisioner.engine.ports import Reader
from provisioner.engine.timings import measure_phase
from provisioner.manifests.exemptions import check_exemptions
from provisioner.model.actual import ActualState, Unreadable
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.diagnostic import (
    Diagnostic,
    DiagnosticError,
    GateError,
    error,
    nearest,
    warning,
)
from provisioner.model.estate import Estate
from provisioner.model.resource_id import ResourceId
from provisioner.network.addresses.checks import check_addresses
from provisioner.network.model.topology_reader import topology_of
from provisioner.network.paths.route_checks import check_routes
from provisioner.plan.assembly import (
    Assessment,
    Origin,
    Target,
    assemble_plan,
    select_changes,
)
from provisioner.plan.blockers import block_refused_changes
from provisioner.plan.changes import (
    UNLIMITED,
    ActionReason,
    Changes,
    Limits,
    ResourceChange,
    decide_changes,
)
from provisioner.plan.estates import actual_estate, known_estate, planned_estate
from provisioner.plan.foreign_reads import MOST_FOREIGN
from provisioner.plan.mark_withdrawal import with_carried_marks
from provisioner.plan.missing_locations import warn_of_unstated_locations
from provisioner.plan.options import EVERY_ADDRESS, PlanOptions, is_at
from provisioner.plan.plan import (
    ADOPTION_GATE,
    Plan,
    digest_json,
    with_census,
    with_diagnostics,
    with_in_progress,
)
from provisioner.plan.provisioning_progress import (
    InProgress,
    find_in_progress,
    in_progress_documents,
    repair_failed,
)
from provisioner.plan.recreated_principals import renew_holders
from provisioner.plan.request import GivenParameter, Request
from provisioner.plan.rotation import rotate
from provisioner.plan.separate_children import separate_children
from provisioner.plan.stale_copies import refresh_snapshots, without_repaired
from provisioner.plan.write_scope import find_outside
from provisioner.workflow.additions import with_capabilities
from provisioner.workflow.census import take_census
from provisioner.workflow.environment_reader import Reading, read_environment
from provisioner.workflow.preflight import Preflight
from provisioner.workflow.security_evaluation import (
    check_custom_controls,
    check_desired_waivers,
    check_waivers_and_attestations,
    compare_evaluations,
    evaluate_state,
    evaluate_transition,
)


@dataclass(frozen=True, slots=True)
class Desired:
    """An environment as its files describe it, and the cloud that it is for in this run.

    `catalog` has the types that its files name, those outside of azsec's own included. `contents`
    is what was read of its cluster, None where nothing was. `today` is the day on which it was read
    (`2026-12-31`), None where that is not known.
    """

    environment: Environment
    graph: DesiredGraph
    cloud: str
    catalog: Catalog
    diagnostics: tuple[Diagnostic, ...] = ()
    contents: ClusterContents | None = None
    today: str | None = None
    module_sources: tuple[LockedSourceDocument, ...] = ()

    @property
    def document(self) -> EnvironmentDocument:
        """The environment as documents name it."""
        return EnvironmentDocument(
            name=self.environment.name,
            blueprint=self.environment.blueprint,
            cloud=self.cloud,
            auth=self.environment.auth,
            tenant_id=self.environment.tenant_id,
            subscriptions=dict(self.environment.subscriptions),
            lock=self._lock_reference,
            path=self.environment.path,
            module_sources=self.module_sources,
        )

    @property
    def _lock_reference(self) -> LockReferenceDocument | None:
        container = self.environment.lock
        if container is None:
            return None
        made = self.graph.by_id.get(container.key)
        # The built-in Azure of a rehearsal begins empty, and so without the container of the lock;
        # an environment that makes its own container applies the first time without the lock (ADR
        # 0017).
        is_rehearsal = self.cloud == "local" != self.environment.cloud
        optional = is_rehearsal or (made is not None and made.managed)
        return LockReferenceDocument(container=container.text, optional=optional)


@dataclass(frozen=True, slots=True)
class Scope:
    """The addresses to plan (none: everything), and the options of the plan.

    `assess` is whether the resulting state is to be evaluated by controls.
    """

    terms: PlanOptions
    request: Request
    assess: bool = True

    def holds(self, address: str) -> bool:
        """Return whether an orphan at an address is within the limits."""
        targets = self.request.targets
        return not targets or any(is_at(address, target) for target in targets)

    def limits_in(self, graph: DesiredGraph, stated: DesiredGraph) -> Limits:
        """Return the limits for a plan of the graph.

        Such a plan writes what is at the addresses and everything they depend on, and deletes
        nothing that the blueprint (`stated`) only reads.
        """
        # `stated` is the whole blueprint: the plan of a destroy has an empty graph and deletes
        # nothing of others all the same.
        only_read = frozenset(resource.id.key for resource in stated if not resource.managed)
        targets = self.request.targets
        if not targets:
            return replace(UNLIMITED, only_read=only_read, stated=stated)
        selected = Target(targets).select(graph)
        return Limits(self.holds, selected.__contains__, only_read, stated)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what was read for it.

    `census` is what was looked at, without the controls. `asked` is the number of requests of the
    preflight; `in_progress` are operations that Azure has not finished.
    """

    plan: Plan
    state: ActualState
    changes: Changes
    census: CensusDocument
    asked: int = 0
    in_progress: tuple[InProgress, ...] = ()

    @property
    def calls(self) -> int:
        """The number of requests that the plan took."""
        return self.state.calls + self.asked


@dataclass(frozen=True, slots=True)
class Invocation:
    """The inputs of a command beside the environment's files.

    They are the absolute path of its file (None: not known), values of parameters, and the cache of
    its expanded modules (None: no cache).
    """

    origin: str | None = None
    values: tuple[ParameterValue, ...] = ()
    store: CompositionStore | None = None


def load_desired(
    path: str,
    catalog: Catalog,
    sources: Sources,
    today: date,
    cloud: str | None = None,
    invocation: "Invocation | None" = None,
) -> Desired:
    """Read and compose an environment; `cloud` takes precedence over the one in its file.

    `today` is the day for expiry dates in the files; `invocation` has the command's own inputs.
    Raises DiagnosticError with every error of the files.
    """
    invocation = invocation or Invocation()
    cache = CompositionCache(invocation.store)
    with measure_phase("files"):
        stated = load_environment(path, sources, invocation.origin)
        environment = with_given_values(stated, invocation.values, sources)
        catalog = extend_catalog(environment, catalog, sources, cache)
    with measure_phase("composition"):
        graph = compose(environment, catalog, sources, cache)
        cache.close()
        check_custom_controls(environment, graph, catalog)
    diagnostics = (
        *graph.warnings,
        *_check_id(environment, cloud or environment.cloud),
        *describe_given_values(environment),
        *check_ignores(environment.ignores, graph, catalog, today),
        *check_acceptances(environment.accepted, graph, catalog, today),
        *check_waivers_and_attestations(environment, graph, today),
        *check_exemptions(environment.kubernetes, environment.node.find(("kubernetes",)), today),
    )
    day = today.isoformat()
    return Desired(environment, graph, cloud or environment.cloud, catalog, diagnostics, today=day)


def given_parameters(desired: Desired) -> tuple[GivenParameter, ...]:
    """Return the parameter values that a plan has to hold: those that no file states."""
    environment = desired.environment
    return tuple(
        GivenParameter(name, plain_value(node), environment.given_by[name])
        for name, node in environment.given.items()
    )


def _check_id(environment: Environment, cloud: str) -> tuple[Diagnostic, ...]:
    if environment.states_id or cloud != LOCAL:
        return ()
    return (
        warning(
            "environment-without-id",
            f"{environment.path} states no `metadata.id`; on the built-in Azure it gets one from "
            "its path.",
            span_of(environment.node, "metadata"),
            _ID_HINT,
        ),
    )


def require_id(desired: Desired) -> None:
    """Check that an environment can distinguish its own resources from another one's.

    It needs an id in all clouds but the built-in one, since those are shared.

    Raises:
        DiagnosticError: Where it states none (`environment-without-id`).
    """
    environment = desired.environment
    if environment.states_id or desired.cloud == LOCAL:
        return
    raise DiagnosticError(
        error(
            "environment-without-id",
            f"{environment.path} states no `metadata.id`: azsec could not distinguish its "
            "resources from those of another environment with the same name.",
            span_of(environment.node, "metadata"),
            _ID_HINT,
        )
    )


LOCAL = "local"
_ID_HINT = (
    "Add `id:` with 32 random hexadecimal digits that no other file has (`openssl rand -hex 16` "
    "prints them, `azsec init` writes them). `azsec ownership migrate` then marks what the "
    "environment has in Azure already."
)


def require_managed(desired: Desired) -> None:
    """Check that an environment is managed, and not only observed.

    Nothing in an observed one is azsec's to change or to delete.

    Raises:
        GateError: Where it is only observed (`only-observed`).
    """
    environment = desired.environment
    if environment.observes:
        raise GateError(
            error(
                "only-observed",
                f"{environment.path} is only observed: nothing is written, marked or deleted.",
                span_of(environment.node, "mode"),
                "To manage it, remove `mode: observe` and list what azsec may take over under "
                "`adopt:`.",
            )
        )


def plan_environment(
    desired: Desired,
    catalog: Catalog,
    reader: Reader,
    request: Request | None = None,
    *,
    preflight: Preflight | None = None,
    assess: bool = True,
) -> Planned:
    """Return the plan that brings the environment to what its blueprint describes.

    `request` limits it (None: all of it); one that destroys gets the plan of `plan_destroy`.
    `preflight` adds what would fail (None for drift, where nobody applies the plan). `assess` is
    false for callers that evaluate states themselves: the plan then has no judgement.

    Raises AzureError where nothing can be read, and DiagnosticError too for an address to adopt
    that does not exist and for a waiver that waives nothing.

    Raises:
        DiagnosticError: Where the blueprint has no resources (`empty-blueprint`), since deleting
            everything takes `azsec destroy`, and where a target does not exist (`unknown-target`).
    """
    environment = desired.environment
    request = request or Request(environment.path, parameters=given_parameters(desired))
    if request.destroy:
        return plan_destroy(desired, catalog, reader, request.targets, preflight=preflight)
    if not any(resource.managed for resource in desired.graph):
        raise DiagnosticError(
            error(
                "empty-blueprint",
                f"{environment.blueprint} describes no resources.",
                None,
                "To delete the environment, run `azsec destroy`.",
            )
        )
    for target in request.targets:
        if not any(is_at(address, target) for address in desired.graph.resources):
            raise DiagnosticError(
                error(
                    "unknown-target",
                    f"there is no resource at {target!r}.",
                    None,
                    nearest(target, list(desired.graph.resources)),
                )
            )
    check_desired_waivers(environment, desired.graph, catalog)
    permitted = (*environment.adopt, *request.adopt)
    check_adoptions(permitted, desired)
    options = PlanOptions(
        environment.marks,
        environment.ignores,
        request.reset_defaults,
        permitted,
        environment.accepted,
        environment.observes,
    )
    planned = _plan_graph(desired, desired.graph, catalog, reader, Scope(options, request, assess))
    return _with_preflight(planned, desired, catalog, preflight)


def plan_destroy(
    desired: Desired,
    catalog: Catalog,
    reader: Reader,
    targets: Sequence[str] = (),
    *,
    preflight: Preflight | None = None,
) -> Planned:
    """Return the plan that deletes everything the environment owns: the plan of an empty graph.

    Its `preflight` only checks whether the caller may delete.
    """
    options = PlanOptions(desired.environment.marks)
    request = Request(
        desired.environment.path, tuple(targets), destroy=True, parameters=given_parameters(desired)
    )
    planned = _plan_graph(desired, DesiredGraph({}, {}), catalog, reader, Scope(options, request))
    return _with_preflight(planned, desired, catalog, preflight)


def _with_preflight(
    planned: Planned, desired: Desired, catalog: Catalog, preflight: Preflight | None
) -> Planned:
    if preflight is None:
        return planned
    with measure_phase("preflight"):
        diagnostics, asked = preflight.check(planned.plan, desired.graph, planned.state, catalog)
    plan = with_diagnostics(planned.plan, diagnostics) if diagnostics else planned.plan
    return replace(planned, plan=plan, asked=asked)


def _plan_graph(
    desired: Desired,
    graph: DesiredGraph,
    catalog: Catalog,
    reader: Reader,
    scope: Scope,
) -> Planned:
    environment = desired.environment
    require_id(desired)
    with measure_phase("reads"):
        reading = read_environment(
            desired.graph,
            catalog,
            environment.marks,
            sorted(set(environment.subscriptions.values())),
            reader,
            removing=not graph.resources,
        )
    _check_subscriptions(environment, reading)
    with measure_phase("differences"):
        changes = decide_changes(
            graph,
            reading.state,
            reading.inventory,
            catalog,
            scope.terms,
            scope.limits_in(graph, desired.graph),
        )
    changes = renew_holders(changes, reading.state)
    changes = without_repaired(refresh_snapshots(changes, reading.state, catalog))
    changes = separate_children(changes, reading.state, catalog)
    changes = rotate(changes, graph, reading.state, catalog, environment.marks)
    changes = with_carried_marks(repair_failed(changes), reading.state, environment.marks)
    diagnostics = [
        *desired.diagnostics,
        *changes.diagnostics,
        *_warn_of_gaps(reading, desired.graph),
    ]
    diagnostics += [*_warn_of_unread_foreigners(reading), *_warn_of_former_subscriptions(reading)]
    diagnostics += _warn_of_unknown_types(reading, catalog)
    diagnostics += warn_of_unstated_locations(desired.graph)
    if graph.resources:
        known = known_estate(graph, reading.state, catalog)
        diagnostics += (*check_addresses(known), *check_routes(topology_of(known, environment)))
    changes = replace(changes, diagnostics=tuple(diagnostics))
    if scope.request.targets:
        changes = select_changes(changes, graph, Target(scope.request.targets))
    found = actual_estate(reading.state, desired.graph, catalog)
    changes = block_refused_changes(changes, graph, reading.state, found, catalog, desired.today)
    census = take_census(reading, desired.graph, catalog)
    assessment, evaluated = Assessment(), census
    if graph.resources and scope.assess:
        assessment, evaluated = _evaluate_changes(
            changes, desired, reading.state, found, catalog, census
        )
    gates = (*assessment.gates, *_adoption_gates(changes, scope.terms))
    assessment = replace(assessment, gates=gates)
    origin = Origin(
        desired.document,
        scope.request,
        digest_json(environment.node.plain()),
        _digest_of_controls(environment),
    )
    with measure_phase("plan"):
        plan = assemble_plan(origin, graph, changes, reading.state, catalog, assessment)
    plan = replace(plan, document=with_capabilities(plan.document, found, catalog))
    outside = find_outside(plan.steps, environment.subscriptions.values())
    busy = find_in_progress(changes, graph, reading.state, catalog)
    plan = with_in_progress(with_diagnostics(plan, outside), in_progress_documents(busy))
    plan = with_census(plan, evaluated)
    return Planned(plan, reading.state, changes, census, in_progress=busy)


def _evaluate_changes(
    changes: Changes,
    desired: Desired,
    state: ActualState,
    found: Estate,
    catalog: Catalog,
    census: CensusDocument,
) -> tuple[Assessment, CensusDocument]:
    """Return how controls judge the state after the changes, and which results the changes turn.

    It returns the census with what was evaluated, too.
    """
    environment, graph = desired.environment, desired.graph
    outcome = planned_estate(changes, state, graph, catalog, found)
    if all(change.action in _UNCHANGING_ACTIONS for change in changes.resources):
        # Without a change no control's result changes.
        after = evaluate_state(outcome, graph, environment, catalog, state, changes.accepted)
        return Assessment(after.proof_documents, gates=after.gates), after.complete(census)
    before, after = evaluate_transition(
        (found, outcome), graph, environment, catalog, state, changes.accepted
    )
    difference = compare_evaluations(before, after)
    assessment = Assessment(after.proof_documents, difference.security, difference.gates)
    return assessment, after.complete(census)


def _digest_of_controls(environment: Environment) -> str | None:
    """Return the digest of the files of custom controls, None where there are none."""
    stated = environment.controls
    return digest_json([[each.path, each.node.plain()] for each in stated]) if stated else None


def _adoption_gates(changes: Changes, options: PlanOptions) -> tuple[GateDocument, ...]:
    """Return the gate that refuses adoptions without permission, if there are any."""
    refused = [
        change
        for change in changes.resources
        if change.action is Action.ADOPT and not options.permits_adoption(change.address)
    ]
    if not refused:
        return ()
    shown = "; ".join(f"{c.address} ({c.id}) {_adoption_reason(c)}" for c in refused[:5])
    more = f"; and {len(refused) - 5} more" if len(refused) > 5 else ""
    return (
        GateDocument(
            gate=ADOPTION_GATE,
            reason=f"{shown}{more}",
            hint="To take it over, list its address under `adopt:` in the environment, or add "
            "`--adopt ADDRESS`. To use it as it is, state `existing: true`. Or choose another "
            "name.",
        ),
    )


def _adoption_reason(change: ResourceChange) -> str:
    if change.reason == ActionReason.ADOPTED:
        return "exists and carries no mark of azsec"
    return str(change.reason)


def check_adoptions(addresses: Sequence[str], desired: Desired) -> None:
    """Check that the blueprint has a resource at each address to adopt.

    Raises:
        DiagnosticError: Where it has none, for each such address.
    """
    graph = desired.graph
    listed = desired.environment.adopt
    unknown = [
        error(
            "unknown-address",
            f"there is nothing to adopt at {address!r}: the blueprint has no such address.",
            desired.environment.node.find(("adopt", listed.index(address))).span
            if address in listed
            else None,
            nearest(address, list(graph.resources)),
        )
        for address in addresses
        if address != EVERY_ADDRESS and not any(is_at(at, address) for at in graph.resources)
    ]
    if unknown:
        raise DiagnosticError(*unknown)


_UNCHANGING_ACTIONS = (Action.NO_OP, Action.BLOCKED)


def _warn_of_gaps(reading: Reading, graph: DesiredGraph) -> list[Diagnostic]:
    """Return a diagnostic for each refused list.

    Where resources of the blueprint are unreadable for it, they are blocked, and nothing is added.
    Otherwise each was read by its id; the refused list is an error where the blueprint has its
    type, else a warning.
    """
    blocked = {
        resource.type.list_name
        for resource in graph
        if isinstance(reading.state.get(resource.id), Unreadable)
    }
    stated = {resource.type.list_name for resource in graph}
    return [
        (error if answer.read.type in stated else warning)(
            "cannot-list",
            f"{answer.read.path} cannot be {'listed' if answer.read.is_list else 'read'}: "
            f"{answer.refused}.",
            None,
            "What left the blueprint, and what azsec did not make, may be overlooked.",
        )
        for answer in reading.refused
        if answer.read.type not in blocked
    ]


def _warn_of_unread_foreigners(reading: Reading) -> list[Diagnostic]:
    """Return a warning where others' resources are too many to read each of them."""
    if not reading.left_out:
        return []
    return [
        warning(
            "not-looked-into",
            f"{reading.left_out} resources outside of the environment were not read, so additions "
            f"by them are not reported: azsec reads {MOST_FOREIGN} of them.",
            None,
            "Move resources that are not the environment's out of its subscriptions.",
        )
    ]


def _warn_of_former_subscriptions(reading: Reading) -> list[Diagnostic]:
    """Return a warning for each subscription that left the environment with resources in it."""
    found: dict[str, list[ResourceId]] = {}
    for stray in reading.strays:
        found.setdefault(str(stray.subscription), []).append(stray)
    return [
        warning(
            "left-in-subscription",
            f"{len(strays)} resources in the subscription {subscription} carry this environment's "
            f"mark, and the subscription is none of the environment's: {_list_resources(strays)}.",
            None,
            "To have them deleted, add it to `subscriptions:` under any alias, apply, and take it "
            "out again.",
        )
        for subscription, strays in sorted(found.items())
    ]


def _warn_of_unknown_types(reading: Reading, catalog: Catalog) -> list[Diagnostic]:
    """Return an error for each type without facts of which the environment has marked resources.

    It is in no tier of the catalog. The resources left the blueprint, and nothing states an api
    version for them, so that they are neither read nor deleted.
    """
    found: dict[str, list[ResourceId]] = {}
    for owned in reading.inventory.owned:
        if catalog.of(owned.id) is None:
            found.setdefault(owned.id.type, []).append(owned.id)
    return [
        error(
            "left-of-unknown-type",
            f"{len(left)} of the type {name} left the blueprint and carry this environment's mark; "
            f"the catalog does not have the type: {_list_resources(left)}.",
            None,
            f"To have them deleted, state the api version of the type in the environment: `types: "
            f"{{{name}: VERSION}}`.",
        )
        for name, left in sorted(found.items())
    ]


def _list_resources(resources: Sequence[ResourceId]) -> str:
    shown = ", ".join(str(resource) for resource in resources[:3])
    return f"{shown}, …" if len(resources) > 3 else shown


def _check_subscriptions(environment: Environment, reading: Reading) -> None:
    """Check that Azure knows each subscription of the environment.

    Raises:
        DiagnosticError: Where it does not show one (`subscription-not-found`).
    """
    unknown: dict[str, str] = {}
    for answer in reading.refused:
        if answer.refused is not None and answer.refused.code in _SUBSCRIPTION_ERRORS:
            # The path of a read begins with `/subscriptions/GUID`.
            unknown[answer.read.path.split("/")[2].lower()] = str(answer.refused)
    if unknown:
        raise DiagnosticError(
            *(
                error(
                    "subscription-not-found",
                    f"Azure does not show the subscription {alias!r} ({guid}): {unknown[guid]}.",
                    environment.node.find(("subscriptions", alias)).span,
                    "Correct the GUID and the tenant, or give the credential Reader on it.",
                )
                for alias, guid in environment.subscriptions.items()
                if guid in unknown
            )
        )


_SUBSCRIPTION_ERRORS = frozenset({"SubscriptionNotFound", "InvalidSubscriptionId"})
