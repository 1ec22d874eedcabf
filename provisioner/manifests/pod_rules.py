"""The admission policies of a cluster, and their CEL expressions.

The expressions use only what both the API server and azsec's CEL library evaluate: `has`, `size`,
`all`, comparisons, conditionals, `startsWith`, `endsWith`, `contains` and `matches`. An expression
whose evaluation fails counts as violated. `rendering` and the pod controls call it.
"""

from collections.abc import Iterator

from provisioner.blueprint.kubernetes import KubernetesSettings
from provisioner.manifests.admission_policies import (
    POD,
    AdmissionPolicy,
    Part,
    Rule,
    Selectors,
    named,
)
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.group_rules import (
    group_rules,
    non_root_rules,
    profile_rules,
    strict_group_rule,
)
from provisioner.manifests.manifest import Object
from provisioner.manifests.namespaces import WantedNamespace
from provisioner.manifests.token_rules import token_rules

KATA_RUNTIME = "kata-vm-isolation"
"""The RuntimeClass of isolated pools, which AKS creates (considerations-pod-sandboxing)."""

SECRETS_DRIVER = "secrets-store.csi.k8s.io"

USER_NAMESPACES = (1, 35)
"""The minor version from which the restricted standard allows a pod with `hostUsers: false` to run
as root (k8s.io/pod-security-admission 0.35, check_runAsNonRoot and check_runAsUser)."""


def admission_policies(
    namespaces: tuple[WantedNamespace, ...],
    settings: KubernetesSettings,
    facts: ClusterFacts,
    registries: tuple[str, ...],
) -> tuple[AdmissionPolicy, ...]:
    """Return the policies of a cluster, by name.

    `registries` are the registries that images may come from; without any, there is no policy for
    image sources.
    """
    where = Selectors.of(settings, namespaces)
    found = [
        *_image_source_policies(where.everywhere, registries),
        *_pod_policies(where.hardened),
        *_restricted_policies(where.restricted, facts),
        *_namespace_policies(where.strange),
        *_opt_in_policies(namespaces, settings, facts),
    ]
    return tuple(sorted(found, key=lambda policy: policy.name))


def _image_source_policies(
    selector: Object, registries: tuple[str, ...]
) -> Iterator[AdmissionPolicy]:
    if registries:
        message = f"images have to come from {' or '.join(registries)}"
        yield AdmissionPolicy(
            "azsec-approved-registries",
            ("WRK-01.2", "PRI-07"),
            "Images come from approved registries.",
            _image_rules(
                "has({0}) && ("
                + " || ".join(f"{{0}}.startsWith('{registry}/')" for registry in registries)
                + ")",
                message,
            ),
            selector,
        )
    yield AdmissionPolicy(
        "azsec-pinned-images",
        ("WRK-07", "PRI-07"),
        "An image is named by a digest or a tag, and latest is none.",
        _image_rules(
            # A digest takes precedence over a tag beside it, so that `:latest@sha256:…` is pinned.
            # Without a tag the runtime pulls latest ("Images").
            "has({0}) && ({0}.contains('@') ? "
            "{0}.matches('@sha256:[0-9a-f]{{64}}$') : "
            "{0}.matches(':[A-Za-z0-9_][A-Za-z0-9._-]*$') && "
            "!{0}.endsWith(':latest'))",
            "images need a digest, or a tag that is not latest",
        ),
        selector,
    )


def _image_rules(expression: str, message: str) -> tuple[Rule, Rule]:
    """Return the rule for the images of containers, and the rule for those of volumes.

    A volume of type image mounts an image of a registry, as a container does (Kubernetes, "Image
    Volumes").
    """
    return (
        Rule(expression.format("c.image"), message, ("image",), Part.CONTAINER),
        _volume_rule("image", expression.format("v.image.reference"), message, "reference"),
    )


def _volume_rule(kind: str, expression: str, message: str, *field: str) -> Rule:
    return Rule(f"!has(v.{kind}) || ({expression})", message, (kind, *field), Part.VOLUME)


def _pod_policies(selector: Object) -> Iterator[AdmissionPolicy]:
    yield AdmissionPolicy(
        "azsec-groups",
        ("MAN-05", "WRK-02.5"),
        "No process runs as the root group, and no volume is given to it.",
        tuple(group_rules()),
        selector,
    )
    yield AdmissionPolicy(
        "azsec-image-groups",
        ("MAN-05", "WRK-02.5"),
        "The image adds no groups to those that the pod states.",
        (strict_group_rule(),),
        selector,
        enforced=False,
    )
    yield AdmissionPolicy(
        "azsec-profiles",
        ("CLU-06.7", "MAN-05"),
        "Profiles of seccomp and AppArmor are the runtime's own.",
        tuple(profile_rules()),
        selector,
    )
    yield AdmissionPolicy(
        "azsec-volumes",
        ("WRK-02.7", "MAN-05"),
        "Of the volumes that drivers make in a pod, secrets of a vault alone.",
        (
            Rule(
                f"!has(v.ephemeral) && (!has(v.csi) || v.csi.driver == '{SECRETS_DRIVER}')",
                f"volumes may be neither ephemeral nor of a driver but {SECRETS_DRIVER}",
                (),
                Part.VOLUME,
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
                Part.CONTAINER,
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
                f"has({POD}.spec.runtimeClassName) || "
                f"(has({POD}.spec.hostUsers) && {POD}.spec.hostUsers == false)",
                "hostUsers should be false, unless the pod runs in a sandbox",
                ("spec", "hostUsers"),
            ),
        ),
        selector,
        enforced=False,
    )


def _restricted_policies(selector: Object, facts: ClusterFacts) -> Iterator[AdmissionPolicy]:
    """Yield the policies for what the restricted standard allows and the outline's policy did not.

    That is the one capability that may be added back (for ports below 1024; a Service can map such
    a port instead), and root in a user namespace.
    """
    own = "c.securityContext.capabilities"
    yield AdmissionPolicy(
        "azsec-capabilities",
        ("MAN-05", "CLU-06.7"),
        "A container adds no capability.",
        (
            Rule(
                f"!has(c.securityContext) || !has({own}) || !has({own}.add) || "
                f"size({own}.add) == 0",
                "no capability may be added",
                ("securityContext", "capabilities", "add"),
                Part.CONTAINER,
            ),
        ),
        selector,
    )
    if facts.version >= USER_NAMESPACES:
        yield AdmissionPolicy(
            "azsec-non-root",
            ("MAN-05", "WRK-02.5"),
            "A pod does not run as root, not in a user namespace either.",
            tuple(non_root_rules()),
            selector,
        )


def _namespace_policies(strange: Object) -> Iterator[AdmissionPolicy]:
    yield AdmissionPolicy(
        "azsec-no-default-namespace",
        ("CFG-04", "ENV-01.4"),
        "The default namespace has no bounds, and nobody owns it.",
        (Rule("false", "pods may not run in the default namespace", ("metadata",)),),
        {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
    )
    yield AdmissionPolicy(
        "azsec-labelled-namespaces",
        ("MAN-04", "CLU-05.5"),
        "Pods run where a standard is enforced, or where the environment says that none is.",
        (
            Rule(
                "false",
                "the namespace has to enforce the restricted or the baseline standard, or to be "
                "a privileged one of the environment",
                ("metadata",),
            ),
        ),
        strange,
    )


def _opt_in_policies(
    namespaces: tuple[WantedNamespace, ...], settings: KubernetesSettings, facts: ClusterFacts
) -> Iterator[AdmissionPolicy]:
    """Yield the policies for namespaces that opt in to them."""
    if pulled := [n.name for n in namespaces if n.settings.pull_always]:
        message = "the pull policy of an image has to be Always"
        expression = "has({0}) && {0} == 'Always'"
        yield AdmissionPolicy(
            "azsec-pull-always",
            ("WRK-07",),
            "Who may not pull an image does not run the copy that a node has of it.",
            (
                Rule(
                    expression.format("c.imagePullPolicy"),
                    message,
                    ("imagePullPolicy",),
                    Part.CONTAINER,
                ),
                _volume_rule(
                    "image", expression.format("v.image.pullPolicy"), message, "pullPolicy"
                ),
            ),
            named(pulled),
        )
    if silent := [n.name for n in namespaces if not n.settings.api_access]:
        yield AdmissionPolicy(
            "azsec-service-accounts",
            ("SA-01", "SA-02"),
            "A pod has an account of its own, and no token for the API server.",
            tuple(token_rules(facts, settings.token_audiences)),
            named(silent),
        )
    if isolated := [n.name for n in namespaces if n.settings.isolated]:
        runtime = f"{POD}.spec.runtimeClassName"
        yield AdmissionPolicy(
            "azsec-isolated-pods",
            ("WRK-04", "TOP-17"),
            "Pods of these namespaces share no kernel with others.",
            (
                Rule(
                    f"has({runtime}) && {runtime} == '{KATA_RUNTIME}'",
                    f"runtimeClassName has to be {KATA_RUNTIME}",
                    ("spec", "runtimeClassName"),
                ),
            ),
            named(isolated),
        )
