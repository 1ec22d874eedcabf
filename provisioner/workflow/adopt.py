"""`azsec adopt`: reads what exists, writes the files that describe it, and proves that they plan to
nothing.

The proof is a plan of the written files against Azure as it is then, by the same code as `azsec
plan`. What it would change is mended in the files or reported; marks are written by a later apply.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from provisioner.adoption.building import Built, Material, Place, minimize
from provisioner.adoption.discovery import (
    Findings,
    Roots,
    below_reads,
    first_reads,
    inventory_reads,
    shown_in_part,
    type_reads,
    wide_extension_reads,
)
from provisioner.adoption.entries import group_of
from provisioner.adoption.minimal_body import MinimalBody
from provisioner.adoption.selection import Exclusions, LeftOut, Selection, select
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
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, Severity, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.plan.assembly import documents_of, field_document
from provisioner.plan.changes import ResourceChange
from provisioner.plan.contents import is_always_there
from provisioner.workflow.adoption_proof import Bench, ProvenFiles, beside_marks, make_files

_MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Adoption:
    """What an adoption came to: its report, and the files by path."""

    document: AdoptionDocument
    files: Mapping[str, str]


def discover(roots: Roots, catalog: Catalog, reader: Reader) -> Findings:
    """Read what there is at the roots, round by round. Raises AzureError where nothing can be read,
    DiagnosticError for a root that does not exist."""
    findings = Findings()
    findings.take(reader.read(first_reads(roots, catalog)), catalog)
    _check_roots(roots, findings)
    groups = {each.key: each for each in roots.groups}
    for key, each in findings.ids.items():
        subscription = str(each.subscription).lower()
        if each.type == RESOURCE_GROUP and subscription in roots.subscriptions:
            groups[key] = each
    findings.groups = groups
    findings.take(reader.read(inventory_reads(groups.values(), findings)), catalog)
    listed = [each for each, _ in findings.inventory()]
    findings.chosen |= {each.key for each in (*listed, *roots.resources)}
    findings.take(reader.read(type_reads(listed, findings, catalog)), catalog)
    _follow(findings, catalog, reader)
    missing = [
        group
        for key in sorted(findings.chosen)
        if (group := group_of(findings.ids[key])) is not None and group.key not in findings.bodies
    ]
    findings.take(reader.read(type_reads(missing, findings, catalog)), catalog)
    return findings


def _follow(findings: Findings, catalog: Catalog, reader: Reader) -> None:
    """Read below what is chosen, until nothing new is found."""
    findings.take(reader.read(wide_extension_reads(findings, catalog)), catalog)
    for _ in range(_MOST_ROUNDS):
        findings.chosen |= _hanging_on(findings)
        reads = (*below_reads(findings, catalog), *shown_in_part(findings, catalog))
        if not reads:
            return
        findings.take(reader.read(reads), catalog)


def _hanging_on(findings: Findings) -> set[str]:
    """Return the keys of what stands in or on something chosen, or on a chosen group."""
    holders = findings.chosen | set(findings.groups)
    return {
        key
        for key in findings.bodies
        if (container := findings.ids[key].container) is not None
        and container.key in holders
        and findings.ids[key].type != RESOURCE_GROUP
    }


def _check_roots(roots: Roots, findings: Findings) -> None:
    refused = {
        answer.read.path.lower(): str(answer.refused)
        for answer in findings.answers
        if answer.refused is not None
    }
    wrong = [
        error(
            "root-not-found",
            f"{each} cannot be adopted: {refused.get(each.key, 'Azure has no such resource')}.",
            None,
            "Check the subscription, the name and the tenant; `az group list -o table` lists "
            "groups.",
        )
        for each in (*roots.groups, *roots.clusters)
        if each.key not in findings.bodies
    ]
    if wrong:
        raise DiagnosticError(*wrong)


def gather(findings: Findings, catalog: Catalog) -> tuple[Selection, Material]:
    """Return what of the findings is adopted, and the material of its files."""
    exclusions = Exclusions(findings.bodies, findings.ids, findings.inventory(), catalog)
    known = [key for key in findings.chosen if catalog.of(findings.ids[key]) is not None]
    selection = select(known, findings.bodies, findings.ids, exclusions, catalog)
    groups = {
        key: body
        for key, body in findings.bodies.items()
        if findings.ids[key].type == RESOURCE_GROUP
    }
    owned = {
        key
        for key in findings.groups
        if key in groups and exclusions.of(findings.ids[key], groups[key]) is None
    }
    return selection, Material(findings.ids, selection.adopted, groups, owned)


def without_untouched(
    selection: Selection,
    material: Material,
    minimal: Mapping[str, MinimalBody],
    catalog: Catalog,
) -> tuple[Selection, Material]:
    """Leave out what Azure makes with what it stands in (the SOA record of a zone, the blob service
    of an account) and nobody changed: nothing of it would be stated."""
    untouched = {
        key
        for key in material.bodies
        if is_always_there(catalog.get(material.ids[key].type), material.ids[key].name)
        and not minimal[key].body
    }
    left = [
        LeftOut(material.ids[key], "made by Azure with what it stands in, and unchanged")
        for key in sorted(untouched)
    ]
    bodies = {key: body for key, body in material.bodies.items() if key not in untouched}
    return (
        Selection(bodies, (*selection.left_out, *left)),
        replace(material, bodies=bodies),
    )


def adopt(
    roots: Roots,
    place: Place,
    catalog: Catalog,
    reader: Reader,
    today: date,
    watch: Callable[[str], None] = lambda _text: None,
) -> Adoption:
    """Return the files of what stands at the roots, with the proof that they plan to nothing.

    `watch` is told what is done. Raises AzureError where nothing can be read, and DiagnosticError
    for a root that does not exist, or at which there is nothing to adopt.
    """
    findings = discover(roots, catalog, reader)
    selection, material = gather(findings, catalog)
    _check_anything(selection, material)
    watch(f"read {len(findings.bodies)} resources")
    minimal = minimize(material, catalog)
    selection, material = without_untouched(selection, material, minimal, catalog)
    minimal = {key: minimal[key] for key in material.bodies}
    files = make_files(material, minimal, place, Bench(catalog, reader, today))
    document = _report(findings, selection, material, files, place)
    return Adoption(document, files.built.written.files)


def _check_anything(selection: Selection, material: Material) -> None:
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


def _report(
    findings: Findings,
    selection: Selection,
    material: Material,
    files: ProvenFiles,
    place: Place,
) -> AdoptionDocument:
    built, proof = files.built, files.proof
    addresses = built.written.addresses
    hidden = findings.hidden
    total = len(built.entries) + len(material.owned_groups)
    unknown = [
        findings.ids[key]
        for key in sorted(findings.chosen)
        if key not in material.bodies and key not in findings.bodies
    ]
    verdict = Verdict.PROVEN
    errors = [d for d in proof.planned.changes.diagnostics if d.severity is Severity.ERROR]
    if proof.left or errors:
        verdict = Verdict.NOT_PROVEN
    elif hidden:
        verdict = Verdict.PARTIAL
    return AdoptionDocument(
        environment=proof.desired.document,
        observe=place.observe,
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
            *(_left_out(each, "azsec does not know the type") for each in unknown),
            *(_left_out(material.ids[key], why) for key, why in sorted(files.unfit.items())),
        ),
        left_out=tuple(_left_out(out.id, out.reason) for out in selection.left_out),
        unreadable=tuple(HiddenDocument(path=h.path, reason=h.reason) for h in hidden),
        notes=tuple(_notes(built, addresses)),
        calls=sum(answer.calls for answer in findings.answers) + proof.planned.calls,
        diagnostics=documents_of(errors),
    )


def _left_out(resource: ResourceId, reason: str) -> LeftOutDocument:
    return LeftOutDocument(id=resource.text, type=resource.type, reason=reason)


def _notes(built: Built, addresses: Mapping[str, str]) -> list[NoteDocument]:
    found: list[NoteDocument] = []
    for key, minimal in built.minimal.items():
        if key not in built.entries:
            continue
        address = addresses[key]
        found += [
            NoteDocument(address=address, path=path, reason="a secret, which stays in Azure alone")
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
