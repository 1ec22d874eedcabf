"""An environment in a folder of its own, and azsec run on it against an API server."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.cluster.api_server import ApiServer
from tests.cluster.credentials import ADMIN
from tests.environments import ROOT

TODAY = date(2026, 11, 30)
"""When a drift check is made; no acceptance has ended by then."""

ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: billing, id: 01d4d31cfc859344d3aa3506b5b5a0df}
blueprint: ../blueprints/secure-aks.yaml
tenantId: 6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8
subscriptions:
  connectivity: 4b1a2c44-63c8-4b5d-8f34-3d8e1a5f9b01
  management: 4b1a2c44-63c8-4b5d-8f34-3d8e1a5f9b02
  workload: 4b1a2c44-63c8-4b5d-8f34-3d8e1a5f9b03
parameters:
  prefix: contoso
  location: westeurope
  hubAddressSpace: 10.48.0.0/22
  spokeAddressSpace: 10.52.0.0/16
  bastionSources: [203.0.113.0/24]
  kubernetesVersion: "1.35"
  nodePools:
    - {name: apps, vmSize: Standard_D8ds_v5, minCount: 3, maxCount: 20}
  adminGroupIds: [9a6e3d40-af71-4d94-8b17-65d3f4a6d801]
  workload: {namespace: billing, serviceAccount: api}
kubernetes:
  registries: [mcr.microsoft.com/oss]
  benchmark: {image: "tools/kube-bench:v1.2.3"}
  namespaces:
    - name: billing
      deployers: [9a6e3d40-af71-4d94-8b17-65d3f4a6d802]
      logReaders: [9a6e3d40-af71-4d94-8b17-65d3f4a6d803]
      ingress:
        - {from: app-routing-system, ports: [8080]}
      egress:
        - {to: private-endpoints, ports: [443], reason: The vault.}
        - {to: api.example.com, ports: [443], reason: The payment provider.}
      serviceAccounts:
        - {name: api, clientId: 1f0e2d3c-0a1b-4c2d-8e3f-405162738495}
      secrets:
        - {name: database, serviceAccount: api, objects: [db-user, db-address]}
    - name: legacy
      podSecurity: baseline
"""

_CUSTOM = (
    ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "Namespaced"),
    (
        "secrets-store.csi.x-k8s.io",
        "v1",
        "SecretProviderClass",
        "secretproviderclasses",
        "Namespaced",
    ),
    ("security.istio.io", "v1", "PeerAuthentication", "peerauthentications", "Namespaced"),
)

MANAGED_LABELS = {
    f"pod-security.kubernetes.io/{mode}": value
    for mode, value in (
        ("enforce", "restricted"), ("enforce-version", "latest"), ("audit", "restricted"),
        ("audit-version", "latest"), ("warn", "restricted"), ("warn-version", "latest"),
    )
}  # fmt: skip
"""Those that the blueprint has Azure put on `app`."""


def custom_resource(group: str, version: str, kind: str, plural: str, scope: str) -> dict[str, Any]:
    """Return the definition of a custom resource that takes any field."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Groups of Kubernetes are taken with this alone.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": anything},
                }
            ],
        },
    }


def install_add_ons(server: ApiServer) -> None:
    """Define the custom resources that AKS' add-ons bring, and make `app` of the blueprint's
    managedNamespaces."""
    server.apply(*(custom_resource(*row) for row in _CUSTOM), manager="kube-addon-manager")
    for group, version, _, plural, _ in _CUSTOM:
        server.wait_for(f"/apis/{group}/{version}/{plural}")
    metadata = {"name": "app", "labels": MANAGED_LABELS}
    server.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        manager="kube-addon-manager",
    )


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it printed as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Bench:
    """A folder with an environment, and the API server that it is for."""

    server: ApiServer
    folder: Path

    @classmethod
    def open(cls, server: ApiServer, folder: Path, *, add_ons: bool = True) -> "Bench":
        """Return a bench in an empty folder, on a server with the add-ons of AKS."""
        shutil.copytree(ROOT / "blueprints", folder / "blueprints")
        (folder / "environments").mkdir()
        if add_ons:
            install_add_ons(server)
        bench = cls(server, folder)
        bench.write(ENVIRONMENT)
        return bench

    def write(self, text: str) -> None:
        """Write the environment."""
        (self.folder / "environments/billing.yaml").write_text(text, encoding="utf-8")

    def run(
        self, command: str, *options: str, person: str = ADMIN, subject: str = "billing"
    ) -> Done:
        """Run `azsec cluster COMMAND billing` as a person."""
        config = str(self.server.kubeconfig(person))
        return self.azsec("cluster", command, subject, "--kubeconfig", config, *options)

    def read(self, command: str, *options: str) -> Done:
        """Run `azsec cluster COMMAND billing` without a way to the API server."""
        return self.azsec("cluster", command, "billing", *options)

    def azure(self, command: str, *options: str) -> Done:
        """Run `azsec COMMAND billing` on a built-in Azure of this folder's own."""
        return self.azsec(command, "billing", "--cloud", "local", *options)

    def azsec(self, *arguments: str) -> Done:
        """Run azsec in the folder."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "azsec"), *arguments],
            cwd=self.folder,
            env={**os.environ, "XDG_CACHE_HOME": str(self.folder / ".cache")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def apply(self, *options: str) -> Done:
        """Apply the environment's objects; it has to succeed."""
        done = self.run("apply", "--yes", *options)
        assert done.code == 0, done.out + done.err
        return done
