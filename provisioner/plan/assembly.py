"""Assembly of a plan: decisions, steps, observed resources, and the document that shows them.

`workflow.plan` calls `assemble_plan` once the changes are decided and the state after them is
assessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.expression import Lookup, resolve
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import ADDRESS_TAG, is_ownership_tag
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.diff.change import FieldChange
from provisioner.diff.merge import merge_for_write
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.document import DiagnosticDocument, EnvironmentDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    IgnoredDocument,
    PlanDocument,
    PlanSummary,
    ResourceChangeDocument,
    StepDocument,
    UndeclaredDocument,
    UndeclaredTagDocument,
    UnmanagedDocument,
)
from provisioner.documents.proof import GateDocument, ProofDocument
from provisioner.model.actual import ActualState, Found
from provisioner.model.diagnostic import Diagnostic
from provisioner.model.resource_id import ResourceId
from provisioner.model.secret_values import holds_secret, mask_secrets
from provisioner.model.values import Value, is_known, unknowns
from provisioner.plan.addition_documents import (
    accepted_documents,
    addition_documents,
    ended_documents,
)
from provisioner.plan.changes import Changes, ResourceChange
from provisioner.plan.options import is_at
from provisioner.plan.plan import Input, Observed, Plan, digest_json, encode_value, with_digest
from provisioner.plan.preserved_values import kept_values
from provisioner.plan.redaction import conceal, concealed_values, sensitive_places
from provisioner.plan.request import Request
from provisioner.plan.rotation import resource_stating
from provisioner.plan.steps import Step, build_steps
from provisioner.plan.value_text import disclose, mask_output, named_by, to_plain


@dataclass(frozen=True, slots=True)
class Target:
    """The part of an environment that a plan is limited to: addresses and their dependencies."""

    addresses: tuple[str, ...]

    def select(self, graph: DesiredGraph) -> frozenset[str]:
        """Return the addresses in the graph that the target covers."""
        pending = [
            resource.address
            for resource in graph
            if any(is_at(resource.address, wanted) for wanted in self.addresses)
        ]
        selected: set[str] = set()
        while pending:
            address = pending.pop()
            if address not in selected:
                selected.add(address)
                pending += [edge.on for edge in graph.resources[address].edges]
        return frozenset(selected)


@dataclass(frozen=True, slots=True)
class Origin:
    """The inputs of a plan: the environment, the request and the digests of its files.

    The digests are of what the environment's file states, and of its custom controls (None: it has
    none).
    """

    environment: EnvironmentDocument
    request: Request
    fingerprint: str
    controls: str | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The proofs and control results for the state after a plan, and the gates that refuse it."""

    proofs: tuple[ProofDocument, ...] = ()
    security: SecurityDeltaDocument | None = None
    gates: tuple[GateDocument, ...] = ()


def select_changes(changes: Changes, graph: DesiredGraph, target: Target) -> Changes:
    """Return the changes that a target covers.

    A delete covers what the resource holds, too.
    """
    selected = target.select(graph)
    covered = [
        change
        for change in changes.resources
        if _address_of(change, graph) in selected
        or any(is_at(change.address, wanted) for wanted in target.addresses)
    ]
    gone = {c.id.key for c in covered if c.action in (Action.DELETE, Action.REPLACE)}
    kept = {change.id.key for change in covered}
    return replace(
        changes,
        resources=tuple(
            change
            for change in changes.resources
            if change.id.key in kept or any(above.key in gone for above in change.id.ancestors)
        ),
    )


def assemble_plan(
    origin: Origin,
    graph: DesiredGraph,
    changes: Changes,
    state: ActualState,
    catalog: Catalog,
    assessment: Assessment,
) -> Plan:
    """Return the plan that carries out `changes`."""
    resources = changes.resources
    steps = build_steps(changes, graph, catalog, state)
    shown = concealed_values(changes.values, {r.address: r.type for r in graph}, catalog.schemas)
    outputs = {
        name: mask_output(resolve(value, shown), name) for name, value in graph.outputs.items()
    }
    plan = Plan(
        document=_plan_document(
            origin.environment, changes, steps, outputs, state, catalog
        ).model_copy(
            update={
                "additions": addition_documents(changes.additions, state, catalog),
                "accepted": accepted_documents(changes.accepted, state, catalog),
                "destroys": origin.request.destroy,
                "proofs": assessment.proofs,
                "security": assessment.security,
                "gates": assessment.gates,
            }
        ),
        steps=steps,
        observed=_observed_resources(resources, graph, state, catalog),
        inputs=_read_inputs(resources, graph, shown),
        outputs=outputs,
        request=origin.request,
        digests={
            **_digest_of_modules(origin.environment),
            **({"controls": origin.controls} if origin.controls else {}),
            "environment": origin.fingerprint,
            "blueprint": digest_json([[r.address, r.id.key, encode_value(r.body)] for r in graph]),
            "catalog": digest_json([[t.name, t.api_version, t.tier, t.package] for t in catalog]),
            "state": digest_json(
                [
                    [c.id.key, _digested_body(c, c.found, catalog) if c.found else None]
                    for c in sorted(resources, key=lambda change: change.id.key)
                ]
            ),
        },
    )
    return with_digest(plan)


def _digest_of_modules(environment: EnvironmentDocument) -> Mapping[str, str]:
    """Return the digest of the git repositories of an environment, where it has any."""
    sources = [source.to_json() for source in environment.module_sources]
    return {"modules": digest_json(sources)} if sources else {}


def _address_of(change: ResourceChange, graph: DesiredGraph) -> str:
    """Return the address of what states a resource: its own, or its parent's."""
    stating = resource_stating(change, graph)
    return change.address if stating is None else stating.address


def _observed_resources(
    resources: Sequence[ResourceChange],
    graph: DesiredGraph,
    state: ActualState,
    catalog: Catalog,
) -> tuple[Observed, ...]:
    """Return what apply has to find unchanged: all resources that it writes or reads from."""
    observed: dict[str, Observed] = {}
    read: set[str] = set()
    for change in resources:
        if change.action is Action.NO_OP:
            continue
        observed[change.address] = Observed(
            change.address,
            change.id,
            change.type.name,
            change.type.api_version,
            _writable_body(change, change.found, catalog) if change.found else None,
            touched=True,
        )
        if change.stand_in is not None:
            placed = replace(
                change,
                address=change.stand_in.address,
                id=change.stand_in.id,
                found=change.stand_in.found,
            )
            observed[change.stand_in.address] = Observed(
                change.stand_in.address,
                change.stand_in.id,
                change.type.name,
                change.type.api_version,
                _writable_body(placed, placed.found, catalog) if placed.found else None,
                touched=True,
            )
        stating = resource_stating(change, graph)
        if stating is not None:
            read |= {edge.on for edge in stating.edges}
    for address in sorted(read - observed.keys()):
        resource = graph.resources[address]
        found = state.get(resource.id)
        if isinstance(found, Found):
            observed[address] = Observed(
                address, resource.id, resource.type.name, resource.type.api_version, {}, False
            )
    return tuple(observed[address] for address in sorted(observed))


def _digested_body(change: ResourceChange, found: Found, catalog: Catalog) -> object:
    """Return what the digest of the state covers of a resource.

    Where a body stands in the plan its secrets are left out of the digest too: with all the rest
    known, a short one could be guessed from it.
    """
    if change.action is Action.NO_OP:
        return merge_for_write(change.type, catalog.schemas, {}, found.body)
    return encode_value(_writable_body(change, found, catalog))


def _writable_body(change: ResourceChange, found: Found, catalog: Catalog) -> Mapping[str, Value]:
    written = merge_for_write(change.type, catalog.schemas, {}, found.body)
    places = sensitive_places(change.type, catalog.schemas, found.body, change.desired)
    return conceal(written, found.body, change.address, places)


def _read_inputs(
    resources: Sequence[ResourceChange],
    graph: DesiredGraph,
    readable: Lookup,
) -> tuple[Input, ...]:
    """Return the values that Azure gave and that stand in the bodies of the plan."""
    found: list[Input] = []
    for change in resources:
        stating = resource_stating(change, graph)
        if change.action is Action.NO_OP or stating is None:
            continue
        for source in unknowns(stating.body):
            value = resolve(source, readable)
            # What would be written of a secret is refused, so no plan has to hold it.
            if is_known(value) and not holds_secret(value):
                found.append(Input(source, to_plain(value)))
    return tuple(found)


def _plan_document(
    environment: EnvironmentDocument,
    changes: Changes,
    steps: Sequence[Step],
    outputs: Mapping[str, Value],
    state: ActualState,
    catalog: Catalog,
) -> PlanDocument:
    resources = changes.resources
    ended = ended_documents(resources, state, catalog)
    # A resource that moves has two changes at one address: the old one goes, a new one is made.
    about = {(change.address, change.id.key): change for change in resources}
    about |= {
        (c.stand_in.address, c.stand_in.id.key): c for c in resources if c.stand_in is not None
    }
    return PlanDocument(
        environment=environment,
        digest="",
        summary=_summarise_actions(resources),
        changes=tuple(
            _change_document(c).model_copy(update={"ends": ended.get(c.id.key)})
            for c in resources
            if c.action is not Action.NO_OP
        ),
        undeclared=tuple(
            UndeclaredDocument(
                address=change.address,
                id=change.id.text,
                type=change.type.name,
                field=field_document(field),
                kept=field.kept,
            )
            for change in resources
            for field in change.undeclared
        ),
        tags=tuple(
            _tag_document(change, field_document(field))
            for change in resources
            for field in change.tags
        ),
        ignored=tuple(
            IgnoredDocument(
                address=change.address,
                id=change.id.text,
                type=change.type.name,
                field=field_document(entry.field),
                reason=entry.ignore.reason,
                owner=entry.ignore.owner,
                expires=entry.ignore.expires.isoformat(),
            )
            for change in resources
            for entry in change.ignored
        ),
        unmanaged=tuple(unmanaged_document(resource) for resource in changes.unmanaged),
        steps=tuple(
            StepDocument(
                key=step.key,
                verb="PUT" if step.verb == "PUT" else "DELETE",
                action=about[step.address, step.id.key].action,
                seconds=step.seconds,
                address=step.address,
                id=step.id.text,
                api_version=step.api_version,
                after=step.after,
                query=dict(step.query),
                keeps=kept_values(step, about[step.address, step.id.key]),
            )
            for step in steps
        ),
        outputs={name: to_plain(value) for name, value in sorted(outputs.items())},
        diagnostics=documents_of(changes.diagnostics),
    )


def documents_of(diagnostics: Iterable[Diagnostic]) -> tuple[DiagnosticDocument, ...]:
    """Return the documents of diagnostics."""
    return tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)


def unmanaged_document(resource: ResourceId) -> UnmanagedDocument:
    """Return the document of a resource that azsec did not make."""
    return UnmanagedDocument(
        id=resource.text, type=resource.type, resource_group=resource.resource_group
    )


def _summarise_actions(resources: Sequence[ResourceChange]) -> PlanSummary:
    def count(action: Action) -> int:
        return sum(change.action is action for change in resources)

    return PlanSummary(
        create=count(Action.CREATE),
        update=count(Action.UPDATE),
        adopt=count(Action.ADOPT),
        replace=count(Action.REPLACE),
        delete=count(Action.DELETE),
        blocked=count(Action.BLOCKED),
        unchanged=count(Action.NO_OP),
    )


_ROTATED = 3
"""A rotation makes two resources and deletes two, each in half of the time."""


_GIVES = (Action.CREATE, Action.UPDATE, Action.ADOPT, Action.REPLACE)


def _change_document(change: ResourceChange) -> ResourceChangeDocument:
    return ResourceChangeDocument(
        address=change.address,
        id=change.id.text,
        type=change.type.name,
        resource_group=change.id.resource_group,
        action=change.action,
        reason=mask_secrets(str(change.reason)) if change.reason else None,
        disruption=change.disruption,
        seconds=change.type.seconds * (1 if change.stand_in is None else _ROTATED),
        grants_access=change.type.adds
        if change.type.grants_access and change.action in _GIVES
        else None,
        tier=_tier_of(change.type),
        fields=tuple(field_document(field) for field in shown_fields(change)),
    )


def _tier_of(resource_type: ResourceType) -> str | None:
    """Return the tier of a type outside the catalog, with the package that its model is of."""
    if resource_type.tier is Tier.KNOWN:
        return None
    package = resource_type.package
    return f"{resource_type.tier}: {package}" if package else str(resource_type.tier)


def _tag_document(change: ResourceChange, tag: FieldChangeDocument) -> UndeclaredTagDocument:
    return UndeclaredTagDocument(
        address=change.address,
        id=change.id.text,
        type=change.type.name,
        path=tag.path,
        value=tag.before,
    )


def shown_fields(change: ResourceChange) -> list[FieldChange]:
    """Return the fields of a change that a person is shown.

    azsec's own tags are left out, but for the address where nothing else changes.
    """
    others = [f for f in change.fields if not is_ownership_tag(f.path.removeprefix("tags."))]
    if others or change.action is Action.ADOPT:
        return others
    return [f for f in change.fields if f.path == f"tags.{ADDRESS_TAG}"]


def field_document(change: FieldChange) -> FieldChangeDocument:
    """Return the document of a property's change."""
    name = named_by(change.path)
    before = change.sensitive or holds_secret(change.before, name)
    after = change.sensitive or holds_secret(change.after, name)
    return FieldChangeDocument(
        path=mask_secrets(change.path),
        kind=change.kind,
        declared=change.declared,
        before=disclose(change.before, sensitive=before),
        after=disclose(change.after, sensitive=after),
        sensitive=before or after,
        forces_replace=change.forces_replace,
        unknown=change.unknown,
        security=change.security,
        state=change.is_state,
        owner=change.owner,
        reason=change.reason,
    )
