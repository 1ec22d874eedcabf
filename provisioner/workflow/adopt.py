"""`azsec adopt`: writes environment files for existing resources, and proves they plan nothing.

The proof is a plan of the written files against Azure's present state, by the same code as `azsec
plan`. What the plan would change is corrected in the files or reported. Nothing is written to
Azure: a later apply writes the ownership marks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.adoption.body_parts import Part, split_parts
from provisioner.adoption.discovery import Findings, Hidden, Roots
from provisioner.adoption.exclusions import Exclusions, LeftOut, Selection, select
from provisioner.adoption.minimal_body import MinimalBody
from provisioner.adoption.naming import subscription_aliases
from provisioner.adoption.pipeline import (
    AdoptedResources,
    AdoptionTarget,
    Built,
    minimize,
    secret_tags,
)
from provisioner.adoption.template_source import Pattern
from provisioner.adoption.terraform_source import Listing
from provisioner.catalog.registry import Catalog
from provisioner.documents.adoption import (
    AdoptionDocument,
    ChangeLeftDocument,
    HiddenDocument,
    LeftOutDocument,
    NoteDocument,
    Verdict,
    WrittenFileDocument,
)
from provisioner.documents.proof import FAILS
from provisioner.model.diagnostic import DiagnosticError, Severity, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.plan.assembly import documents_of, field_document
from provisioner.plan.changes import ResourceChange
from provisioner.plan.container_contents import is_always_there
from provisioner.workflow.adoption_proof import ProofInputs, ProvenFiles, beside_marks, make_files
from provisioner.workflow.adoption_reader import Discovery, discover


@dataclass(frozen=True, slots=True)
class Adoption:
    """The result of an adoption: its report, and the files by path."""

    document: AdoptionDocument
    files: Mapping[str, str]


def adopt(
    roots: Roots,
    target: AdoptionTarget,
    inputs: ProofInputs,
    patterns: Sequence[Pattern] = (),
    listing: Listing | None = None,
) -> Adoption:
    """Return the files of the resources at the roots, with the proof that they plan no change.

    `target` needs no subscriptions: they are those of the resources found. `patterns` limit the
    resources to those that some templates deploy (none: all); `listing` has what states list beside
    the ids of the roots. Raises AzureError where nothing can be read, and DiagnosticError for a
    root that does not exist, or at which there is nothing to adopt.
    """
    listing = listing or Listing()
    # A state of Terraform lists rules of a load balancer and access policies as resources, and a
    # GET by their ids fails: the body that contains them states them.
    resources, parts = split_parts(roots.resources, inputs.catalog)
    roots = replace(roots, resources=resources)
    discovery = discover(roots, inputs.catalog, inputs.source, target.api_versions)
    findings, catalog = discovery.findings, discovery.catalog
    unlisted = [*_limit_to_templates(findings, patterns), *_listed_but_absent(discovery, roots)]
    selection, material = gather(findings, catalog, observes=target.observe)
    _check_not_empty(selection, material)
    guids = {
        str(findings.ids[key].subscription) for key in (*material.bodies, *material.owned_groups)
    }
    target = replace(target, subscriptions=subscription_aliases(guids, target.subscription_names))
    minimal = minimize(material, catalog)
    # Only after the minimization: that nobody changed such a resource shows by an empty body.
    selection, material = leave_out_untouched(selection, material, minimal, catalog)
    minimal = {key: minimal[key] for key in material.bodies}
    files = make_files(material, minimal, target, catalog, inputs)
    document = _adoption_document(discovery, selection, material, files, target)
    not_expressed = [
        *_entries_without_id(listing),
        *_parts_without_parent(parts, discovery, listing),
    ]
    document = document.model_copy(
        update={
            "unlisted": tuple(unlisted),
            "not_expressed": (*document.not_expressed, *not_expressed),
            "verdict": _at_most_partial(document.verdict) if not_expressed else document.verdict,
        }
    )
    return Adoption(document, files.built.written.files)


def _limit_to_templates(findings: Findings, patterns: Sequence[Pattern]) -> list[LeftOutDocument]:
    """Keep the chosen resources that templates deploy; return what they deploy and was not found.

    Resource groups that a template does not deploy itself are only read.
    """
    if not patterns:
        return []
    matched = {
        key: [pattern for pattern in patterns if pattern.holds(findings.ids[key])]
        for key in findings.chosen
    }
    findings.chosen = {key for key, found in matched.items() if found}
    findings.groups = {}
    used = {pattern.written for found in matched.values() for pattern in found}
    return [
        LeftOutDocument(id=pattern.written, type=pattern.type, reason="the template deploys it")
        for pattern in patterns
        if pattern.written not in used
    ]


def _listed_but_absent(discovery: Discovery, roots: Roots) -> list[LeftOutDocument]:
    """Return the resources that a state lists and Azure does not have."""
    findings = discovery.findings
    refused = {a.read.path.lower() for a in findings.answers if a.refused is not None}
    return [
        _left_out(each, "the state lists it")
        for each in roots.resources
        if each.key not in findings.bodies
        # A type without an api version, or a list that Azure refused, leaves the resource unknown,
        # and not absent.
        and each.type.lower() not in discovery.silent
        and refused.isdisjoint(
            {each.key, f"/subscriptions/{each.subscription}/providers/{each.type}".lower()}
        )
    ]


def _entries_without_id(listing: Listing) -> Iterator[LeftOutDocument]:
    """Yield the entries of a state without an id to look for."""
    for each in listing.unread:
        yield LeftOutDocument(id="", type=each.type, address=each.address, reason=each.reason)


def _parts_without_parent(
    parts: Sequence[Part], discovery: Discovery, listing: Listing
) -> Iterator[LeftOutDocument]:
    """Yield the parts of bodies that no file states, because their parent is not adopted."""
    for part in parts:
        holder = part.holder
        if holder.key not in discovery.findings.chosen:
            yield LeftOutDocument(
                id=part.id.text,
                type=part.id.type,
                address=listing.addresses.get(part.id.key),
                reason=f"it is part of the body of {holder.type.rpartition('/')[2]} {holder.name}, "
                "which is not adopted here: adopt that too, with --resource-group "
                f"{holder.subscription}/{holder.resource_group}",
            )


def _at_most_partial(verdict: Verdict) -> Verdict:
    return Verdict.PARTIAL if verdict is Verdict.PROVEN else verdict


def gather(
    findings: Findings, catalog: Catalog, *, observes: bool = False
) -> tuple[Selection, AdoptedResources]:
    """Return the resources to adopt, and the material of their files."""
    exclusions = Exclusions(
        findings.bodies, findings.ids, findings.inventory(), catalog, observes=observes
    )
    known = [key for key in findings.chosen if catalog.of(findings.ids[key]) is not None]
    selection = select(known, findings.bodies, findings.ids, exclusions, catalog)
    groups = {
        key: body
        for key, body in findings.bodies.items()
        if findings.ids[key].type == RESOURCE_GROUP
    }
    owned = set()
    left_out = list(selection.left_out)
    for key in sorted(findings.groups.keys() & groups.keys()):
        out = exclusions.of(findings.ids[key], groups[key])
        if out is None:
            owned.add(key)
        elif not out.owned:
            left_out.append(out)
    selection = replace(selection, left_out=tuple(left_out))
    return selection, AdoptedResources(findings.ids, selection.adopted, groups, owned)


def leave_out_untouched(
    selection: Selection,
    material: AdoptedResources,
    minimal: Mapping[str, MinimalBody],
    catalog: Catalog,
) -> tuple[Selection, AdoptedResources]:
    """Leave out what Azure creates together with its parent and nobody changed.

    Examples are the SOA record of a DNS zone and the blob service of a storage account: the files
    would state nothing of them.
    """
    untouched = {
        key
        for key in material.bodies
        if is_always_there(catalog.get(material.ids[key].type), material.ids[key].name)
        and not minimal[key].body
    }
    left = [
        LeftOut(material.ids[key], "made by Azure with what it is in, and unchanged")
        for key in sorted(untouched)
    ]
    bodies = {key: body for key, body in material.bodies.items() if key not in untouched}
    return (
        Selection(bodies, (*selection.left_out, *left)),
        replace(material, bodies=bodies),
    )


def _check_not_empty(selection: Selection, material: AdoptedResources) -> None:
    if material.bodies or material.owned_groups:
        return
    owned = list(dict.fromkeys(out.reason for out in selection.left_out if out.owned))
    if owned:
        raise DiagnosticError(
            error(
                "owned-already",
                f"there is nothing to adopt: all of it {owned[0]}.",
                None,
                "Use that environment. `azsec ownership migrate` renews the marks of one whose id "
                "was lost.",
            )
        )
    raise DiagnosticError(
        error(
            "nothing-to-adopt",
            f"there is nothing to adopt ({len(selection.left_out)} resources were found, and are "
            "made by services).",
            None,
            "Check the groups and the subscription.",
        )
    )


def _adoption_document(
    discovery: Discovery,
    selection: Selection,
    material: AdoptedResources,
    files: ProvenFiles,
    target: AdoptionTarget,
) -> AdoptionDocument:
    built, proof, findings = files.built, files.proof, discovery.findings
    addresses, planned = built.written.addresses, proof.planned.plan.document
    hidden = (*findings.hidden(discovery.catalog), *_unlisted_children(discovery))
    total = len(built.entries) + len(material.owned_groups)
    unknown = [
        findings.ids[key]
        for key in sorted(findings.chosen)
        if findings.ids[key].type.lower() in discovery.silent
    ]
    verdict = Verdict.PROVEN
    errors = [d for d in proof.planned.changes.diagnostics if d.severity is Severity.ERROR]
    diagnostics = (*errors, *files.diagnostics)
    # With an error in the plan, something was not compared: that it plans no change is then no
    # proof.
    if proof.left or any(each.severity is Severity.ERROR for each in diagnostics):
        verdict = Verdict.NOT_PROVEN
    elif hidden or unknown or files.unfit:
        verdict = Verdict.PARTIAL
    return AdoptionDocument(
        environment=proof.desired.document,
        observe=target.observe,
        verdict=verdict,
        adopted=total,
        unchanged=total - len({change.id.key for change in proof.left}),
        types=len({material.ids[key].type.lower() for key in material.bodies}),
        files=tuple(
            WrittenFileDocument(path=path, lines=text.count("\n"))
            for path, text in built.written.files.items()
        ),
        changes=tuple(_change_document(change) for change in proof.left),
        not_expressed=(
            *(_left_out(each, discovery.silent[each.type.lower()]) for each in unknown),
            *(_left_out(material.ids[key], why) for key, why in sorted(files.unfit.items())),
        ),
        left_out=tuple(_left_out(out.id, out.reason) for out in selection.left_out),
        unreadable=tuple(HiddenDocument(path=h.path, reason=h.reason) for h in hidden),
        notes=(*_notes_of_groups(material, addresses), *_notes_of_resources(built, addresses)),
        calls=sum(answer.calls for answer in findings.answers) + proof.planned.calls + files.asked,
        failing_proofs=sum(each.verdict == FAILS for each in planned.proofs),
        additions=len(planned.additions),
        diagnostics=documents_of(diagnostics),
    )


def _unlisted_children(discovery: Discovery) -> Iterator[Hidden]:
    """Yield the chosen types whose child types are not known."""
    findings = discovery.findings
    chosen = {findings.ids[key].type.lower() for key in findings.chosen}
    for name, why in sorted(discovery.unlisted.items()):
        if name.lower() in chosen:
            yield Hidden(f"children of {name}", f"they were not listed: {why}")


def _left_out(resource: ResourceId, reason: str) -> LeftOutDocument:
    return LeftOutDocument(id=resource.text, type=resource.type, reason=reason)


def _notes_of_groups(
    material: AdoptedResources, addresses: Mapping[str, str]
) -> Iterator[NoteDocument]:
    for key in sorted(material.owned_groups):
        for name in sorted(secret_tags(material.groups[key])):
            yield NoteDocument(
                address=addresses[key],
                path=f"tags.{name}",
                reason="a secret, which stays only in Azure",
            )


def _notes_of_resources(built: Built, addresses: Mapping[str, str]) -> list[NoteDocument]:
    found: list[NoteDocument] = []
    for key, minimal in built.minimal.items():
        if key not in built.entries:
            continue
        address = addresses[key]
        found += [
            NoteDocument(address=address, path=path, reason="a secret, which stays only in Azure")
            for path in minimal.secrets
        ]
        found += [
            NoteDocument(address=address, path=path, reason="azsec's schema does not have it")
            for path in minimal.refused
        ]
    return found


def _change_document(change: ResourceChange) -> ChangeLeftDocument:
    return ChangeLeftDocument(
        address=change.address,
        id=change.id.text,
        action=change.action.value,
        reason=change.reason,
        fields=tuple(map(field_document, beside_marks(change))),
    )
