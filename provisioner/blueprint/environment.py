"""An environment file, checked: blueprint, subscriptions, parameter values, gates and waivers.

The file and those that it extends are merged (`environment_file`), checked against their schema
(`file_schemas`), and what they name is read: egress tables, custom controls, `kubernetes:`. The
workflows load every environment through `load_environment`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from provisioner.blueprint.accepted_additions import Acceptance
from provisioner.blueprint.custom_controls import StatedControl, load_controls
from provisioner.blueprint.environment_file import load_environment_file
from provisioner.blueprint.file_schemas import (
    EgressTableFile,
    EnvironmentFile,
    Sources,
    load_file,
    span_of,
)
from provisioner.blueprint.ignores import Ignore
from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.blueprint.kubernetes_checks import check_kubernetes
from provisioner.blueprint.ownership import Marks, derive_id
from provisioner.blueprint.source_locations import resolve_source
from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.endpoints import leased_container
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.guid import is_guid
from provisioner.model.property_path import split_steps
from provisioner.model.resource_id import ResourceId


@dataclass(frozen=True, slots=True)
class Egress:
    """Hosts outside that workloads may reach over TLS, on which ports, and why."""

    fqdns: tuple[str, ...]
    ports: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment.

    `id` is what its marks are made with, and `states_id` whether its file states it;
    `subscriptions` maps alias to GUID; paths are relative to where the command runs; `adopt` are
    addresses whose resources may be taken over; `types` are the API versions that it states, by
    type; `schemas` the packages that it reads types from; `ignores` are properties that others may
    change; `proofs_block` states whether a proof that fails refuses an apply; `controls_gate` is
    the least severity at which a control that newly fails does (None: none does); `accepted` are
    additions of others that are no drift; `kubernetes` is what stands in the cluster and has no ARM
    form; `node` is the file, for the places of diagnostics; `lock` is the blob container whose
    lease an apply holds; `given` are values of parameters that a command was given, and `given_by`
    what gave each (`--set location`); `observes` states that it is only watched, and owns nothing;
    `controls` are its custom controls.
    """

    name: str
    id: str
    states_id: bool
    path: str
    blueprint: str
    cloud: str
    auth: str
    tenant_id: str
    subscriptions: Mapping[str, str]
    types: Mapping[str, str]
    schemas: tuple[str, ...]
    adopt: tuple[str, ...]
    ignores: tuple[Ignore, ...]
    egress: tuple[Egress, ...]
    proofs_block: bool
    controls_gate: str | None
    waivers: tuple[Waiver, ...]
    attestations: tuple[Attestation, ...]
    accepted: tuple[Acceptance, ...]
    kubernetes: KubernetesSettings
    node: Node
    lock: ResourceId | None = None
    given: Mapping[str, Node] = field(default_factory=dict)
    given_by: Mapping[str, str] = field(default_factory=dict)
    observes: bool = False
    controls: tuple[StatedControl, ...] = ()

    @property
    def marks(self) -> Marks:
        """The marks of the environment: they are made and verified with its id."""
        return Marks(self.name, self.id)

    @property
    def cloud_names(self) -> str:
        """The cloud whose names the environment uses: the built-in one has the public cloud's."""
        return "AzureCloud" if self.cloud == "local" else self.cloud

    @property
    def stated_parameters(self) -> Mapping[str, Node]:
        """The values that the file gives to the blueprint's parameters."""
        stated = self.node.get("parameters")
        return stated.entries if stated else {}

    @property
    def parameters(self) -> Mapping[str, Node]:
        """The values of the blueprint's parameters: what a command was given counts more."""
        return {**self.stated_parameters, **self.given}


def find_next_expiry(environment: Environment, today: date) -> date | None:
    """Return the last day on which everything with an expiry in an environment still holds.

    Counted is what holds today: ignored properties, waivers, attestations, accepted additions and
    objects, and exemptions from policies. None where the environment states none of these.
    """
    kubernetes = environment.kubernetes
    stated: tuple[Any, ...] = (
        *environment.ignores,
        *environment.waivers,
        *environment.attestations,
        *environment.accepted,
        *kubernetes.accepted,
        *kubernetes.exemptions,
    )
    return min((one.expires for one in stated if one.expires >= today), default=None)


def load_environment(path: str, sources: Sources, origin: str | None = None) -> Environment:
    """Read the environment file at `path`.

    One that states no id gets one derived from `origin`, the absolute path of its file (without:
    from `path`); the workflows decide where that is good enough.

    Raises:
        DiagnosticError: With every place that cannot be read, does not fit or names what there is
            not.
    """
    file, node = load_environment_file(path, sources)
    wrong = [
        error(
            "wrong-subscription",
            f"subscription {alias!r} is {value!r}; expected the subscription's GUID.",
            node.find(("subscriptions", alias)).span,
            "`az account list` prints it.",
        )
        for alias, value in file.subscriptions.items()
        if not is_guid(value)
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    if not file.subscriptions:
        raise DiagnosticError(
            error("missing-property", "no subscription is named.", span_of(node, "subscriptions"))
        )
    wrong = list(check_kubernetes(file.kubernetes, node.find(("kubernetes",))))
    if wrong:
        raise DiagnosticError(*wrong)
    return Environment(
        name=file.metadata.name,
        id=file.metadata.id or derive_id(origin or path),
        states_id=file.metadata.id is not None,
        path=path,
        blueprint=resolve_source(file.blueprint, path, node.find(("blueprint",)).span),
        cloud=file.cloud,
        auth=file.auth,
        tenant_id=file.tenant_id.lower(),
        subscriptions={alias: guid.lower() for alias, guid in file.subscriptions.items()},
        types=file.types,
        schemas=tuple(file.schemas),
        adopt=tuple(file.adopt),
        ignores=tuple(_read_ignores(file, node)),
        egress=tuple(_egress_entries(file, node, sources)),
        proofs_block=file.gates.proofs == "block",
        controls_gate=None if file.gates.controls == "none" else file.gates.controls,
        waivers=tuple(_read_waivers(file, node)),
        attestations=tuple(_read_attestations(file, node)),
        accepted=tuple(_read_acceptances(file, node)),
        kubernetes=file.kubernetes,
        node=node,
        lock=_lock_container(file, node),
        observes=file.mode == "observe",
        controls=load_controls(file.controls, node.find(("controls",)), sources),
    )


_LOCK_NAMES = (
    (
        "resourceGroup",
        "resource group",
        r"[-\w.()]{0,89}[-\w()]",
        "1 to 90 letters, digits and _-.(), without a period at the end",
    ),
    (
        "storageAccount",
        "storage account",
        r"[a-z0-9]{3,24}",
        "3 to 24 lower-case letters and digits",
    ),
    (
        "container",
        "blob container",
        r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
        "3 to 63 lower-case letters, digits and single hyphens",
    ),
)
"""The names in `lock:` and what Azure accepts (documentation: naming rules for Azure resources)."""


def _lock_container(file: EnvironmentFile, node: Node) -> ResourceId | None:
    """Return the id of the lock's container.

    Raises:
        DiagnosticError: For an unknown subscription, and for names that Azure does not take.
    """
    if file.lock is None:
        return None
    named = file.lock.subscription
    guid = file.subscriptions.get(named, named)
    if not is_guid(guid):
        raise DiagnosticError(
            error(
                "unknown-subscription",
                f"{named!r} is neither one of the environment's subscriptions nor a GUID.",
                node.find(("lock", "subscription")).span,
                nearest(named, list(file.subscriptions)),
            )
        )
    wrong = [
        error(
            "wrong-name",
            f"{value!r} is not a name of a {what}.",
            node.find(("lock", key)).span,
            f"Expected {words}.",
        )
        for (key, what, pattern, words), value in zip(
            _LOCK_NAMES,
            (file.lock.resource_group, file.lock.storage_account, file.lock.container),
            strict=True,
        )
        if not re.fullmatch(pattern, value)
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    return leased_container(
        guid.lower(), file.lock.resource_group, file.lock.storage_account, file.lock.container
    )


def _egress_entries(file: EnvironmentFile, node: Node, sources: Sources) -> Iterator[Egress]:
    """Yield the environment's own egress entries, and then those of its tables.

    Each is named relative to the file that states it.

    Raises:
        DiagnosticError: For a table that is none or is named twice.
    """
    listed = node.find(("egressTables",)).items
    entries = list(file.egress)
    seen: set[str] = set()
    for reference, named in zip(file.egress_tables, listed, strict=True):
        path = resolve_source(reference, named.span.file, named.span)
        if path in seen:
            raise DiagnosticError(
                error("repeated-table", f"{path} is named twice.", named.span, "Remove one.")
            )
        seen.add(path)
        try:
            entries += load_file(EgressTableFile, path, sources)[0].egress
        except DiagnosticError as problem:
            raise DiagnosticError(
                *(
                    each if each.span else replace(each, span=named.span)
                    for each in problem.diagnostics
                )
            ) from None
    for entry in entries:
        yield Egress(tuple(entry.fqdns), tuple(entry.ports), entry.reason)


def _read_waivers(file: EnvironmentFile, node: Node) -> Iterator[Waiver]:
    for number, entry in enumerate(file.waivers):
        here = node.find(("waivers", number))
        yield Waiver(
            control=entry.control,
            scope=entry.scope,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            span=here.span,
            control_span=here.find(("control",)).span,
            scope_span=here.find(("scope",)).span,
            breach=entry.breach,
            breach_span=here.find(("breach",)).span,
        )


def _read_attestations(file: EnvironmentFile, node: Node) -> Iterator[Attestation]:
    for number, entry in enumerate(file.attestations):
        here = node.find(("attestations", number))
        yield Attestation(
            control=entry.control,
            by=entry.by,
            on=entry.on,
            expires=entry.expires,
            evidence=entry.evidence,
            span=here.span,
            control_span=here.find(("control",)).span,
        )


def _read_acceptances(file: EnvironmentFile, node: Node) -> Iterator[Acceptance]:
    for number, entry in enumerate(file.accepted):
        yield Acceptance(
            type=entry.type,
            scope=entry.scope,
            principal=entry.principal,
            name=entry.name,
            role=entry.role,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            at_most=entry.at_most,
            span=node.find(("accepted", number)).span,
        )


def _read_ignores(file: EnvironmentFile, node: Node) -> Iterator[Ignore]:
    """Yield the entries of `ignore`.

    Raises:
        DiagnosticError: For a path that is none (`wrong-path`).
    """
    for number, entry in enumerate(file.ignore):
        here = node.find(("ignore", number))
        steps = split_steps(entry.path)
        if steps is None:
            raise DiagnosticError(
                error(
                    "wrong-path",
                    f"{entry.path!r} is not a path of a property.",
                    here.find(("path",)).span,
                    "Write it as a plan shows it: properties.agentPoolProfiles[system].count",
                )
            )
        yield Ignore(
            path=entry.path,
            steps=steps,
            scope=entry.scope,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            span=here.span,
            path_span=here.find(("path",)).span,
            scope_span=here.find(("scope",)).span,
        )
