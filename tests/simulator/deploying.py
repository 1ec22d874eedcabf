"""Deployments over a plain HTTP client: what the stories about them have in common."""

from dataclasses import dataclass
from typing import Any

from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, Caller, Reply

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
AT = "/providers/Microsoft.Resources/deployments"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORKS = "Microsoft.Network/virtualNetworks"


def template(*resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a template with a list of resources."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **parts}


def symbolic(resources: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a template with symbolic names, as the Bicep compiler writes it."""
    head = {"$schema": SCHEMA, "languageVersion": "2.0", "contentVersion": "1.0.0.0"}
    return {**head, **parts, "resources": resources}


def identity(name: str, **more: Any) -> dict[str, Any]:
    """Return a user-assigned identity of a template: the smallest resource that there is."""
    head = {"type": IDENTITIES, "apiVersion": "2024-11-30", "name": name}
    return {**head, "location": "[resourceGroup().location]", **more}


def network(name: str, prefix: str = "10.0.0.0/16", **more: Any) -> dict[str, Any]:
    """Return a virtual network of a template."""
    return {
        "type": NETWORKS,
        "apiVersion": "2024-05-01",
        "name": name,
        "location": "westeurope",
        "properties": {"addressSpace": {"addressPrefixes": [prefix]}},
        **more,
    }


def module(name: str, inner: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a nested deployment with a scope of its own, as Bicep makes of a module."""
    properties = more.pop("properties", {})
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": name,
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": inner,
            **properties,
        },
        **more,
    }


@dataclass
class Deployer:
    """Deploys into the resource group `rg` of a built-in Azure."""

    azure: LocalAzure
    call: Caller

    def send(
        self, document: Any, *, verb: str = "", name: str = "main", mode: str = "Incremental",
        at: str = GROUP, location: str | None = None, **properties: Any
    ) -> Reply:  # fmt: skip
        """PUT a deployment, or POST one of its actions; return the first answer."""
        given = properties.pop("parameters", {})
        body: dict[str, Any] = {
            "properties": {
                "mode": mode,
                "template": document,
                "parameters": {key: {"value": value} for key, value in given.items()},
                **properties,
            }
        }
        if location is not None:
            body["location"] = location
        path = f"{at}{AT}/{name}" + (f"/{verb}" if verb else "")
        return self.call("POST" if verb else "PUT", path, body)

    def deploy(self, document: Any, **options: Any) -> dict[str, Any]:
        """Deploy a template, which has to succeed; return the properties of the deployment."""
        reply = self.send(document, **options)
        assert reply.status in (200, 201), reply.body
        properties: dict[str, Any] = reply.body["properties"]
        assert properties["provisioningState"] == "Succeeded", properties.get("error")
        return properties

    def outputs(self, document: Any, **options: Any) -> dict[str, Any]:
        """Deploy a template and return the values of its outputs."""
        found = self.deploy(document, **options)["outputs"]
        return {name: entry.get("value") for name, entry in found.items()}

    def refused(self, document: Any, **options: Any) -> tuple[str, str]:
        """Return the code and message with which a deployment is refused at once."""
        reply = self.send(document, **options)
        assert reply.status >= 400, reply.body
        return reply.code, reply.body["error"]["message"]

    def failures(self, document: Any, **options: Any) -> list[tuple[str, str]]:
        """Return code and target of what fails in a deployment that is accepted."""
        reply = self.send(document, **options)
        assert reply.status in (200, 201), reply.body
        properties = reply.body["properties"]
        assert properties["provisioningState"] == "Failed"
        return [(e["code"], e["target"]) for e in properties["error"]["details"]]

    def what_if(self, document: Any, **options: Any) -> dict[str, Any]:
        """Return the properties that a what-if operation ends with."""
        reply = self.send(document, verb="whatIf", **options)
        assert reply.status == 202, reply.body
        result = self.call("GET", reply.headers["location"])
        assert result.status == 200
        assert result.body["status"] == "Succeeded"
        properties: dict[str, Any] = result.body["properties"]
        return properties

    def names(self) -> list[str]:
        """Return the names of what stands in the subscription: groups left out, and the network
        watcher that comes with the first network."""
        found = (text.rpartition("/")[2] for text in self.azure.resource_ids() if "/provid" in text)
        return sorted(name for name in found if not name.startswith("NetworkWatcher"))
