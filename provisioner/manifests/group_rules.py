"""Admission rules for the user, groups and security profiles of the processes in a pod.

Facts: the outline's podsecuritypolicy_restricted.yaml, and the pages "Configure a Security Context
for a Pod or Container" and "User Namespaces" of the Kubernetes documentation. `pod_rules` calls it.
"""

from collections.abc import Iterator

from provisioner.manifests.admission_policies import POD, Part, Rule

_POD_LEVEL = f"{POD}.spec.securityContext"
_CONTAINER_LEVEL = "c.securityContext"
_IN_RANGE = "{0} >= 1 && {0} <= 65535"
_IS_WINDOWS = f"(has({POD}.spec.os) && {POD}.spec.os.name == 'windows')"
"""A Windows pod: the API server refuses Linux users and groups in it, and the kubelet of a Linux
node does not run it."""


def group_rules() -> Iterator[Rule]:
    """Yield the rules that no process runs as the root group, and that no volume is given to it.

    A process without a stated group has that of its image, and the default of images is 0.
    """
    for field in ("fsGroup", "runAsGroup"):
        yield Rule(
            f"!has({_POD_LEVEL}) || !has({_POD_LEVEL}.{field}) || "
            f"({_IN_RANGE.format(f'{_POD_LEVEL}.{field}')})",
            f"{field} has to be from 1 to 65535",
            ("spec", "securityContext", field),
        )
    yield Rule(
        f"!has({_POD_LEVEL}) || !has({_POD_LEVEL}.supplementalGroups) || "
        f"{_POD_LEVEL}.supplementalGroups.all(g, {_IN_RANGE.format('g')})",
        "supplementalGroups have to be from 1 to 65535",
        ("spec", "securityContext", "supplementalGroups"),
    )
    yield Rule(
        f"{_IS_WINDOWS} || (has({_CONTAINER_LEVEL}) && has({_CONTAINER_LEVEL}.runAsGroup) ? "
        f"{_IN_RANGE.format(f'{_CONTAINER_LEVEL}.runAsGroup')} : "
        f"has({_POD_LEVEL}) && has({_POD_LEVEL}.runAsGroup))",
        "runAsGroup has to be from 1 to 65535, of the pod or of the container",
        ("securityContext", "runAsGroup"),
        Part.CONTAINER,
    )


def strict_group_rule() -> Rule:
    """Return the rule that requires `supplementalGroupsPolicy: Strict`.

    With it, the image's /etc/group adds no groups; every cluster has the field from 1.35 on.
    """
    policy = f"{_POD_LEVEL}.supplementalGroupsPolicy"
    return Rule(
        f"{_IS_WINDOWS} || (has({_POD_LEVEL}) && has({policy}) && {policy} == 'Strict')",
        "supplementalGroupsPolicy should be Strict: the image may add groups otherwise",
        ("spec", "securityContext", "supplementalGroupsPolicy"),
    )


def non_root_rules() -> Iterator[Rule]:
    """Yield the rules that a pod in a user namespace does not run as root.

    The restricted standard itself requires that of all other pods.
    """
    elsewhere = f"(!has({POD}.spec.hostUsers) || {POD}.spec.hostUsers == true)"
    pod_has = f"has({_POD_LEVEL}) && has({_POD_LEVEL}.{{0}})"
    own_has = f"has({_CONTAINER_LEVEL}) && has({_CONTAINER_LEVEL}.{{0}})"
    yield Rule(
        f"{elsewhere} || !({pod_has.format('runAsUser')}) || {_POD_LEVEL}.runAsUser != 0",
        "runAsUser must not be 0, in a user namespace either",
        ("spec", "securityContext", "runAsUser"),
    )
    yield Rule(
        f"{elsewhere} || !({own_has.format('runAsUser')}) || {_CONTAINER_LEVEL}.runAsUser != 0",
        "runAsUser must not be 0, in a user namespace either",
        ("securityContext", "runAsUser"),
        Part.CONTAINER,
    )
    yield Rule(
        f"{elsewhere} || !({pod_has.format('runAsNonRoot')}) || {_POD_LEVEL}.runAsNonRoot == true",
        "runAsNonRoot has to be true, in a user namespace too",
        ("spec", "securityContext", "runAsNonRoot"),
    )
    yield Rule(
        f"{elsewhere} || ({own_has.format('runAsNonRoot')} ? "
        f"{_CONTAINER_LEVEL}.runAsNonRoot == true : "
        f"{pod_has.format('runAsNonRoot')})",
        "runAsNonRoot has to be true, in a user namespace too",
        ("securityContext", "runAsNonRoot"),
        Part.CONTAINER,
    )


def profile_rules() -> Iterator[Rule]:
    """Yield the rules that profiles of seccomp and AppArmor are the runtime's own."""
    for profile in ("seccompProfile", "appArmorProfile"):
        for own, part in ((_POD_LEVEL, Part.POD), (_CONTAINER_LEVEL, Part.CONTAINER)):
            above = ("spec",) if part is Part.POD else ()
            yield Rule(
                f"!has({own}) || !has({own}.{profile}) || {own}.{profile}.type == 'RuntimeDefault'",
                f"{profile} has to be RuntimeDefault",
                (*above, "securityContext", profile, "type"),
                part,
            )
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    stated = f"{POD}.metadata.annotations"
    yield Rule(
        f"!has({POD}.metadata) || !has({stated}) || {stated}.all(k, "
        f"!k.startsWith('{prefix}') || {stated}[k] == 'runtime/default')",
        "annotations of AppArmor have to be runtime/default",
        ("metadata", "annotations"),
    )
