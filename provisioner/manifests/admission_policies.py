"""What Pod Security cannot say of pods, as ValidatingAdmissionPolicies (WRK-01.6, MAN-05).

The expressions keep to what both the API server and the CEL library of azsec evaluate: `has`,
`size`, `all`, comparisons, conditionals, `startsWith`, `endsWith`, `contains` and `matches`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.blueprint.kubernetes import SYSTEM_NAMESPACES
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import Manifest, Object, Place, make_manifest
from provisioner.manifests.namespaces import WantedNamespace

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")

CHANGES_SPEC = "request.operation == 'CREATE' || object.spec != oldObject.spec"
"""A pod that was let in is not judged again where only its labels or finalizers change: it could
not be deleted otherwise."""

KATA_RUNTIME = "kata-vm-isolation"
"""The RuntimeClass of isolated pools, which AKS makes (considerations-pod-sandboxing)."""

SECRETS_DRIVER = "secrets-store.csi.k8s.io"

_API = "admissionregistration.k8s.io/v1"
_NAME_LABEL = "kubernetes.io/metadata.name"
_GROUP_RANGE = "{0} >= 1 && {0} <= 65535"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression that has to hold. `field` is what it is about: in each container, which the
    expression calls `c`, or in the pod, which it calls `object`."""

    expression: str
    message: str
    field: tuple[str, ...]
    per_container: bool = False

    @property
    def whole(self) -> str:
        """The expression over the whole pod, as the API server gets it."""
        if not self.per_container:
            return self.expression
        return " &&\n".join(
            f"(!has(object.spec.{name}) || object.spec.{name}.all(c, {self.expression}))"
            for name in CONTAINER_LISTS
        )


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """Rules for the pods of the namespaces whose labels `selector` takes. One that is not
    `enforced` warns and is written to the audit log."""

    name: str
    controls: tuple[str, ...]
    reason: str
    rules: tuple[Rule, ...]
    selector: Object
    enforced: bool = True


def admission_policies(
    namespaces: tuple[WantedNamespace, ...], facts: ClusterFacts, registries: tuple[str, ...]
) -> tuple[AdmissionPolicy, ...]:
    """Return the policies of a cluster. `registries` are those that images may come from; without
    any there is no policy for them."""
    everywhere = _selector()
    hardened = _selector({"pod-security.kubernetes.io/enforce": ("NotIn", ["privileged"])})
    restricted = _selector({"pod-security.kubernetes.io/enforce": ("In", ["restricted"])})
    found = [
        *_image_policies(everywhere, registries),
        *_pod_policies(hardened),
        _capabilities(restricted),
    ]
    found.append(
        AdmissionPolicy(
            "azsec-no-default-namespace",
            ("CFG-04", "ENV-01.4"),
            "The default namespace has no bounds, and nobody owns it.",
            (Rule("false", "pods may not run in the default namespace", ("metadata",)),),
            {"matchLabels": {_NAME_LABEL: "default"}},
        )
    )
    pulled = [n.name for n in namespaces if n.settings.pull_always]
    silent = [n.name for n in namespaces if not n.settings.api_access]
    isolated = [n.name for n in namespaces if n.settings.isolated]
    found += [
        policy
        for names, policy in (
            (pulled, _pull_always(pulled)),
            (silent, _service_accounts(silent)),
            (isolated, _isolated(isolated)),
        )
        if names
    ]
    return tuple(sorted(found, key=lambda policy: policy.name))


def render_policies(policies: Iterable[AdmissionPolicy]) -> Iterator[Manifest]:
    """Yield each policy with the binding that puts it in force."""
    for policy in policies:
        yield make_manifest(
            Place(_API, "ValidatingAdmissionPolicy", policy.name),
            (*policy.controls, "WRK-01.6"),
            policy.reason,
            {"spec": _policy_spec(policy)},
        )
        actions = ["Deny", "Audit"] if policy.enforced else ["Warn", "Audit"]
        yield make_manifest(
            Place(_API, "ValidatingAdmissionPolicyBinding", policy.name),
            (*policy.controls, "WRK-01.6"),
            "Refuses what does not hold." if policy.enforced else "Warns of what does not hold.",
            {"spec": {"policyName": policy.name, "validationActions": actions}},
        )


def _policy_spec(policy: AdmissionPolicy) -> Object:
    return {
        # What cannot be judged is refused.
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": policy.selector,
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["pods", "pods/ephemeralcontainers"],
                }
            ],
        },
        "matchConditions": [{"name": "changes-spec", "expression": CHANGES_SPEC}],
        "validations": [
            {"expression": rule.whole, "message": f"{rule.message}."} for rule in policy.rules
        ],
    }


def _selector(more: Mapping[str, tuple[str, list[str]]] | None = None) -> Object:
    """Return the selector of all namespaces but the system's, narrowed by `more`: an operator and
    its values for each label."""
    expressions: list[Object] = [
        {"key": _NAME_LABEL, "operator": "NotIn", "values": list(SYSTEM_NAMESPACES)},
        # What AKS labels so is its own, as it is for webhooks (faq, admission controllers).
        {"key": "control-plane", "operator": "DoesNotExist"},
    ]
    for key, (operator, values) in (more or {}).items():
        expressions.append({"key": key, "operator": operator, "values": values})
    return {"matchExpressions": expressions}


def _named(names: list[str]) -> Object:
    return {"matchExpressions": [{"key": _NAME_LABEL, "operator": "In", "values": names}]}


def _image_policies(selector: Object, registries: tuple[str, ...]) -> Iterator[AdmissionPolicy]:
    if registries:
        known = " || ".join(f"c.image.startsWith('{registry}/')" for registry in registries)
        yield AdmissionPolicy(
            "azsec-approved-registries",
            ("WRK-01.2", "PRI-07"),
            "Images come from approved registries.",
            (
                Rule(
                    f"has(c.image) && ({known})",
                    f"images have to come from {' or '.join(registries)}",
                    ("image",),
                    per_container=True,
                ),
            ),
            selector,
        )
    yield AdmissionPolicy(
        "azsec-pinned-images",
        ("WRK-07", "PRI-07"),
        "An image is named by a digest or a tag, and latest is none.",
        (
            Rule(
                "has(c.image) && (c.image.contains('@') ? "
                "c.image.matches('@sha256:[0-9a-f]{64}$') : "
                "c.image.matches(':[A-Za-z0-9_][A-Za-z0-9._-]*$') && "
                "!c.image.endsWith(':latest'))",
                "images need a digest, or a tag that is not latest",
                ("image",),
                per_container=True,
            ),
        ),
        selector,
    )


def _pod_policies(selector: Object) -> Iterator[AdmissionPolicy]:
    yield AdmissionPolicy(
        "azsec-groups",
        ("MAN-05", "WRK-02.5"),
        "No process and no volume belongs to the root group.",
        tuple(_group_rules()),
        selector,
    )
    yield AdmissionPolicy(
        "azsec-profiles",
        ("CLU-06.7", "MAN-05"),
        "Profiles of seccomp and AppArmor are the runtime's own.",
        tuple(_profile_rules()),
        selector,
    )
    yield AdmissionPolicy(
        "azsec-volumes",
        ("WRK-02.7", "MAN-05"),
        "Of the volumes that drivers make in a pod, secrets of a vault alone.",
        (
            Rule(
                "!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.ephemeral) && "
                f"(!has(v.csi) || v.csi.driver == '{SECRETS_DRIVER}'))",
                f"volumes may be neither ephemeral nor of a driver but {SECRETS_DRIVER}",
                ("spec", "volumes"),
            ),
        ),
        selector,
    )
    yield AdmissionPolicy(
        "azsec-read-only-root",
        ("CFG-02",),
        "A container cannot change its own programs.",
        (
            Rule(
                "has(c.securityContext) && has(c.securityContext.readOnlyRootFilesystem) && "
                "c.securityContext.readOnlyRootFilesystem == true",
                "readOnlyRootFilesystem should be true",
                ("securityContext", "readOnlyRootFilesystem"),
                per_container=True,
            ),
        ),
        selector,
        enforced=False,
    )
    yield AdmissionPolicy(
        "azsec-user-namespaces",
        ("CLU-06.8",),
        "Root in a pod is nobody on its node.",
        (
            Rule(
                "has(object.spec.runtimeClassName) || "
                "(has(object.spec.hostUsers) && object.spec.hostUsers == false)",
                "hostUsers should be false, unless the pod runs in a sandbox",
                ("spec", "hostUsers"),
            ),
        ),
        selector,
        enforced=False,
    )


def _capabilities(selector: Object) -> AdmissionPolicy:
    """Return the policy for the one capability that the restricted standard lets back in, and the
    outline's did not: a port below 1024 is for a Service to have."""
    own = "c.securityContext.capabilities"
    return AdmissionPolicy(
        "azsec-capabilities",
        ("MAN-05", "CLU-06.7"),
        "A container adds no capability.",
        (
            Rule(
                f"!has(c.securityContext) || !has({own}) || !has({own}.add) || "
                f"size({own}.add) == 0",
                "no capability may be added",
                ("securityContext", "capabilities", "add"),
                per_container=True,
            ),
        ),
        selector,
    )


def _group_rules() -> Iterator[Rule]:
    pod = "object.spec.securityContext"
    for field in ("fsGroup", "runAsGroup"):
        in_range = _GROUP_RANGE.format(f"{pod}.{field}")
        yield Rule(
            f"!has({pod}) || !has({pod}.{field}) || ({in_range})",
            f"{field} has to be from 1 to 65535",
            ("spec", "securityContext", field),
        )
    yield Rule(
        f"!has({pod}) || !has({pod}.supplementalGroups) || "
        f"{pod}.supplementalGroups.all(g, {_GROUP_RANGE.format('g')})",
        "supplementalGroups have to be from 1 to 65535",
        ("spec", "securityContext", "supplementalGroups"),
    )
    own = "c.securityContext"
    yield Rule(
        f"!has({own}) || !has({own}.runAsGroup) || ({_GROUP_RANGE.format(f'{own}.runAsGroup')})",
        "runAsGroup has to be from 1 to 65535",
        ("securityContext", "runAsGroup"),
        per_container=True,
    )


def _profile_rules() -> Iterator[Rule]:
    for profile in ("seccompProfile", "appArmorProfile"):
        for where, per_container in (("object.spec", False), ("c", True)):
            own = f"{where}.securityContext"
            yield Rule(
                f"!has({own}) || !has({own}.{profile}) || {own}.{profile}.type == 'RuntimeDefault'",
                f"{profile} has to be RuntimeDefault",
                (*(() if per_container else ("spec",)), "securityContext", profile, "type"),
                per_container,
            )
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    yield Rule(
        "!has(object.metadata.annotations) || object.metadata.annotations.all(k, "
        f"!k.startsWith('{prefix}') || object.metadata.annotations[k] == 'runtime/default')",
        "annotations of AppArmor have to be runtime/default",
        ("metadata", "annotations"),
    )


def _pull_always(names: list[str]) -> AdmissionPolicy:
    return AdmissionPolicy(
        "azsec-pull-always",
        ("WRK-07",),
        "Who may not pull an image does not run the copy that a node has of it.",
        (
            Rule(
                "has(c.imagePullPolicy) && c.imagePullPolicy == 'Always'",
                "imagePullPolicy has to be Always",
                ("imagePullPolicy",),
                per_container=True,
            ),
        ),
        _named(names),
    )


def _service_accounts(names: list[str]) -> AdmissionPolicy:
    return AdmissionPolicy(
        "azsec-service-accounts",
        ("SA-01", "SA-02"),
        "A pod has an account of its own, and no token for the API server.",
        (
            Rule(
                "has(object.spec.serviceAccountName) && "
                "object.spec.serviceAccountName != 'default'",
                "serviceAccountName has to name an account other than default",
                ("spec", "serviceAccountName"),
            ),
            # What the API server mounts, be it for the pod's word or for its account's.
            Rule(
                "(!has(object.spec.automountServiceAccountToken) || "
                "object.spec.automountServiceAccountToken == false) && "
                "(!has(object.spec.volumes) || "
                "object.spec.volumes.all(v, !v.name.startsWith('kube-api-access-')))",
                "no token may be mounted: set automountServiceAccountToken to false, of the "
                "account or of the pod",
                ("spec", "automountServiceAccountToken"),
            ),
        ),
        _named(names),
    )


def _isolated(names: list[str]) -> AdmissionPolicy:
    return AdmissionPolicy(
        "azsec-isolated-pods",
        ("WRK-04", "TOP-17"),
        "Pods of these namespaces share no kernel with others.",
        (
            Rule(
                "has(object.spec.runtimeClassName) && "
                f"object.spec.runtimeClassName == '{KATA_RUNTIME}'",
                f"runtimeClassName has to be {KATA_RUNTIME}",
                ("spec", "runtimeClassName"),
            ),
        ),
        _named(names),
    )
