"""Whatever the outline's PodSecurityPolicy refused is refused today, for any pod."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.manifests import GOOD, REGISTRY, changed, judge, render
from tests.outline_policy import refusals

OBJECTS = render()

_SECRETS = {"driver": "secrets-store.csi.k8s.io"}


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


profiles = st.sampled_from(["RuntimeDefault", "Localhost", "Unconfined"]).map(
    lambda kind: {"type": kind}
)
groups = st.sampled_from([0, 1, 1000, 65535, 65536, -1])
capabilities = st.lists(
    st.sampled_from(["ALL", "NET_BIND_SERVICE", "CHOWN", "SYS_ADMIN", "KILL"]), max_size=2
)
container_contexts = optional(
    privileged=st.booleans(),
    allowPrivilegeEscalation=st.sampled_from([False, False, True]),
    capabilities=optional(add=capabilities, drop=st.sampled_from([["ALL"], [], ["KILL"]])),
    runAsNonRoot=st.booleans(),
    runAsUser=st.sampled_from([0, 1, 1000]),
    runAsGroup=groups,
    procMount=st.sampled_from(["Default", "Unmasked"]),
    seccompProfile=profiles,
    appArmorProfile=profiles,
    readOnlyRootFilesystem=st.booleans(),
)
containers = st.fixed_dictionaries(
    {
        "name": st.just("c"),
        "image": st.just(f"{REGISTRY}/app:1"),
        "imagePullPolicy": st.just("Always"),
    },
    optional={
        "securityContext": st.one_of(
            st.just({"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}),
            container_contexts,
        ),
        "ports": st.lists(
            optional(hostPort=st.sampled_from([0, 80]), containerPort=st.just(80)), max_size=2
        ),
    },
)
kinds = st.sampled_from(
    [
        {"configMap": {}}, {"emptyDir": {}}, {"projected": {}}, {"secret": {}},
        {"downwardAPI": {}}, {"persistentVolumeClaim": {}}, {"hostPath": {"path": "/"}},
        {"nfs": {}}, {"azureFile": {}}, {"azureDisk": {}}, {"iscsi": {}}, {"flexVolume": {}},
        {"gitRepo": {}}, {"image": {"reference": "a"}}, {"ephemeral": {}},
        {"csi": {"driver": "x.io"}}, {"csi": _SECRETS},
    ]
)  # fmt: skip
specs = st.fixed_dictionaries(
    {"containers": st.lists(containers, min_size=1, max_size=2)},
    optional={
        "initContainers": st.lists(containers, max_size=2),
        "ephemeralContainers": st.lists(containers, max_size=1),
        "hostNetwork": st.booleans(),
        "hostUsers": st.booleans(),
        "hostPID": st.booleans(),
        "hostIPC": st.booleans(),
        "serviceAccountName": st.just("app"),
        "volumes": st.lists(kinds.map(lambda kind: {"name": "v", **kind}), max_size=3),
        "securityContext": st.one_of(
            st.just(GOOD["spec"]["securityContext"]),
            optional(
                runAsNonRoot=st.booleans(),
                runAsUser=st.sampled_from([0, 1, 1000]),
                fsGroup=groups,
                supplementalGroups=st.lists(groups, max_size=2),
                seccompProfile=profiles,
                appArmorProfile=profiles,
                sysctls=st.lists(
                    st.sampled_from(["kernel.shm_rmid_forced", "kernel.msgmax"]).map(
                        lambda name: {"name": name, "value": "1"}
                    ),
                    max_size=1,
                ),
            ),
        ),
    },
)


changes = st.one_of(
    *(
        st.tuples(st.just(f"{where}.securityContext.{name}"), values)
        for where in ("containers.0", "initContainers.0", "ephemeralContainers.0")
        for name, values in {
            "privileged": st.booleans(),
            "allowPrivilegeEscalation": st.booleans(),
            "capabilities": optional(add=capabilities, drop=st.just(["ALL"])),
            "runAsNonRoot": st.booleans(),
            "runAsUser": st.sampled_from([0, 1]),
            "procMount": st.sampled_from(["Default", "Unmasked"]),
            "seccompProfile": profiles,
            "appArmorProfile": profiles,
        }.items()
    ),
    *(
        st.tuples(st.just(f"securityContext.{name}"), values)
        for name, values in {
            "runAsNonRoot": st.booleans(),
            "runAsUser": st.sampled_from([0, 1]),
            "fsGroup": groups,
            "supplementalGroups": st.lists(groups, max_size=2),
            "seccompProfile": profiles,
            "appArmorProfile": profiles,
        }.items()
    ),
    *(st.tuples(st.just(name), st.booleans()) for name in ("hostNetwork", "hostPID", "hostIPC")),
    st.tuples(st.just("containers.0.ports"), st.just([{"hostPort": 80}])),
    st.tuples(st.just("volumes"), kinds.map(lambda kind: [{"name": "v", **kind}])),
)
"""One field of a good pod, and a value for it. A pod that misses the standard in a dozen ways is
refused for any of them, and says little of each."""


def with_changes(made):
    container = GOOD["spec"]["containers"][0]
    pod = changed("initContainers", [container], changed("ephemeralContainers", [container]))
    for path, value in made:
        pod = changed(path, value, pod)
    return pod["spec"]


near = st.lists(changes, min_size=1, max_size=2).map(with_changes)


def pod_of(spec):
    return {
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "app"},
        "spec": {"serviceAccountName": "app", **spec},
    }


def is_refused(pod):
    (judged,) = judge(json.dumps(pod), OBJECTS)
    return any(verdict.enforced for verdict in judged.verdicts)


def without_new_volumes(pod):
    """Return a pod without the two kinds of volume that came after the outline: secrets of a vault,
    and images, of which all holds that holds of those of containers."""
    volumes = [
        v for v in pod["spec"].get("volumes", []) if v.get("csi") != _SECRETS and "image" not in v
    ]
    return {**pod, "spec": {**pod["spec"], "volumes": volumes}}


@given(st.one_of(specs, near, near))
@settings(max_examples=400, deadline=None)
@example(GOOD["spec"])
def test_what_the_outline_refused_is_refused(spec):
    pod = pod_of(spec)
    if refusals(without_new_volumes(pod)):
        assert is_refused(pod)
