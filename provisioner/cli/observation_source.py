"""Observations of a cluster that commands read: from a file, a blob or a ConfigMap.

`azsec cluster observe` writes them. Their signature is verified before they are decompressed or
parsed.
"""

import base64
import gzip
import json
import os
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.catalog.registry import Catalog
from provisioner.cluster.observation import (
    SHORTEST_KEY,
    check_observation,
    describe_age,
    is_signed,
    read_observation,
    sign_content,
    taken_at,
    verify_content,
)
from provisioner.documents.observation import ObservationDocument
from provisioner.documents.plan import ClusterObjectsDocument
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.plan import Desired

KEY = "AZSEC_OBSERVATION_KEY"
_MOST_BYTES = 256 * 2**20

_NO_OBSERVATION = (
    ValueError, KeyError, AttributeError, TypeError, OSError, EOFError, RecursionError, zlib.error,
)  # fmt: skip
"""What reading JSON or compressed content raises for what is none, or is not whole."""

_GZIP = b"\x1f\x8b"

PART = "observation.json.gz"


def find_key() -> str | None:
    """Return the key that observations are signed with, None where there is none.

    Raises:
        DiagnosticError: Where the key is too short.
    """
    key = os.environ.get(KEY) or None
    if key is not None and len(key) < SHORTEST_KEY:
        raise DiagnosticError(
            error("short-key", f"{KEY} has fewer than {SHORTEST_KEY} characters.", None)
        )
    return key


def is_observation(text: str) -> bool:
    """Return whether a text is an observation, or a ConfigMap that contains one."""
    if is_signed(text[:64].encode()):
        return True
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    packed = found.get("kind") == "ConfigMap" and PART in (found.get("binaryData") or {})
    return found.get("kind") == "azsec/observation" or packed


def is_blob(source: str) -> bool:
    """Return whether the name of an observation is a URL; otherwise it is a path."""
    return "://" in source


def source_of(settings: ObservationSettings, environment: str) -> str | None:
    """Return the path or URL of the observation that an environment states, None for none.

    `environment` is the path of its file.
    """
    if settings.blob is not None or settings.file is None:
        return settings.blob
    return (Path(environment).parent / settings.file).as_posix()


def read_file(path: str) -> bytes:
    """Return the content of a file.

    Raises:
        DiagnosticError: Where it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as failure:
        raise DiagnosticError(
            error("no-observation", f"{path}: {failure.strerror}.", None)
        ) from failure


def load_observation(
    content: bytes, source: str, settings: ObservationSettings
) -> ObservationDocument:
    """Return the observation in the output of `observe`, or of `kubectl get configmap -o json`.

    `source` is its name in messages. Raises DiagnosticError too for content that is not an
    observation, and for one that was altered, is of another cluster, or is too old.

    Raises:
        DiagnosticError: Where the content is too large, and for a blob that may be of any cluster.
    """
    if len(content) > _MOST_BYTES:
        raise DiagnosticError(
            error("no-observation", f"{source} is larger than {_MOST_BYTES:,} bytes.")
        )
    found = read_observation(_unpack_text(content, source), source)
    if is_blob(source) and settings.cluster is None and find_key() is not None:
        # One key may sign for several clusters, and a writer of this blob could replace its
        # observation by that of another cluster.
        raise DiagnosticError(
            error(
                "observation-of-any",
                f"{source} is of the cluster {found.cluster.uid} ({found.cluster.server}), and "
                "the environment does not state the expected cluster.",
                None,
                "State kubernetes.observation.cluster: the UID of the namespace kube-system.",
            )
        )
    age = timedelta(hours=settings.max_age_hours)
    check_observation(found, source, settings.cluster, age, datetime.now(UTC))
    return found


def describe_objects(
    desired: Desired,
    catalog: Catalog,
    source: str | None,
    observe: Callable[[], ObservationDocument | None],
) -> ClusterObjectsDocument | None:
    """Return the state of the objects that an environment declares in its cluster.

    As its observation shows it: `source` names that, and `observe` reads it. None where the
    environment has no cluster.
    """
    from provisioner.workflow.cluster_drift import check_observed_drift
    from provisioner.workflow.cluster_observation import state_of
    from provisioner.workflow.manifests import find_objects

    try:
        objects = find_objects(desired, catalog, _no_reader, StateKind.DESIRED)
    except DiagnosticError:
        # `azsec manifests` and `azsec validate` say why.
        return None
    told = ClusterObjectsDocument(declared=len(objects.manifests))
    try:
        seen = observe()
    except DiagnosticError as problem:
        return told.model_copy(update={"refused": problem.diagnostics[0].message})
    if seen is None:
        return told
    now = datetime.now(UTC)
    found = check_observed_drift(desired, objects, seen, now.date())
    weakened = [entry.address for entry in found.undeclared if entry.field.security]
    drifted = [entry.address for entry in found.drifted]
    return told.model_copy(
        update={
            "source": source,
            "verified": find_key() is not None,
            "age": describe_age(now - taken_at(seen)),
            "in_sync": found.in_sync,
            "not_compared": found.not_compared,
            "drifted": tuple(dict.fromkeys((*drifted, *weakened))),
            "additions": tuple(str(entry.address) for entry in found.additions),
            "unreadable": tuple(entry.listed for entry in found.census.unreadable),
            "left_out": tuple(each.kind.resource for each in state_of(seen).left_out),
        }
    )


def _no_reader() -> Reader:
    raise AssertionError("the desired state takes no reading")


def pack(observation: ObservationDocument, key: str | None) -> bytes:
    """Return an observation as a ConfigMap or a blob keeps it: JSON, gzip, and signed with a key.

    Without a key it is not signed.
    """
    return sign_content(gzip.compress(json.dumps(observation.to_json()).encode(), mtime=0), key)


def is_verified() -> bool:
    """Return whether signatures of observations are verified: an invalid one is then refused."""
    return find_key() is not None


def _unpack_text(content: bytes, path: str) -> str:
    """Return the text of an observation, which may be compressed, also in a ConfigMap.

    Its signature is verified before it is decompressed or parsed.

    Raises:
        DiagnosticError: Where the content is not an observation.
    """
    try:
        bare = verify_content(_out_of_config_map(content), path, find_key())
        return _decompress(bare) if bare.startswith(_GZIP) else bare.decode("utf-8")
    except _NO_OBSERVATION as failure:
        raise DiagnosticError(
            error("no-observation", f"{path} is not an observation of a cluster.")
        ) from failure


def _out_of_config_map(content: bytes) -> bytes:
    """Return the content of a ConfigMap, as kubectl prints one; other content as it is."""
    if len(content) > _MOST_BYTES_OF_MAP or not content.lstrip().startswith(b"{"):
        return content
    found = json.loads(content)
    if found.get("kind") != "ConfigMap":
        return content
    return base64.b64decode(found["binaryData"][PART])


_MOST_BYTES_OF_MAP = 4 * 2**20
"""The API server stores 1 MiB of a ConfigMap; printed, with base64 and managedFields, it is less
than this."""


def _decompress(packed: bytes) -> str:
    with gzip.GzipFile(fileobj=BytesIO(packed)) as opened:
        return opened.read(_MOST_BYTES).decode("utf-8")
