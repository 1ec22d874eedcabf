"""What pods and templates reach of their nodes, beyond privileges and folders."""

from typing import Any

import pytest

from provisioner.cluster.pods import describe_node_access, describe_template_access

GET = {"httpGet": {"host": "169.254.169.254", "path": "/", "port": 80}}
REACHES: dict[str, tuple[dict[str, Any], str]] = {
    "probe of another host": ({"livenessProbe": GET}, "probe of 169.254.169.254"),
    "probe of a socket": (
        {"startupProbe": {"tcpSocket": {"host": "10.0.0.4", "port": 22}}}, "probe of 10.0.0.4",
    ),
    "hook of another host": ({"lifecycle": {"preStop": GET}}, "probe of 169.254.169.254"),
    "SELinux user": (
        {"securityContext": {"seLinuxOptions": {"user": "system_u"}}}, "SELinux user system_u",
    ),
    "SELinux role": (
        {"securityContext": {"seLinuxOptions": {"role": "system_r"}}}, "SELinux role system_r",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHES)
def test_a_container_reaches_its_node(name: str) -> None:
    container, words = REACHES[name]
    assert describe_node_access({"containers": [{"name": "c", **container}]}) == (words,)


def test_a_probe_of_its_own_pod_reaches_nothing() -> None:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}}
    assert describe_node_access({"containers": [{"name": "c", "readinessProbe": probe}]}) == ()


@pytest.mark.parametrize("wrap", ["Deployment", "CronJob", "PodTemplate"])
def test_an_annotation_of_a_template_takes_its_pods_profile_away(wrap: str) -> None:
    note = {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}
    template = {"metadata": {"annotations": note}, "spec": {"containers": [{"name": "c"}]}}
    bodies: dict[str, dict[str, Any]] = {
        "Deployment": {"spec": {"template": template}},
        "CronJob": {"spec": {"jobTemplate": {"spec": {"template": template}}}},
        "PodTemplate": {"template": template},
    }
    assert describe_template_access(bodies[wrap]) == ("appArmorProfile Unconfined",)
