"""The session of one command: the loaded environment, the catalog, and the clients of Azure.

Commands call the workflow through it. What only some commands need is imported by their methods, so
that the start-up time of each command stays its own.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from provisioner.blueprint.composition_cache import CompositionStore
from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.ownership import Marks, derive_id
from provisioner.blueprint.parameter_values import ParameterValue, recorded_value
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.lock import hold
from provisioner.cli.output import open_progress, open_waiting, print_apply, print_plan
from provisioner.cli.parameter_values import with_variables
from provisioner.cli.workspace import (
    LOCAL_ENDPOINT,
    TRUST,
    FileSources,
    WorkspaceSources,
    cache_folder,
    find_environment,
    find_siblings,
    load_catalog,
    local_key,
    lock_of,
    make_folder,
    open_sources,
    read_if_text,
    repository_of,
    state_path,
    write_file,
)
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.document import EnvironmentDocument
from provisioner.engine.timings import measure_phase
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.plan.request import Request
from provisioner.sources.composition_files import CompositionFiles
from provisioner.workflow.apply import (
    ApplyOptions,
    Surface,
    apply_plan,
    check_applicable,
    check_permitted,
)
from provisioner.workflow.approval import (
    check_agreement,
    check_digest,
    check_same_environment,
    read_digest,
)
from provisioner.workflow.environment_identity import check_unique_id, read_id
from provisioner.workflow.lock import HeldLock
from provisioner.workflow.modules import source_document
from provisioner.workflow.network import (
    Siblings,
    describe_network,
    load_siblings,
    validate_environment,
)
from provisioner.workflow.pending_operations import WaitPolicy, plan_settled
from provisioner.workflow.plan import (
    Desired,
    Invocation,
    Planned,
    given_parameters,
    load_desired,
    plan_environment,
    require_id,
    require_managed,
)
from provisioner.workflow.preflight import Preflight

if TYPE_CHECKING:
    from provisioner.attribution.statements import Target
    from provisioner.attribution.window import Window
    from provisioner.azure.client import ArmClient
    from provisioner.azure.cloud import Cloud as AzureCloud
    from provisioner.azure.token_buckets import TokenBuckets
    from provisioner.blueprint.composition import ComposedNames
    from provisioner.blueprint.kubernetes import ObservationSettings
    from provisioner.controls.frameworks import Framework
    from provisioner.documents.access import AccessDocument
    from provisioner.documents.attribution import AttributionDocument
    from provisioner.documents.controls import CheckDocument, ComplianceDocument
    from provisioner.documents.drift import DriftDocument
    from provisioner.documents.graph import GraphDocument
    from provisioner.documents.inventory import OutputsDocument, ResourcesDocument
    from provisioner.documents.network import NetworkDocument
    from provisioner.documents.observation import ObservationDocument
    from provisioner.documents.plan import ClusterObjectsDocument
    from provisioner.documents.roles import Purpose, RolesDocument
    from provisioner.documents.trace import StateKind, TraceDocument
    from provisioner.manifests.rendering import ClusterObjects
    from provisioner.model.cluster_contents import ClusterContents
    from provisioner.model.resource_id import ResourceId
    from provisioner.workflow.access_question import Question as AccessQuestion
    from provisioner.workflow.export import ExportFormat
    from provisioner.workflow.federation import AzurePipelinesJobs, GitHubJobs
    from provisioner.workflow.inventory import ReadResources
    from provisioner.workflow.trace import Question

LOCAL = "local"
NO_COMPOSITION_CACHE = "AZSEC_NO_COMPOSITION_CACHE"


@dataclass(frozen=True, slots=True)
class PlanChoices:
    """The options of a plan.

    Whether it may delete, reset to defaults, and skip the preflight; whether its caller is about to
    apply it; what may be adopted; and for how many seconds to wait for the lock of another apply.
    """

    destroy: bool = False
    reset_defaults: bool = False
    skip_preflight: bool = False
    applies: bool = False
    adopt: tuple[str, ...] = ()
    lock_timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionContext:
    """What a session takes from its caller.

    `sources` are the files of environments (None: those of the working copy); `start_local` returns
    the endpoint of a built-in Azure that several sessions share (None: each has its own); `values`
    are for parameters, beside those of environment `variables` (None: the process's); `buckets` is
    the folder of the token buckets from which other processes take their requests too, and
    `bucket_share` the part of them that this machine may take; `memory` is the folder of the cache
    of clouds (None: the user's).
    """

    sources: Sources | None = None
    start_local: Callable[[], str] | None = None
    values: Sequence[ParameterValue] = ()
    buckets: Path | None = None
    bucket_share: float = 1.0
    variables: Mapping[str, str] | None = None
    memory: Path | None = None


class Session:
    """The environment, the catalog and the clients of one command.

    A context manager: it closes what it opened.
    """

    def __init__(
        self,
        *,
        cloud: str | None,
        local_state: str | None,
        parallelism: int,
        realistic: float | None,
        quiet: bool,
        surroundings: SessionContext | None = None,
    ) -> None:
        self.parallelism = parallelism
        self.quiet = quiet
        self._surroundings = surroundings or SessionContext()
        stated = self._surroundings.variables
        self._variables = os.environ if stated is None else stated
        self._values = with_variables(self._surroundings.values, self._variables)
        self._cloud = cloud
        self._local_state = local_state
        self._realistic = realistic
        self._stack = ExitStack()
        self._client: ArmClient | None = None
        self._spoken: Catalog | None = None
        self._extended: Catalog | None = None
        self._marks: Marks | None = None
        self._composes_afresh = False
        self._where: AzureCloud | None = None

    @property
    def catalog(self) -> Catalog:
        """The catalog of resource types, with those that the last environment's files declare.

        Its api versions are those that the cloud offers, once they were read (`reach`).
        """
        return self._extended or self._base_catalog

    @property
    def _base_catalog(self) -> Catalog:
        return self._spoken or self._pinned_catalog

    @cached_property
    def _pinned_catalog(self) -> Catalog:
        with measure_phase("catalog"):
            return load_catalog()

    def load(self, environment: str, cloud: str | None = None) -> Desired:
        """Return the desired state of an environment, given its name or path.

        `cloud` is the one that a plan was made for, if there is a plan.
        """
        path = Path(find_environment(environment)).as_posix()
        today = datetime.now().astimezone().date()
        sources = self._open_sources(path)
        origin = str(Path(path).resolve())
        where = self._cloud or cloud
        invocation = Invocation(origin, self._values, self._store_of(origin))
        desired = replace(
            load_desired(path, self._base_catalog, sources, today, where, invocation),
            module_sources=tuple(source_document(source) for source in sources.used),
        )
        self._extended = desired.catalog
        self._marks = desired.environment.marks
        check_unique_id(
            desired.environment, {beside: read_if_text(beside) for beside in find_siblings(path)}
        )
        return desired

    def _store_of(self, origin: str) -> CompositionStore | None:
        """Return the cache of composed modules of an environment, None before an apply.

        An apply composes afresh: if the cached composition that the reviewed plan was made from
        differs, the apply is refused.
        """
        if self._composes_afresh or self._variables.get(NO_COMPOSITION_CACHE):
            return None
        return CompositionFiles(cache_folder(), origin)

    def take_values(self, plan: Plan) -> None:
        """Give parameters the values that a plan was made with, and no other values."""
        self._values = tuple(
            recorded_value(given.name, given.value, given.given_by)
            for given in plan.request.parameters
        )

    def _open_sources(self, path: str) -> WorkspaceSources:
        files = self._surroundings.sources or FileSources(repository_of(path))
        return WorkspaceSources(files, lock_of(path))

    def reach(self, environment: str, cloud: str | None = None) -> Desired:
        """Return an environment as `load` does, in the api versions that the cloud offers.

        The api versions are read once a session, and cached for a day. Raises AzureError where they
        cannot be read, and DiagnosticError for an environment without an id, before any request: a
        user without a credential sees the errors of the file first.
        """
        from provisioner.azure.version_cache import VersionCache
        from provisioner.workflow.api_versions import adapt, ask_offer

        self._spoken = None
        desired = self.load(environment, cloud)
        require_id(desired)
        client = self.connect(desired.document)
        now = datetime.now(UTC)
        folder = self._surroundings.memory or cache_folder()
        memory = VersionCache(folder, self._cloud_key(desired.document), now)
        with measure_phase("api versions"):
            offer = ask_offer(desired, desired.catalog, client, memory)
        adapted = adapt(
            desired,
            desired.catalog,
            offer,
            lambda types: self._with_offered_versions(types, desired),
        )
        self._extended = adapted.catalog
        return adapted

    def look_at(self, environment: str, state: str) -> Desired:
        """Return an environment; for any but its desired state, as `reach` does."""
        return self.load(environment) if state == "desired" else self.reach(environment)

    def _with_offered_versions(self, types: Sequence[ResourceType], desired: Desired) -> Desired:
        """Read an environment again, with types in other versions."""
        self._spoken = load_catalog(types)
        return self.load(desired.environment.path, desired.cloud)

    def _cloud_key(self, environment: EnvironmentDocument) -> str:
        if environment.cloud != LOCAL:
            return f"{environment.cloud} {environment.tenant_id}"
        return local_key(os.environ.get(LOCAL_ENDPOINT) or state_path(self._local_state))

    def load_siblings(self, desired: Desired) -> Siblings:
        """Return the other environments in the directory of one, as far as they compose."""
        today = datetime.now().astimezone().date()
        paths = find_siblings(desired.environment.path)
        sources = open_sources(desired.environment.path)
        variables = Invocation(values=with_variables((), self._variables))
        return load_siblings(paths, self._base_catalog, sources, today, variables)

    def validate(self, environment: str) -> tuple[Desired, tuple[Diagnostic, ...]]:
        """Return an environment with its warnings; raise its errors."""
        desired = self.load(environment)
        siblings = self.load_siblings(desired)
        return desired, validate_environment(desired, self.catalog, siblings)

    def describe_network(self, environment: str, *, show_all: bool) -> "NetworkDocument":
        """Return the address plan of an environment, or of all in its directory."""
        desired = self.load(environment)
        siblings = self.load_siblings(desired)
        return describe_network(desired, siblings, self.catalog, show_all=show_all)

    def connect(self, environment: EnvironmentDocument) -> "ArmClient":
        """Return the client of this session, for an environment's cloud; the first call opens it.

        The local cloud is started for it. Raises DiagnosticError where no credential is found,
        and for a corrupt state file.
        """
        if self._client is None:
            self._client = self._open_client(environment)
        return self._client

    def _open_client(self, environment: EnvironmentDocument) -> "ArmClient":
        from provisioner.azure.client import ArmClient
        from provisioner.azure.credential import open_credential

        where = self._find_cloud(environment)
        credential = open_credential(environment.auth, where, environment.tenant_id, os.environ)
        marks = self._marks
        stamp = (lambda: marks.stamp(os.urandom(8))) if marks is not None else None
        client = ArmClient.open(
            where,
            credential,
            parallelism=self.parallelism,
            stamp=stamp,
            buckets=self._open_buckets(environment),
        )
        return self._stack.enter_context(client)

    def _open_buckets(self, environment: EnvironmentDocument) -> "TokenBuckets | None":
        """Return the token buckets that are shared with other processes, if that was requested.

        All who sign in the same way to the same tenant count as one principal.
        """
        from provisioner.azure.token_buckets import TokenBuckets

        folder = self._surroundings.buckets
        if folder is None:
            return None
        principal = f"{environment.tenant_id} {environment.auth}"
        return TokenBuckets(folder, principal, time.time, self._surroundings.bucket_share)

    def _find_cloud(self, environment: EnvironmentDocument) -> "AzureCloud":
        """Return the cloud of an environment; the local one is started once."""
        from provisioner.azure.cloud import find_cloud, local_cloud

        if self._where is None:
            if environment.cloud == LOCAL:
                endpoint = os.environ.get(LOCAL_ENDPOINT) or self._start_local()
                self._where = local_cloud(endpoint, os.environ.get(TRUST, ""))
            else:
                self._where = find_cloud(environment.cloud)
        return self._where

    def observe(
        self, environment: EnvironmentDocument, source: str, settings: "ObservationSettings"
    ) -> "ObservationDocument":
        """Return the observation in a file, or in the blob of a URL.

        Raises DiagnosticError for one that cannot be read, was altered, is of another cluster, or
        is too old.
        """
        from provisioner.cli.observation_source import is_blob, load_observation, read_file

        if is_blob(source):
            from provisioner.cli.blobs import read_blob, require_blob

            where, tenant = self._find_cloud(environment), environment.tenant_id
            content = read_blob(require_blob(source), where, environment.auth, tenant)
        else:
            content = read_file(source)
        return load_observation(content, source, settings)

    def _start_local(self) -> str:
        if self._surroundings.start_local is not None:
            return self._surroundings.start_local()
        with measure_phase("built-in Azure"):
            from provisioner.simulator.server import LocalAzure

            server = LocalAzure.start(
                self._pinned_catalog, state_path(self._local_state), realistic=self._realistic
            )
            return self._stack.enter_context(server).endpoint

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def plan(
        self,
        environment: str,
        targets: Sequence[str],
        choices: PlanChoices,
    ) -> Plan:
        """Read Azure and plan; print on a terminal how long the reading took.

        Operations in progress are waited for where the plan is about to be applied.
        """
        self._composes_afresh = choices.applies
        desired = self.reach(environment)
        if choices.applies or choices.destroy:
            require_managed(desired)
        client = self.connect(desired.document)
        preflight = Preflight(None if choices.skip_preflight else client, applies=choices.applies)
        request = Request(
            desired.environment.path,
            tuple(targets),
            choices.destroy,
            choices.reset_defaults,
            choices.adopt,
            given_parameters(desired),
        )

        def plan() -> Planned:
            return self._plan_environment(desired, request, preflight)

        if choices.applies:
            return self._plan_after_operations(plan, desired, choices.lock_timeout).plan
        made = plan().plan
        return made if choices.destroy else self._with_cluster(made, desired)

    def _with_cluster(self, made: Plan, desired: Desired) -> Plan:
        """Return a plan with the observed state of the objects in the cluster."""
        told = self.look_into_cluster(desired)
        if told is None:
            return made
        return replace(made, document=made.document.model_copy(update={"cluster": told}))

    def look_into_cluster(self, desired: Desired) -> "ClusterObjectsDocument | None":
        """Return the observed state of an environment's objects; None where it has none."""
        from provisioner.cli.observation_source import describe_objects, source_of

        settings = desired.environment.kubernetes
        source = source_of(settings.observation, desired.environment.path)
        if not settings.namespaces and source is None:
            return None

        def observe() -> "ObservationDocument | None":
            stated = settings.observation
            return None if source is None else self.observe(desired.document, source, stated)

        return describe_objects(desired, self.catalog, source, observe)

    def derive(self, approved: Plan, lock_timeout: float) -> Plan:
        """Return a new plan for the request of an approved plan.

        Only the request is taken from the approved plan. Raises DiagnosticError unless the
        environment is the same and both plans have one digest, and where another apply holds the
        lock while an operation is in progress.
        """
        self.take_values(approved)
        self._composes_afresh = True
        rehearsed = approved.document.environment.cloud == LOCAL
        desired = self.reach(approved.request.path, LOCAL if rehearsed else None)
        require_managed(desired)
        check_same_environment(approved, desired)

        def plan() -> Planned:
            return self._plan_environment(desired, approved.request, None)

        planned = self._plan_after_operations(plan, desired, lock_timeout)
        check_agreement(approved, planned, self.catalog)
        return planned.plan

    def _plan_environment(
        self, desired: Desired, request: Request, preflight: Preflight | None
    ) -> Planned:
        client = self.connect(desired.document)
        started = time.monotonic()
        planned = plan_environment(desired, self.catalog, client, request, preflight=preflight)
        seconds = time.monotonic() - started
        if not self.quiet and sys.stderr.isatty():
            sys.stderr.write(f"read in {seconds:.1f} s, {planned.calls} calls\n")
        return planned

    def _plan_after_operations(
        self, plan: Callable[[], Planned], desired: Desired, lock_timeout: float
    ) -> Planned:
        """Plan, and plan again once the operations in progress have ended.

        They may be those of another apply: acquiring the lock shows that at once, so it is held
        meanwhile.
        """
        planned = plan()
        if not planned.in_progress:
            return planned
        client = self.connect(desired.document)
        patience = WaitPolicy(time.monotonic, time.sleep, open_waiting(quiet=self.quiet))
        with hold(desired.document, client, lock_timeout):
            return plan_settled(plan, client, patience)

    def plan_migration(
        self, environment: str, previous_ids: Sequence[str], *, forget_missing: bool
    ) -> Plan:
        """Read Azure and plan the new marks of resources with the environment's earlier ids.

        On the built-in Azure an environment without an id had one from the path of its file.
        """
        from provisioner.workflow.migration import plan_migration

        desired = self.reach(environment)
        require_managed(desired)
        earlier = [read_id(each) for each in previous_ids]
        if desired.cloud == LOCAL:
            earlier.append(derive_id(str(Path(desired.environment.path).resolve())))
        client = self.connect(desired.document)
        return plan_migration(desired, self.catalog, client, earlier, forget_missing=forget_missing)

    def drift(
        self, environment: str, since: str | None, *, strict_tags: bool = False
    ) -> "DriftDocument":
        """Read Azure, compare, and look up when and by whom the drifted resources were changed."""
        from provisioner.attribution.window import read_window

        window = read_window(since, datetime.now(UTC))
        return self.check_drift(self.reach(environment), window, strict_tags=strict_tags)

    def check_drift(
        self, desired: Desired, window: "Window", *, strict_tags: bool = False
    ) -> "DriftDocument":
        """Compare a reached environment, and look up who changed the drifted resources."""
        from provisioner.workflow.attribution import attribute_drift
        from provisioner.workflow.drift import check_drift

        client = self.connect(desired.document)
        document = check_drift(desired, self.catalog, client, strict_tags=strict_tags)
        is_own = desired.environment.marks.is_stamp
        told = attribute_drift(document, window, self.catalog, client, is_own=is_own)
        return told.model_copy(update={"cluster": self.look_into_cluster(desired)})

    def find(self, environment: str, address: str) -> "ResourceId | None":
        """Return the id of a resource by its address, None where the blueprint has none."""
        found = self.load(environment).graph.resources.get(address)
        return found.id if found else None

    def attribute(
        self, environment: str, targets: "Sequence[Target]", since: datetime
    ) -> "Mapping[str, AttributionDocument]":
        """Return who changed each of `targets` since a time, by the key of its id.

        What Azure's logs do not report is left out.
        """
        from provisioner.attribution.window import LOG_RETENTION, Window
        from provisioner.workflow.attribution import attribute_targets

        now = datetime.now(UTC)
        window = Window(max(since, now - LOG_RETENTION + timedelta(hours=1)), now)
        client = self.connect(self.load(environment).document)
        return attribute_targets(targets, window, self.catalog, client)[0]

    def trace(self, environment: str, question: "Question") -> "TraceDocument":
        """Follow packets through an environment; Azure is read only if the question takes it."""
        from provisioner.workflow.trace import trace

        desired = self.look_at(environment, question.state)
        return trace(desired, self.catalog, lambda: self.connect(desired.document), question)

    def check(
        self, environment: str, kind: "StateKind", contents: "ClusterContents | None" = None
    ) -> "CheckDocument":
        """Judge a state of an environment by the controls; Azure is read only if it takes that."""
        from provisioner.workflow.check import check_environment

        desired = replace(self.look_at(environment, kind), contents=contents)
        return check_environment(
            desired, self.catalog, lambda: self.connect(desired.document), kind
        )

    def report_compliance(
        self,
        environment: str,
        kind: "StateKind",
        framework: "Framework",
        contents: "ClusterContents | None" = None,
    ) -> "ComplianceDocument":
        """Return the compliance of a state of an environment with a framework."""
        from provisioner.workflow.check import report_compliance

        desired = replace(self.look_at(environment, kind), contents=contents)
        return report_compliance(
            desired,
            self.catalog,
            lambda: self.connect(desired.document),
            kind,
            framework,
            datetime.now(UTC),
        )

    def draw(self, environment: str, state: "StateKind") -> "GraphDocument":
        """Draw a state of an environment; Azure is read for all but the desired one."""
        from provisioner.workflow.graph import draw_graph

        desired = self.look_at(environment, state)
        return draw_graph(desired, self.catalog, lambda: self.connect(desired.document), state)

    def roles(
        self,
        environment: str,
        purposes: "Sequence[Purpose]",
        jobs: "GitHubJobs | AzurePipelinesJobs | None",
    ) -> "RolesDocument":
        """Return the least that an environment's commands may do, in Azure and in its cluster."""
        from provisioner.documents.trace import StateKind
        from provisioner.workflow.cluster_roles import CLUSTER_PURPOSES, describe_cluster_access
        from provisioner.workflow.roles import describe_roles

        desired = self.load(environment)
        within = [purpose for purpose in purposes if purpose in CLUSTER_PURPOSES]
        in_azure = [purpose for purpose in purposes if purpose not in within]
        document = describe_roles(desired, self.catalog, in_azure, jobs)
        if not within:
            return document
        desired, objects = self.find_objects(environment, StateKind.DESIRED)
        roles, cluster_roles = describe_cluster_access(desired, objects, within)
        return document.model_copy(
            update={"roles": (*document.roles, *roles), "cluster_roles": cluster_roles}
        )

    def explain_access(self, environment: str, question: "AccessQuestion") -> "AccessDocument":
        """Return who has which access in an environment.

        Azure is read only for the actual state.
        """
        from provisioner.workflow.access import explain_access

        desired = self.look_at(environment, question.state)
        return explain_access(
            desired, self.catalog, lambda: self.connect(desired.document), question
        )

    def find_objects(
        self, environment: str, state: "StateKind"
    ) -> tuple[Desired, "ClusterObjects"]:
        """Return the objects of a cluster; Azure is read only for a state that depends on it."""
        from provisioner.workflow.manifests import find_objects

        desired = self.look_at(environment, state)
        found = find_objects(desired, self.catalog, lambda: self.connect(desired.document), state)
        return desired, found

    def read_outputs(self, environment: str, name: str | None) -> "OutputsDocument":
        """Return the outputs of an environment, or one of them, with values read from Azure."""
        from provisioner.workflow.inventory import read_outputs

        desired = self.reach(environment)
        return read_outputs(desired, self.catalog, lambda: self.connect(desired.document), name)

    def list_resources(self, environment: str) -> "ResourcesDocument":
        """Return the resources that an environment owns in Azure."""
        from provisioner.workflow.inventory import list_resources

        desired = self.reach(environment)
        return list_resources(desired, self.catalog, self.connect(desired.document))

    def open_names(
        self, environment: str, *, actual: bool
    ) -> "tuple[Desired, ComposedNames, ReadResources | None]":
        """Return an environment, the names of its blueprint, and its resources.

        The resources are those in Azure with `actual`, otherwise None.
        """
        from provisioner.blueprint.composition import ComposedNames
        from provisioner.workflow.inventory import read_resources

        desired = self.reach(environment) if actual else self.load(environment)
        sources = self._open_sources(desired.environment.path)
        names = ComposedNames(desired.environment, self.catalog, sources)
        if not actual:
            return desired, names, None
        found, _ = read_resources(desired, self.catalog, self.connect(desired.document))
        return desired, names, found

    def export(self, environment: str, form: "ExportFormat") -> Mapping[str, str]:
        """Return the files that deploy an environment without azsec, the main one first."""
        from provisioner.workflow.export import export_environment

        return export_environment(self.load(environment), self.catalog, form)

    def apply(self, plan: Plan, options: ApplyOptions) -> ApplyDocument:
        """Apply a plan under the environment's lock, showing its progress on stderr."""
        with self.hold(plan, options.lock_timeout) as lock:
            return self.apply_under(lock, plan, options)

    def hold(self, plan: Plan, timeout: float) -> AbstractContextManager[HeldLock]:
        """Hold the lock of a plan's environment."""
        environment = plan.document.environment
        return hold(environment, self.connect(environment), timeout)

    def apply_under(self, lock: HeldLock, plan: Plan, options: ApplyOptions) -> ApplyDocument:
        """Apply a plan under a lock that is held already."""
        client = self.connect(plan.document.environment)
        with open_progress(plan.document.steps, quiet=self.quiet) as on_event:
            writer = lock.guard(client)
            surface = Surface(client, writer, time.monotonic, on_event, lock.halted)
            document = apply_plan(plan, self.catalog, surface, options)
            return document.with_diagnostics(lock.report())


def write_roles(document: "RolesDocument", directory: str) -> list[str]:
    """Write the definitions of roles, a file each, and return their paths."""
    from provisioner.workflow.roles import cluster_role_files, role_files

    paths = []
    for name, definition in role_files(document).items():
        path = Path(directory) / name
        make_folder(path.parent)
        write_file(str(path), json.dumps(definition, indent=2) + "\n")
        paths.append(str(path))
    if document.cluster_roles:
        from provisioner.reports.manifests_yaml import render_bodies

        for name, bodies in cluster_role_files(document).items():
            path = Path(directory) / name
            make_folder(path.parent)
            write_file(str(path), render_bodies(bodies))
            paths.append(str(path))
    return paths


def write_export(files: Mapping[str, str], out: str | None) -> list[str]:
    """Write the files of an export and return their paths; a single file may be printed.

    `out` is a folder, or the path of the main file with the others beside it; without it a single
    file is printed. Raises DiagnosticError too where a file cannot be written.

    Raises:
        DiagnosticError: Where there are several files and no folder.
    """
    main = next(iter(files))
    if out is None:
        if len(files) > 1:
            raise DiagnosticError(
                error(
                    "no-folder",
                    f"the export has {len(files)} files.",
                    None,
                    "Name a folder for them: --out DIR.",
                )
            )
        sys.stdout.write(files[main])
        return []
    is_file = Path(out).suffix == Path(main).suffix
    folder = Path(out).parent if is_file else Path(out)
    paths = []
    for name, text in files.items():
        path = Path(out) if is_file and name == main else folder / name
        make_folder(path.parent)
        write_file(str(path), text)
        paths.append(path.as_posix())
    return paths


def refuse_options(why: str, given: Mapping[str, bool]) -> None:
    """Refuse options that cannot have an effect. `given`: whether each was given, by its name.

    Raises:
        DiagnosticError: Where one was given; one diagnostic an option.
    """
    told = [
        error("option-without-effect", f"{option}: {why}.", None, "Leave it out.")
        for option, is_given in given.items()
        if is_given
    ]
    if told:
        raise DiagnosticError(*told)


def read_plan(path: str) -> Plan:
    """Return the plan of Azure in a file.

    Raises DiagnosticError too as `read_plan_file` does.

    Raises:
        DiagnosticError: Where it is a plan of the objects in a cluster.
    """
    if kind_of_plan_file(path) == CLUSTER_KIND:
        raise DiagnosticError(
            error(
                "not-a-plan",
                f"{path} is a plan of the objects in a cluster, and not one of Azure.",
                None,
                f"Apply it with `azsec cluster apply {path}`.",
            )
        )
    return read_plan_file(FileSources().read_text(path), path)


def save_plan(plan: Plan, path: str) -> None:
    """Write a plan file. Raises DiagnosticError where it cannot be written."""
    write_file(path, write_plan_file(plan))


def apply_saved(
    session: Session, path: str, options: ApplyOptions, output: str, digest: str | None = None
) -> int:
    """Derive the plan in a file again and apply that, if it is the same; return the exit code.

    `digest` is the one that was approved, where that is known.
    """
    approved = read_plan(path)
    require_digest(approved, digest, path)
    if digest is not None:
        check_digest(approved, read_digest(digest), path)
    check_applicable(approved, options)
    with session:
        plan = session.derive(approved, options.lock_timeout)
        check_permitted(plan, options)
        return _print_and_exit_code(session.apply(plan, options), output)


def require_digest(approved: Plan, digest: str | None, path: str) -> None:
    """Require an approved digest for a plan with parameter values that no file states.

    Apply would derive the same plan from the plan file's own values: an attacker who can write that
    file could choose them, and the plan would still agree with them.

    Raises:
        DiagnosticError: `digest-required`, where there is no digest.
    """
    given = approved.request.parameters
    if given and digest is None:
        told = ", ".join(f"{one.name} ({one.given_by})" for one in given)
        raise DiagnosticError(
            error(
                "digest-required",
                f"{path} was made with values that no file of the environment states: {told}.",
                None,
                "Apply it with the digest that was reviewed: `--digest sha256:…`.",
            )
        )


@dataclass(frozen=True, slots=True)
class Approval:
    """How a plan that was just made is approved: by `digest`, by `yes`, or at the terminal.

    `derive` makes a plan again that is not one of the environment's blueprint.
    """

    yes: bool
    digest: str | None = None
    derive: Callable[[], Plan] | None = None


def apply_environment(
    session: Session, plan: Plan, options: ApplyOptions, approval: Approval, output: str
) -> int:
    """Show a plan that was just made, prompt, apply it; return the exit code.

    A person takes time to answer, so the plan is derived again after the prompt. Without a prompt
    it is applied as it was made.
    """
    print_plan(plan.document, "text", stream=sys.stderr)
    if approval.digest is not None:
        check_digest(plan, approval.digest, f"the plan of {plan.document.environment.name}")
    check_permitted(plan, options)
    if not plan.steps:
        if output != "text":
            nothing = ApplyDocument(
                environment=plan.document.environment, digest=plan.document.digest
            )
            print_apply(nothing, output)
        return ExitCode.SUCCESS
    if not approval.yes and approval.digest is None:
        if not confirm():
            sys.stderr.write("Nothing was changed.\n")
            return ExitCode.REFUSED
        if approval.derive is None:
            plan = session.derive(plan, options.lock_timeout)
        else:
            plan = _require_same_plan(plan, approval.derive())
    return _print_and_exit_code(session.apply(plan, options), output)


def _require_same_plan(approved: Plan, derived: Plan) -> Plan:
    check_digest(derived, approved.document.digest, "the plan that was made after the answer")
    return derived


def _print_and_exit_code(document: ApplyDocument, output: str) -> int:
    print_apply(document, output)
    if document.interrupted:
        return ExitCode.INTERRUPTED
    failed = document.count(Outcome.FAILED) or document.has_errors
    return ExitCode.ERROR if failed else ExitCode.SUCCESS


def confirm() -> bool:
    """Prompt at the terminal; return whether the answer was yes.

    Raises:
        GateError: Where there is no interactive terminal.
    """
    if not sys.stdin.isatty():
        raise GateError(
            error(
                "not-confirmed",
                "the confirmation needs an interactive terminal.",
                None,
                "Apply a reviewed plan file, or add --yes.",
            )
        )
    sys.stderr.write("\nDo you want to apply this plan? Only 'yes' is taken as one: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def is_plan_file(subject: str) -> bool:
    """Return whether the argument of an apply is a plan file; otherwise it is an environment."""
    return not subject.endswith((".yaml", ".yml")) and Path(subject).is_file()


def kind_of_plan_file(subject: str) -> str | None:
    """Return the `kind` that a plan file states.

    None for an environment, and for a file that states none.
    """
    if not is_plan_file(subject):
        return None
    try:
        content = json.loads(FileSources().read_text(subject))
    except (ValueError, DiagnosticError):
        return None
    return str(content.get("kind")) if isinstance(content, dict) else None


AZURE_KIND = "azsec/plan-file"
CLUSTER_KIND = "azsec/cluster-plan"
COMBINED_KIND = "azsec/combined-plan-file"
