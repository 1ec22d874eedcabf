"""Run `azsec cluster observe`: read a cluster, and write the observation to its target."""

import base64
import gc
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.cli.blobs import require_blob, write_blob
from provisioner.cli.cluster_access import ApiServerAccess, find_connection
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.observation_source import KEY, PART, find_key, pack
from provisioner.cli.session import Session
from provisioner.cli.workspace import write_file
from provisioner.cluster.observation import sign_content
from provisioner.documents.observation import ObservationDocument, ObservedListDocument
from provisioner.engine.cluster_port import APPLY, ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.in_cluster import read_in_cluster
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.manifests.observer import LEFT_OUT
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.cluster_identity import check_cluster
from provisioner.workflow.cluster_observation import observe_cluster
from provisioner.workflow.plan import Desired

_CONFIG_MAP_BYTES = 700 * 1024
"""Of the 1 MiB that a ConfigMap may hold (kubernetes.io, "ConfigMaps"), in base64."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an observation: a file, a ConfigMap (NAMESPACE/NAME), or a blob (its URL).

    Without one it is printed on standard output.
    """

    out: str | None
    config_map: str | None
    blob: str | None

    @property
    def is_stated(self) -> bool:
        """Whether there is a target."""
        return any(each is not None for each in (self.out, self.config_map, self.blob))


def run_observe(
    environment: str | None, kubeconfig: str | None, context: str | None, target: Target
) -> int:
    """Observe a cluster; return the exit code."""

    key = find_key()
    # The observer's pod signs in with its own workload identity, and has no environment file.
    auth, tenant_id = "workload-identity", ""
    blob = None if target.blob is None else require_blob(target.blob)
    desired: Desired | None = None
    if environment is not None:
        session = Session(cloud=None, local_state=None, parallelism=1, realistic=None, quiet=True)
        desired = session.load(environment)
        auth, tenant_id = desired.environment.auth, desired.environment.tenant_id
        reach = ApiServerAccess(kubeconfig, context, None, None)
        with session:
            connection = find_connection(desired, reach, lambda: session.connect(desired.document))
    elif kubeconfig is not None:
        connection = read_kubeconfig(Path(kubeconfig), context)
    else:
        connection = read_in_cluster(os.environ)
    with KubeClient(connection) as api:
        if desired is not None:
            check_cluster(desired, api, api.way)
        with _without_cycles():
            found = observe_cluster(api, api.way, datetime.now(UTC))
        if target.config_map is not None:
            _write_config_map(api, found, target.config_map, key)
    if blob is not None:
        write_blob(blob, pack(found, key), auth, tenant_id)
    if target.out is not None:
        write_file(target.out, _signed_text(found, key))
    elif not target.is_stated:
        sys.stdout.write(_signed_text(found, key))
    if target.is_stated:
        _report_written(found, target)
    is_whole = _report_refused(found)
    if key is None:
        sys.stderr.write(f"not signed: {KEY} is not set\n")
    return ExitCode.SUCCESS if is_whole else ExitCode.ERROR


def _report_written(found: ObservationDocument, target: Target) -> None:
    """Print where the observation is, its contents, and how many lists it lacks."""
    read = [each for each in found.lists if each.refused is None]
    refused = len(found.lists) - len(read)
    objects = sum(each.count for each in read)
    where = ", ".join(filter(None, (target.out, target.config_map, target.blob)))
    gap = f", {refused} of {len(found.lists)} lists refused" if refused else ""
    sys.stderr.write(
        f"{where}: {objects:,} objects of {len(read)} kinds, {found.cluster.server} "
        f"({found.cluster.version}), {found.observed}{gap}\n"
    )


def _report_refused(found: ObservationDocument) -> bool:
    """Print which lists were refused; return whether they are but those that roles leave out."""
    is_whole = True
    for each in found.lists:
        if each.refused and _is_left_out(each):
            sys.stderr.write(f"left out: {each.resource}: {_GAP} ({each.refused})\n")
        elif each.refused:
            is_whole = False
            sys.stderr.write(f"not observed: {each.resource}: {each.refused}\n")
    return is_whole


_GAP = (
    "a role for observers does not list them; whether service accounts have tokens that never "
    "expire (SA-03) stays unknown"
)


def _is_left_out(observed: ObservedListDocument) -> bool:
    """Return whether the roles for observers leave out a list on purpose.

    A refusal of such a list is not a failure.
    """
    return (observed.api_version, observed.kind) == ("v1", LEFT_OUT.name)


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Disable the cyclic garbage collector.

    Lists are trees without cycles: repeated collections over the objects of 10,000 pods take as
    long as everything else, and free nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _signed_text(found: ObservationDocument, key: str | None) -> str:
    content = json.dumps(found.to_json()) + "\n"
    return sign_content(content.encode(), key).decode()


def _write_config_map(
    api: KubeClient, found: ObservationDocument, target: str, key: str | None
) -> None:
    path, body = _config_map(found, target, key)
    query = {"fieldManager": "azsec-observer", "force": "true"}
    told = api.ask([ApiRequest("PATCH", path, query, body, APPLY)])[0]
    if isinstance(told, KubernetesError):
        raise DiagnosticError(describe_refusal(told, f"{target} was not written"))


def _config_map(
    found: ObservationDocument, target: str, key: str | None
) -> tuple[str, Mapping[str, Any]]:
    namespace, _, name = target.partition("/")
    packed = pack(found, key)
    if not namespace or not name:
        raise DiagnosticError(error("wrong-option", "--config-map expects NAMESPACE/NAME."))
    if len(packed) > _CONFIG_MAP_BYTES:
        raise DiagnosticError(
            error(
                "too-large",
                f"the observation takes {len(packed):,} bytes, and a ConfigMap holds "
                f"{_CONFIG_MAP_BYTES:,}.",
                None,
                "Write it to a blob (--blob URL), or to a file (--out FILE).",
            )
        )
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "binaryData": {PART: base64.b64encode(packed).decode()},
    }
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}", body
