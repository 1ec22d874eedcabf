"""Ownership of objects: a mark made by a keyed hash, as on Azure's resources.

A label says it for lists, and proves nothing: who may write an object can copy a label. The mark is
made from the environment's id and the object's key, so that one copied to another object does not
verify.

Called by `decisions` and the workflows that plan, apply, delete and lock in a cluster.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from provisioner.blueprint.ownership import Marks
from provisioner.cluster.objects import Key, Object, key_of

MANAGER = "azsec"
"""The field manager of every apply."""

ENVIRONMENT_LABEL = "azsec.dev/environment"
MARK_ANNOTATION = "azsec.dev/mark"


class Owner(StrEnum):
    """Whose an object is."""

    OURS = "this environment's"
    OTHER = "another environment's"
    NOBODY = "without a mark of azsec"


def mark_object(body: Object, marks: Marks) -> dict[str, Any]:
    """Return a desired object with the mark of its environment."""
    metadata = dict(body["metadata"])
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    metadata["labels"] = {**labels, ENVIRONMENT_LABEL: marks.environment}
    metadata["annotations"] = {
        **annotations,
        MARK_ANNOTATION: marks.mark_object(key_of(body).text),
    }
    return {**body, "metadata": metadata}


def owner_of(body: Object, key: Key, marks: Marks) -> Owner:
    """Return whose an object of a cluster is."""
    metadata: Mapping[str, Any] = body.get("metadata") or {}
    mark = (metadata.get("annotations") or {}).get(MARK_ANNOTATION)
    if mark == marks.mark_object(key.text):
        return Owner.OURS
    stated = (metadata.get("labels") or {}).get(ENVIRONMENT_LABEL)
    # The label alone does not refuse an adoption: anybody may write it. With a mark that does not
    # verify and another environment's name, the object is taken for that environment's.
    return Owner.OTHER if mark and stated not in (None, marks.environment) else Owner.NOBODY
