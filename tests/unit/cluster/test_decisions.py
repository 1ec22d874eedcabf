"""Why an object cannot be applied, in a line that an engineer can act on."""

from typing import Any

import pytest

from provisioner.cluster.decisions import DeclaredObject, DryRun, Permission, decide
from provisioner.cluster.objects import Key, ServedKind
from provisioner.cluster.ownership import Owner
from provisioner.documents.plan import Action
from provisioner.model.kubernetes_error import Cause, KubernetesError

BODY: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "a", "namespace": "app"},
}
KIND = ServedKind("", "v1", "LimitRange", "limitranges", True, frozenset({"list"}))
WANTED = DeclaredObject(Key("", "LimitRange", "app", "a"), BODY, KIND)
REFUSALS = [
    pytest.param(
        KubernetesError(
            500,
            "InternalError",
            'Internal error occurred: failed calling webhook "a.example.com": failed to call '
            'webhook: Post "https://a/": context deadline exceeded',
        ),
        Action.BLOCKED,
        'the webhook a.example.com does not answer: Post "https://a/": context deadline exceeded',
        id="a webhook that cannot be reached",
    ),
    pytest.param(
        KubernetesError(
            400,
            "BadRequest",
            'admission webhook "a.example.com" does not support dry run',
        ),
        Action.BLOCKED,
        'it cannot be tried: admission webhook "a.example.com" does not support dry run',
        id="a webhook without dry run",
    ),
    pytest.param(
        KubernetesError(
            422,
            "Invalid",
            'RoleBinding "a" is invalid: roleRef: Invalid value: {…}: cannot change roleRef',
            (Cause("FieldValueInvalid", "Invalid value: {…}: cannot change roleRef", "roleRef"),),
        ),
        Action.REPLACE,
        "immutable: roleRef",
        id="a field that cannot change",
    ),
    pytest.param(
        KubernetesError(
            409,
            "Conflict",
            "Apply failed with 1 conflict",
            (Cause("FieldManagerConflict", 'conflict with "kubectl-edit" using v1', ".spec.a"),),
        ),
        Action.BLOCKED,
        'conflict with "kubectl-edit" using v1: spec.a; --force-conflicts takes the fields over',
        id="a field of another manager",
    ),
]


@pytest.mark.parametrize(("refusal", "action", "reason"), REFUSALS)
def test_a_refusal_is_one_line(refusal: KubernetesError, action: Action, reason: str) -> None:
    trial = DryRun(merged=refusal, forced=BODY, pristine=BODY)
    found = decide(WANTED, BODY, Owner.OURS, trial, Permission())
    assert (found.action, found.reason) == (action, reason)
