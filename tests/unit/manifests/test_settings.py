"""What is wrong with `kubernetes:` is told with its place, and with what was expected."""

import pytest

from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.kubernetes import Peer, PeerKind, parse_peer
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.model.diagnostic import DiagnosticError
from tests.environments import ENVIRONMENT

ONE = "  namespaces:\n    - name: app\n"
FIRST = ENVIRONMENT.count("\n") + 2  # the line below `kubernetes:`

WRONG = {
    "a setting that does not exist": (
        f"{ONE}      podSecurty: baseline\n",
        (FIRST + 2, 7),
        "'kubernetes.namespaces.0.podSecurty' is not a property of an Environment. "
        "Did you mean 'podSecurity'?",
    ),
    "a name that is not a DNS label": (
        "  namespaces:\n    - name: App_1\n", (FIRST + 1, 13), "'name' is 'App_1'. Expected a DNS",
    ),
    "a namespace of the system": (
        "  namespaces:\n    - name: kube-system\n",
        (FIRST + 1, 13),
        "Expected a namespace that is not the system's",
    ),
    "the default namespace": (
        "  namespaces:\n    - name: default\n", (FIRST + 1, 13), "not the system's (CFG-04)",
    ),
    "a namespace twice": (
        f"{ONE}    - name: app\n", (FIRST + 2, 13), "Expected a name that no other namespace has",
    ),
    "a group that is not a GUID": (
        f"{ONE}      deployers: [platform-team]\n",
        (FIRST + 2, 19),
        "'deployers.0' is 'platform-team'. Expected the object id of a group of Entra, a GUID.",
    ),
    "a reader that is a person": (
        f"{ONE}      logReaders: [ann@example.com]\n", (FIRST + 2, 20), "a GUID",
    ),
    "an egress rule without ports": (
        f"{ONE}      egress:\n        - to: 10.0.0.4/32\n",
        (FIRST + 3, 11),
        "'kubernetes.namespaces.0.egress.0.ports' is required.",
    ),
    "an egress rule with no port": (
        f"{ONE}      egress:\n        - {{to: 10.0.0.4/32, ports: []}}\n",
        (FIRST + 3, 36),
        "at least 1 item",
    ),
    "a port out of range": (
        f"{ONE}      egress:\n        - {{to: 10.0.0.4/32, ports: [70000]}}\n",
        (FIRST + 3, 37),
        "Expected a port from 1 to 65535.",
    ),
    "a range with host bits": (
        f"{ONE}      egress:\n        - {{to: 10.0.0.4/24, ports: [1]}}\n",
        (FIRST + 3, 16),
        "Expected a range without host bits (10.20.1.5/32), a host",
    ),
    "the metadata service": (
        f"{ONE}      egress:\n        - {{to: 169.254.169.254/32, ports: [80]}}\n",
        (FIRST + 3, 16),
        "ENV-02.6",
    ),
    "a quota that is not a quantity": (
        f"{ONE}      quota: {{memoryLimit: 16 GB}}\n",
        (FIRST + 2, 28),
        "'quota.memoryLimit' is '16 GB'. Expected a quantity of Kubernetes, as in 500m, 2 or 8Gi.",
    ),
    "a quota of something else": (
        f"{ONE}      quota: {{memory: 16Gi}}\n", (FIRST + 2, 15), "Did you mean 'memoryLimit'?",
    ),
    "a limit that is not a quantity": (
        f"{ONE}      limits: {{cpu: half}}\n", (FIRST + 2, 21), "a quantity of Kubernetes",
    ),
    "a limit under its request": (
        f"{ONE}      limits: {{memory: 64Mi}}\n",
        (FIRST + 2, 24),
        "'limits.memory' is '64Mi'. Expected no less than memoryRequest, which is 128Mi.",
    ),
    "the most under the limit": (
        f"{ONE}      limits: {{cpu: 1, maxCpu: 1e2m}}\n", (FIRST + 2, 32), "a quantity",
    ),
    "the most, in another unit": (
        f"{ONE}      limits: {{cpu: 1, maxCpu: 900m}}\n", (FIRST + 2, 32), "no less than cpu",
    ),
    "an account twice": (
        f"{ONE}      serviceAccounts: [{{name: a}}, {{name: a}}]\n",
        (FIRST + 2, 43),
        "a name that no other of the namespace has",
    ),
    "a vault that is none": (
        f"{ONE}      secrets: [{{name: s, serviceAccount: a, vault: kv_a, objects: [a]}}]\n",
        (FIRST + 2, 53),
        "the name of a vault",
    ),
    "a client id that is none": (
        f"{ONE}      serviceAccounts: [{{name: app, clientId: app}}]\n",
        (FIRST + 2, 47),
        "the client id of an identity, a GUID",
    ),
    "a secret that no vault can hold": (
        f"{ONE}      secrets: [{{name: s, serviceAccount: app, objects: [db_user]}}]\n",
        (FIRST + 2, 58),
        "the name of a secret in a vault",
    ),
    "a level that does not exist": (
        f"{ONE}      podSecurity: strict\n", (FIRST + 2, 20), "Expected 'restricted', 'baseline'",
    ),
    "a registry that is none": ("  registries: [docker]\n", (FIRST, 16), "Expected a registry"),
    "a benchmark of the latest": (
        "  benchmark: {image: 'kube-bench:latest'}\n", (FIRST, 22), "and not latest",
    ),
    "a benchmark without a tag": (
        "  benchmark: {image: kube-bench}\n", (FIRST, 22), "an image that is pinned",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place(case):
    text, (line, column), said = WRONG[case]
    sources = MemoryFiles({"environment.yaml": f"{ENVIRONMENT}kubernetes:\n{text}"})
    with pytest.raises(DiagnosticError) as raised:
        load_environment("environment.yaml", sources)
    (told,) = raised.value.diagnostics
    assert said in str(told)
    assert (told.span.line, told.span.column) == (line, column), str(told)


def test_an_environment_may_say_nothing_of_it():
    sources = MemoryFiles({"environment.yaml": ENVIRONMENT})
    assert load_environment("environment.yaml", sources).kubernetes.namespaces == ()


PEERS = {
    "10.20.1.5/32": Peer(PeerKind.RANGE, "10.20.1.5/32"),
    "fd00::/8": Peer(PeerKind.RANGE, "fd00::/8"),
    "API.example.com": Peer(PeerKind.HOST, "api.example.com"),
    "*.example.com": Peer(PeerKind.HOST, "*.example.com"),
    "app*.example.com": Peer(PeerKind.HOST, "app*.example.com"),
    "namespace:payments": Peer(PeerKind.NAMESPACE, "payments"),
    "private-endpoints": Peer(PeerKind.PRIVATE_ENDPOINTS),
    "10.20.1.5": None,
    "*": None,
    "https://example.com": None,
    "namespace:": None,
    "localhost": None,
    "a b.example.com": None,
}


@pytest.mark.parametrize("text", PEERS)
def test_the_other_end_of_a_rule(text):
    assert parse_peer(text) == PEERS[text]
