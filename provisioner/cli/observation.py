"""`azsec cluster observe`, and the file of an observation that another command reads."""

import base64
import gzip
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.workspace import write_file
from provisioner.cluster.observation import (
    SHORTEST_KEY,
    check_observation,
    read_observation,
)
from provisioner.documents.observation import ObservationDocument
from provisioner.model.diagnostic import DiagnosticError, error

_KEY = "AZSEC_OBSERVATION_KEY"
_MOST_BYTES = 256 * 2**20
_CONFIG_MAP_BYTES = 700 * 1024
"""Of the 1 MiB that a ConfigMap may hold (kubernetes.io, "ConfigMaps"), in base64."""

_PART = "observation.json.gz"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an observation goes: a file, a ConfigMap (NAMESPACE/NAME), else standard output."""

    out: str | None
    config_map: str | None


def run_observe(
    environment: str | None, kubeconfig: str | None, context: str | None, target: Target
) -> int:
    """Observe a cluster; return the exit code."""
    from provisioner.cli.cluster_access import Reach, find_connection
    from provisioner.cli.session import Session
    from provisioner.engine.cluster_port import APPLY, Ask
    from provisioner.kube.client import KubeClient
    from provisioner.kube.in_cluster import read_in_cluster
    from provisioner.kube.kubeconfig import read_kubeconfig
    from provisioner.model.kubernetes_error import KubernetesError
    from provisioner.workflow.cluster_observation import observe_cluster

    key = find_key()
    if environment is not None:
        session = Session(cloud=None, state=None, parallelism=1, realistic=None, quiet=True)
        reach = Reach(kubeconfig, context, None, None)
        connection = find_connection(session.load(environment), reach)
    elif kubeconfig is not None:
        connection = read_kubeconfig(Path(kubeconfig), context)
    else:
        connection = read_in_cluster(os.environ)
    with KubeClient(connection) as api:
        found = observe_cluster(api, api.way, datetime.now(UTC), key)
        if target.config_map is not None:
            path, body = _config_map(found, target.config_map)
            query = {"fieldManager": "azsec-observer", "force": "true"}
            told = api.ask([Ask("PATCH", path, query, body, APPLY)])[0]
            if isinstance(told, KubernetesError):
                raise DiagnosticError(error("not-written", f"{target.config_map}: {told.message}."))
    if target.out is not None:
        write_file(target.out, json.dumps(found.to_json()) + "\n")
    elif target.config_map is None:
        sys.stdout.write(json.dumps(found.to_json()) + "\n")
    refused = [each for each in found.lists if each.refused]
    for each in refused:
        sys.stderr.write(f"not observed: {each.resource}: {each.refused}\n")
    if key is None:
        sys.stderr.write(f"not signed: {_KEY} is not set\n")
    return ExitCode.ERROR if refused else ExitCode.SUCCESS


def find_key() -> str | None:
    """Return the key that observations are signed with, None where there is none.

    Raises DiagnosticError for one that is too short.
    """
    key = os.environ.get(_KEY) or None
    if key is not None and len(key) < SHORTEST_KEY:
        raise DiagnosticError(
            error("short-key", f"{_KEY} has fewer than {SHORTEST_KEY} characters.", None)
        )
    return key


def load_observation(path: str, settings: ObservationSettings) -> ObservationDocument:
    """Return the observation in a file: what `observe` wrote, or `kubectl get configmap -o json`.

    Raises DiagnosticError for one that is none, was altered, is of another cluster, or too old.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as failure:
        raise DiagnosticError(
            error("no-observation", f"{path}: {failure.strerror}.", None)
        ) from failure
    if len(content) > _MOST_BYTES:
        raise DiagnosticError(
            error("no-observation", f"{path} is larger than {_MOST_BYTES:,} bytes.")
        )
    found = read_observation(_unpacked(content, path), path, find_key())
    age = timedelta(hours=settings.max_age_hours)
    check_observation(found, path, settings.cluster, age, datetime.now(UTC))
    return found


def _config_map(found: ObservationDocument, target: str) -> tuple[str, Mapping[str, Any]]:
    namespace, _, name = target.partition("/")
    packed = gzip.compress(json.dumps(found.to_json()).encode(), mtime=0)
    if not namespace or not name:
        raise DiagnosticError(error("wrong-option", "--config-map expects NAMESPACE/NAME."))
    if len(packed) > _CONFIG_MAP_BYTES:
        raise DiagnosticError(
            error(
                "too-large",
                f"the observation takes {len(packed):,} bytes, and a ConfigMap holds "
                f"{_CONFIG_MAP_BYTES:,}.",
                None,
                "Write it to a file: --out FILE.",
            )
        )
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "binaryData": {_PART: base64.b64encode(packed).decode()},
    }
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}", body


def _unpacked(content: bytes, path: str) -> str:
    """Return the text of an observation, which may be compressed in a ConfigMap."""
    try:
        found = json.loads(content)
        packed = found["binaryData"][_PART] if found.get("kind") == "ConfigMap" else None
        if packed is None:
            return content.decode("utf-8")
        with gzip.GzipFile(fileobj=BytesIO(base64.b64decode(packed))) as opened:
            return opened.read(_MOST_BYTES).decode("utf-8")
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as failure:
        raise DiagnosticError(
            error("no-observation", f"{path} is no observation of a cluster.")
        ) from failure
