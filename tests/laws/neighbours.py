"""Two sides of one Azure: an environment of azsec's, and others who make things beside it."""

import json
from collections.abc import Callable, Mapping, Sequence

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.documents.apply import ApplyDocument, Event, Outcome
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.plan import Plan
from provisioner.plan.reads import Read
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import TODAY, Bench

WORKLOAD = "11111111-1111-1111-1111-111111111111"
PLATFORM = "22222222-2222-2222-2222-222222222222"
OURS = "0123456789abcdef0123456789abcdef"
THEIRS = "fedcba9876543210fedcba9876543210"

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORK = "Microsoft.Network/virtualNetworks"
TABLE = "Microsoft.Network/routeTables"
GUARD = "Microsoft.Network/networkSecurityGroups"
ZONE = "Microsoft.Network/privateDnsZones"
VAULT = "Microsoft.KeyVault/vaults"
CLUSTER = "Microsoft.ContainerService/managedClusters"
ACCOUNT = "Microsoft.Storage/storageAccounts"
ROLE = "Microsoft.Authorization/roleAssignments"
READER = (
    f"/subscriptions/{WORKLOAD}/providers/Microsoft.Authorization/roleDefinitions/"
    "acdd72a7-3385-48ef-bd42-f606fba81ae7"
)

_ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {{name: {name}, id: {key}}}
blueprint: blueprint.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {{workload: {workload}, platform: {platform}}}
gates: {{proofs: warn, controls: none}}
adopt: {adopt}
"""
_BLUEPRINT = "apiVersion: azsec/v1\nkind: Blueprint\nmetadata: {name: test}\n"


def group_id(name: str, subscription: str = WORKLOAD) -> str:
    """Return the id of a resource group."""
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def id_of(kind: str, name: str, group: str = "rg-main", subscription: str = WORKLOAD) -> str:
    """Return the id of a resource in a group."""
    return f"{group_id(group, subscription)}/providers/{kind}/{name}"


def groups(*names: str, location: str = "westeurope", subscription: str = "workload") -> str:
    """Return the `resourceGroups:` of a blueprint: `main` is the group rg-main."""
    lines = (
        f"  {name}: {{subscription: {subscription}, name: rg-{name}, location: {location}}}\n"
        for name in names
    )
    return "resourceGroups:\n" + "".join(lines)


def identity(address: str, group: str = "main") -> str:
    """Return a managed identity of a blueprint: `one` is id-one."""
    return f"  {address}: {{type: {IDENTITY}, resourceGroup: {group}, name: id-{address}}}\n"


def grant(scope: str, name: str = "ours") -> str:
    """Return a role assignment of a blueprint."""
    return f"""\
  grant:
    type: {ROLE}
    scope: {scope}
    name: ${{guid("{name}")}}
    properties:
      roleDefinitionId: {READER}
      principalId: {PERSON}
      principalType: User
"""


STORAGE = {
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
    "properties": {},
}
SUBSCRIPTION = "/subscriptions/${environment.subscriptions.workload}"
PERSON = "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a501"
ONE = groups("main") + "resources:\n" + identity("one")
TWO = groups("main", "second") + "resources:\n" + identity("one") + identity("two", "second")
NET = f"""\
  net:
    type: {NETWORK}
    resourceGroup: main
    name: vnet
    properties: {{addressSpace: {{addressPrefixes: [10.0.0.0/16]}}}}
"""
NODES = f"""\
  nodes:
    type: {NETWORK}/subnets
    parent: ${{net.id}}
    name: nodes
    properties: {{addressPrefix: 10.0.1.0/24}}
"""
SUBNET = {"properties": {"addressPrefix": "10.0.1.0/24"}}
OTHER_SUBNET = {"properties": {"addressPrefix": "10.0.9.0/24"}}
BARE = groups("main") + "resources:\n" + NET
NETWORKED = BARE + NODES
RULES = f"""\
  guard:
    type: {GUARD}
    resourceGroup: main
    name: nsg
    properties: {{securityRules: []}}
"""
AKS = f"""\
  aks:
    type: {CLUSTER}
    resourceGroup: main
    name: aks
    tags: {{team: payments}}
    identity: {{type: SystemAssigned}}
    properties:
      dnsPrefix: aks
      apiServerAccessProfile: {{enablePrivateCluster: true}}
      agentPoolProfiles: [{{name: system, mode: System, count: 3, vmSize: Standard_D4ds_v5}}]
"""
CLUSTERED = groups("main") + "resources:\n" + identity("one") + AKS
POOL = {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5"}}
GRANT = {"properties": {"roleDefinitionId": READER, "principalId": PERSON, "principalType": "User"}}


class Neighbourhood:
    """Environments of azsec's on a built-in Azure, and what others have made in it.

    What `put` made is watched: `changed` names what is no longer as it was left.
    """

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._kept: dict[str, str] = {}

    def compose(
        self,
        blueprint: str,
        *,
        name: str = "ours",
        key: str = OURS,
        adopt: Sequence[str] = (),
    ) -> Desired:
        """Compose an environment from the text of its blueprint, without its head."""
        environment = _ENVIRONMENT.format(
            name=name,
            key=key,
            workload=WORKLOAD,
            platform=PLATFORM,
            adopt=json.dumps(list(adopt)),
        )
        files = {"environment.yaml": environment, "blueprint.yaml": _BLUEPRINT + blueprint}
        return load_desired("environment.yaml", self.bench.catalog, MemoryFiles(files), TODAY)

    def apply(self, blueprint: str, *, name: str = "ours", key: str = OURS) -> Desired:
        """Apply an environment that meets with nothing in its way."""
        desired = self.compose(blueprint, name=name, key=key)
        document = self.bench.apply(self.bench.plan(desired), allow_delete=True)
        failed = [step for step in document.steps if step.outcome is not Outcome.SUCCEEDED]
        assert failed == []
        return desired

    def force(
        self, plan: Plan, on_event: Callable[[Event], None] = lambda _event: None
    ) -> ApplyDocument | None:
        """Apply a plan as somebody would who permits every delete; None where it is refused."""
        try:
            return self.bench.apply(plan, allow_delete=True, on_event=on_event)
        except DiagnosticError:
            return None

    def put(self, text: str, body: Mapping[str, object] | None = None) -> str:
        """Make something as somebody else would, and watch it; return its id."""
        self.write(text, body or {"location": "westeurope"})
        self.watch(text)
        return text

    def write(self, text: str, body: Mapping[str, object]) -> None:
        """Write a resource past azsec, without watching it."""
        resource = ResourceId.parse(text)
        version = self.bench.catalog.get(resource.type).api_version
        self.bench.client.put(resource, version, body, None, lambda _status: None)  # type: ignore[arg-type]

    def remove(self, text: str) -> None:
        """Delete a resource past azsec."""
        resource = ResourceId.parse(text)
        version = self.bench.catalog.get(resource.type).api_version
        self.bench.client.delete(resource, version, None, lambda _status: None)

    def tag(self, text: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of a resource past azsec."""
        self.write(text, {**self.read(text), "tags": dict(tags)})

    def tags(self, text: str) -> dict[str, str]:
        """Return the tags of a resource."""
        tags = self.read(text).get("tags")
        return {k: str(v) for k, v in tags.items()} if isinstance(tags, Mapping) else {}

    def watch(self, *texts: str) -> None:
        """Note how something is now: it is somebody else's from here on."""
        for text in texts:
            self._kept[text] = self._bytes_of(text)

    def read(self, text: str) -> Body:
        """Return the body of a resource that exists."""
        found = self.find(text)
        assert found is not None, f"{text} is gone"
        return found

    def find(self, text: str) -> Body | None:
        """Return the body of a resource, or None."""
        resource_type = self.bench.catalog.get(ResourceId.parse(text).type)
        read = Read(text, resource_type.api_version, resource_type.name, is_list=False)
        (answer,) = self.bench.client.read([read])
        assert answer.refused is None, answer.refused
        return answer.items[0] if answer.items else None

    def exists(self, text: str) -> bool:
        """Tell whether a resource exists."""
        return self.find(text) is not None

    @property
    def changed(self) -> list[str]:
        """The ids of what is watched and no longer is, byte for byte, as it was left."""
        return [text for text, before in self._kept.items() if self._bytes_of(text) != before]

    def _bytes_of(self, text: str) -> str:
        """Return a body without what moves with the resources around it: a write of a cluster
        states its pools as they are."""
        return json.dumps(_without_moving(self.find(text)), sort_keys=True)


_MOVING = frozenset({"etag", "lastmodifiedat"})


def _without_moving(value: object) -> object:
    if isinstance(value, Mapping):
        return {k: _without_moving(v) for k, v in value.items() if k.lower() not in _MOVING}
    if isinstance(value, (list, tuple)):
        return [_without_moving(item) for item in value]
    return value


def actions(plan: Plan) -> dict[str, Action]:
    """Return what a plan does, by address."""
    return {change.address: change.action for change in plan.document.changes}


def goes(plan: Plan, text: str) -> bool:
    """Tell whether a plan deletes or replaces an id, or something that it stands in."""
    key = text.lower()
    return any(
        key == change.id.lower() or key.startswith(f"{change.id.lower()}/")
        for change in plan.document.changes
        if change.action in (Action.DELETE, Action.REPLACE)
    )


def reasons(plan: Plan, action: Action) -> str:
    """Return the reasons of all changes of an action, in one text."""
    return "\n".join(
        f"{change.address}: {change.reason}"
        for change in plan.document.changes
        if change.action is action
    )


def deletes(others: Neighbourhood, blueprint: str) -> list[str]:
    """Return the addresses of what an environment without something deletes."""
    plan = others.bench.plan(others.compose(blueprint))
    return [address for address, action in actions(plan).items() if action is Action.DELETE]


def try_everything(others: Neighbourhood, blueprint: str) -> None:
    """Apply a blueprint with every permission but adoption; destroy it, and nothing is lost."""
    desired = others.compose(blueprint)
    others.force(others.bench.plan(desired))
    assert others.changed == []
    others.force(others.bench.plan_destroy(desired))
    assert others.changed == []
