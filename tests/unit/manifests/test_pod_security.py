"""The Pod Security Standards, control by control, as their page lists them."""

import pytest

from provisioner.manifests.pod_security import judge_pod
from tests.manifests import GOOD, REMOVED, changed

NEW = (1, 35)
CONTEXT = "containers.0.securityContext"
PLAIN = {"spec": {"containers": [{"name": "a", "image": "a"}]}}
"""A pod that says nothing: the baseline lets it in."""


def fields(pod, level, version=NEW):
    return [".".join(str(step) for step in found.path) for found in judge_pod(pod, level, version)]


BASELINE = {
    "HostProcess": (f"{CONTEXT}.windowsOptions", {"hostProcess": True}),
    "HostProcess of the pod": ("securityContext.windowsOptions", {"hostProcess": True}),
    "Host Namespaces: network": ("hostNetwork", True),
    "Host Namespaces: processes": ("hostPID", True),
    "Host Namespaces: memory": ("hostIPC", True),
    "Privileged Containers": (f"{CONTEXT}.privileged", True),
    "Capabilities": (f"{CONTEXT}.capabilities", {"add": ["NET_RAW"]}),
    "HostPath Volumes": ("volumes", [{"name": "a", "hostPath": {"path": "/"}}]),
    "Host Ports": ("containers.0.ports", [{"hostPort": 1}]),
    "Host Probes": ("containers.0.readinessProbe", {"httpGet": {"host": "a", "port": 1}}),
    "Lifecycle Hooks": ("containers.0.lifecycle", {"preStop": {"tcpSocket": {"host": "a"}}}),
    "AppArmor": (f"{CONTEXT}.appArmorProfile", {"type": "Unconfined"}),
    "AppArmor of the pod": ("securityContext.appArmorProfile", {"type": "Unconfined"}),
    "SELinux: type": (f"{CONTEXT}.seLinuxOptions", {"type": "spc_t"}),
    "SELinux: user": ("securityContext.seLinuxOptions", {"user": "a"}),
    "SELinux: role": ("securityContext.seLinuxOptions", {"role": "a"}),
    "/proc Mount Type": (f"{CONTEXT}.procMount", "Unmasked"),
    "Seccomp": ("securityContext.seccompProfile", {"type": "Unconfined"}),
    "Sysctls": ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
}


@pytest.mark.parametrize("case", BASELINE)
def test_a_control_of_the_baseline(case):
    path, value = BASELINE[case]
    pod = changed(path, value, PLAIN)
    (field,) = fields(pod, "baseline")
    assert field.startswith(f"spec.{path}")
    assert fields(changed(path, value), "restricted")
    assert fields(pod, "privileged") == []


RESTRICTED = {
    "Volume Types": ("volumes", [{"name": "a", "nfs": {"server": "a"}}]),
    "Privilege Escalation": (f"{CONTEXT}.allowPrivilegeEscalation", REMOVED),
    "Running as Non-root": ("securityContext.runAsNonRoot", REMOVED),
    "Running as Non-root user": (f"{CONTEXT}.runAsUser", 0),
    "Seccomp": ("securityContext.seccompProfile", REMOVED),
    "Capabilities: drop": (f"{CONTEXT}.capabilities", {"drop": ["KILL"]}),
    "Capabilities: add": (f"{CONTEXT}.capabilities", {"drop": ["ALL"], "add": ["KILL"]}),
}


@pytest.mark.parametrize("case", RESTRICTED)
def test_a_control_of_the_restricted_standard(case):
    pod = changed(*RESTRICTED[case], changed("hostUsers", True))
    assert fields(pod, "baseline") == []
    assert len(fields(pod, "restricted")) == 1


ALLOWED = {
    "baseline: nothing stated": (PLAIN, "baseline"),
    "baseline: a capability of the default set": (
        changed(f"{CONTEXT}.capabilities", {"add": ["CHOWN"]}, PLAIN), "baseline",
    ),
    "baseline: a port that is 0": (changed("containers.0.ports", [{"hostPort": 0}]), "baseline"),
    "restricted: one capability may come back": (
        changed(f"{CONTEXT}.capabilities", {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
        "restricted",
    ),
    "restricted: seccomp of the containers alone": (
        changed(
            f"{CONTEXT}.seccompProfile",
            {"type": "Localhost"},
            changed("securityContext.seccompProfile", REMOVED),
        ),
        "restricted",
    ),
    "restricted: a container says what the pod leaves open": (
        changed(
            f"{CONTEXT}.runAsNonRoot", True, changed("securityContext.runAsNonRoot", REMOVED)
        ),
        "restricted",
    ),
    "restricted: any user but root": (changed("securityContext.runAsUser", 1), "restricted"),
    "restricted: a pod of Windows has no capabilities": (
        changed(f"{CONTEXT}.capabilities", REMOVED, changed("os", {"name": "windows"})),
        "restricted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ALLOWED)
def test_what_a_standard_allows(case):
    pod, level = ALLOWED[case]
    assert fields(pod, level) == []


SINCE = {
    "probes of other hosts are judged": (
        "containers.0.livenessProbe", {"httpGet": {"host": "a"}}, (1, 34), False,
    ),
    "reserved ports are safe": (
        "securityContext.sysctls", [{"name": "net.ipv4.ip_local_reserved_ports"}], (1, 27), True,
    ),
    "keep-alive is safe": (
        "securityContext.sysctls", [{"name": "net.ipv4.tcp_keepalive_time"}], (1, 29), True,
    ),
    "buffers are safe": (
        "securityContext.sysctls", [{"name": "net.ipv4.tcp_rmem"}], (1, 32), True,
    ),
    "slow start is safe": (
        "securityContext.sysctls",
        [{"name": "net.ipv4.tcp_slow_start_after_idle"}],
        (1, 37),
        True,
    ),
    "container engines have a type of SELinux": (
        f"{CONTEXT}.seLinuxOptions", {"type": "container_engine_t"}, (1, 31), True,
    ),
    "root in a user namespace is nobody": ("securityContext.runAsUser", 0, (1, 35), True),
    "and may be so in a container": (f"{CONTEXT}.runAsUser", 0, (1, 35), True),
    "who says nothing of root in one": ("securityContext.runAsNonRoot", REMOVED, (1, 35), True),
    "who says yes to root in one": (f"{CONTEXT}.runAsNonRoot", False, (1, 35), True),
}  # fmt: skip


@pytest.mark.parametrize("case", SINCE)
def test_a_standard_is_that_of_a_version(case):
    path, value, since, allowed = SINCE[case]
    pod = changed(path, value)
    before = (since[0], since[1] - 1)
    assert (fields(pod, "restricted", since) == []) is allowed
    assert (fields(pod, "restricted", before) == []) is not allowed


def test_the_whole_of_proc_is_for_user_namespaces_of_the_baseline_alone():
    pod = changed(f"{CONTEXT}.procMount", "Unmasked")
    assert fields(pod, "baseline") == []
    assert fields(pod, "baseline", (1, 34)) == fields(pod, "restricted") != []
    assert fields(changed("hostUsers", True, pod), "baseline") != []


def test_an_image_may_be_a_volume():
    # Whose image it is, is for azsec's own policies.
    pod = changed("volumes", [{"name": "a", "image": {"reference": "a"}}])
    assert fields(pod, "restricted") == fields(pod, "restricted", (1, 34)) == []


@pytest.mark.parametrize("kind", ["initContainers", "ephemeralContainers"])
def test_every_kind_of_container_is_judged(kind):
    bare = changed(kind, [{"name": "b", "image": "b"}])
    found = fields(bare, "restricted")
    assert {field.rpartition(".")[2] for field in found} == {"allowPrivilegeEscalation", "drop"}
    assert all(field.startswith(f"spec.{kind}.0.") for field in found)
    assert fields(GOOD, "restricted") == []


@pytest.mark.parametrize("level", ["baseline", "restricted"])
@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": "a"},
        {"containers": ["a"]},
        {"containers": [{"securityContext": {"capabilities": {"add": [{"a": 1}]}}}]},
        {"securityContext": {"seLinuxOptions": {"type": ["a"]}, "sysctls": ["a", {"name": {}}]}},
        {"volumes": ["a", {"name": "b"}], "containers": [{"ports": ["a"], "lifecycle": []}]},
    ],
    ids=["empty", "no list", "no container", "a capability", "types", "volumes"],
)
def test_what_is_no_pod_is_judged_without_an_accident(spec, level):
    judge_pod({"spec": spec}, level, NEW)
