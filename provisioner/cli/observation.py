"""The observation of a cluster that a command reads: from a file, or a ConfigMap in one."""

import base64
import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.catalog.registry import Catalog
from provisioner.cluster.observation import (
    SHORTEST_KEY,
    check_observation,
    describe_age,
    read_observation,
    taken_at,
)
from provisioner.documents.observation import ObservationDocument
from provisioner.documents.plan import ClusterObjectsDocument
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.plan import Desired

KEY = "AZSEC_OBSERVATION_KEY"
_MOST_BYTES = 256 * 2**20

PART = "observation.json.gz"


def find_key() -> str | None:
    """Return the key that observations are signed with, None where there is none.

    Raises DiagnosticError for one that is too short.
    """
    key = os.environ.get(KEY) or None
    if key is not None and len(key) < SHORTEST_KEY:
        raise DiagnosticError(
            error("short-key", f"{KEY} has fewer than {SHORTEST_KEY} characters.", None)
        )
    return key


def is_observation(text: str) -> bool:
    """Tell whether a text is an observation, or a ConfigMap that holds one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    packed = found.get("kind") == "ConfigMap" and PART in (found.get("binaryData") or {})
    return found.get("kind") == "azsec/observation" or packed


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


def describe_objects(desired: Desired, catalog: Catalog) -> ClusterObjectsDocument | None:
    """Return what is known of the objects that an environment declares in its cluster: what its
    observation shows. None where the environment has no cluster to put them in."""
    from provisioner.workflow.cluster_drift import check_observed_drift
    from provisioner.workflow.manifests import find_objects

    settings = desired.environment.kubernetes.observation
    try:
        objects = find_objects(desired, catalog, _no_reader, StateKind.DESIRED)
    except DiagnosticError:
        # `azsec manifests` and `azsec validate` say why.
        return None
    told = ClusterObjectsDocument(declared=len(objects.manifests))
    if settings.file is None:
        return told
    path = (Path(desired.environment.path).parent / settings.file).as_posix()
    try:
        seen = load_observation(path, settings)
    except DiagnosticError as problem:
        return told.model_copy(update={"refused": problem.diagnostics[0].message})
    now = datetime.now(UTC)
    found = check_observed_drift(desired, objects, seen, now.date())
    weakened = [entry.address for entry in found.undeclared if entry.field.security]
    drifted = [entry.address for entry in found.drifted]
    return told.model_copy(
        update={
            "source": path,
            "age": describe_age(now - taken_at(seen)),
            "in_sync": found.in_sync,
            "drifted": tuple(dict.fromkeys((*drifted, *weakened))),
            "additions": tuple(str(entry.address) for entry in found.additions),
        }
    )


def _no_reader() -> Reader:
    raise AssertionError("the desired state takes no reading")


def _unpacked(content: bytes, path: str) -> str:
    """Return the text of an observation, which may be compressed in a ConfigMap."""
    try:
        found = json.loads(content)
        packed = found["binaryData"][PART] if found.get("kind") == "ConfigMap" else None
        if packed is None:
            return content.decode("utf-8")
        with gzip.GzipFile(fileobj=BytesIO(base64.b64decode(packed))) as opened:
            return opened.read(_MOST_BYTES).decode("utf-8")
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as failure:
        raise DiagnosticError(
            error("no-observation", f"{path} is no observation of a cluster.")
        ) from failure
