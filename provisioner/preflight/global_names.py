"""Globally unique names: taken by another resource, or reserved by a soft-deleted one.

A soft-deleted vault keeps its name until its retention ends or somebody purges it, which azsec
never does.
Source: "Check Name Availability" of Key Vault and Container Registry; guidelines.md §2.8.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.endpoints import deleted_list, name_check
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write

_INVALID = ("accountnameinvalid", "invalid")


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    for write in _new_names(intent):
        yield _availability_inquiry(write)
        if write.type.soft_delete is not None:
            yield _deleted_inquiry(write)


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for write in _new_names(intent):
        gone = _find_deleted(write, replies) if write.type.soft_delete is not None else None
        if gone is not None:
            yield from _judge_deleted(write, gone)
            continue
        for answer in replies[_availability_inquiry(write)].items:
            if answer.get("nameAvailable") is False and not _is_recovery(write):
                yield _taken_diagnostic(write, answer)


CHECK = Check("whether names are free", _queries_for, _diagnostics_for)


def _new_names(intent: PlannedChanges) -> list[Write]:
    """Return the writes of new names: a resource that is replaced has its own."""
    return [w for w in intent.writes if w.found is None and w.type.rule.unique_in_azure]


def _availability_inquiry(write: Write) -> AzureQuery:
    return ask_subscription(
        name_check(write.type),
        write.id.subscription or "",
        body={"name": write.id.name, "type": write.type.name},
    )


def _deleted_inquiry(write: Write) -> AzureQuery:
    return ask_subscription(
        deleted_list(write.type), (write.id.subscription or "").lower(), is_list=True
    )


def _find_deleted(write: Write, replies: Replies) -> Body | None:
    items = replies[_deleted_inquiry(write)].items
    same = (item for item in items if str(item.get("name")).lower() == write.id.name.lower())
    return next(same, None)


def _is_recovery(write: Write) -> bool:
    facts = write.type.soft_delete
    stated = lookup(write.body, facts.mode.split(".")) if facts else None
    return facts is not None and str(stated).lower() == facts.recover


def _judge_deleted(write: Write, gone: Body) -> Iterator[Diagnostic]:
    facts = write.type.soft_delete
    assert facts is not None
    properties = gone.get("properties")
    before = _former_id(properties)
    until = str(lookup(properties, ("scheduledPurgeDate",)))[:10]
    region = lookup(properties, ("location",))
    same_place = before == write.id
    same_region = str(region).lower() == str(write.body.get("location")).replace(" ", "").lower()
    # Recovery is a PUT of the vault in its former resource group and region, and restores none of
    # its role assignments (guidelines.md §2.8).
    if _is_recovery(write) and same_place and same_region:
        return
    protected = lookup(properties, ("purgeProtectionEnabled",)) is True
    kept = f"its purge protection keeps it until {until}" if protected else f"kept until {until}"
    name = facts.mode.rpartition(".")[2]
    if same_place and same_region:
        recover = (
            f"Recover it: state `{name}: {facts.recover}` in its properties, apply, and take that "
            "line out again (its role assignments are gone; the apply makes those of the blueprint)"
        )
    else:
        place = before.text if before else "another resource group"
        recover = f"It can only be recovered where it was: {place}, in {region}"
    yield error(
        "name-kept-by-deleted",
        f"{write.address}: {write.id.name!r} belongs to a deleted {write.type.name} ({kept}), and "
        "a new one cannot have the name.",
        write.span,
        f"{recover}. Or choose another name, or wait until {until}. azsec never purges.",
    )


def _former_id(properties: object) -> ResourceId | None:
    """Return the id that a deleted resource had (`vaultId` of a deleted vault)."""
    if not isinstance(properties, Mapping):
        return None
    ids = (parse_resource_id(value) for key, value in properties.items() if key.endswith("Id"))
    return next((found for found in ids if found is not None), None)


def _taken_diagnostic(write: Write, answer: Body) -> Diagnostic:
    reason, said = str(answer.get("reason")), str(answer.get("message", "")).rstrip(". ")
    if reason.lower() in _INVALID:
        what = f"Azure does not take {write.id.name!r} as a name of {write.type.name}"
        hint = f"Expected {write.type.rule.words}."
    else:
        what = f"the name {write.id.name!r} of {write.type.name} is taken"
        hint = (
            "Such names are unique in all of Azure: choose another. One that is yours is in a "
            "subscription or tenant that this credential does not see."
        )
    return error("name-taken", f"{write.address}: {what} ({reason}: {said}).", write.span, hint)
