"""`azsec init`: a first blueprint and environment, small and secure, to grow from."""

import re
from pathlib import Path
from string import Template

from provisioner.cli.workspace import write_file
from provisioner.model.diagnostic import DiagnosticError, error

_BLUEPRINT = """\
# A first blueprint: a network whose subnet has its own security rules, and a key vault that
# nobody reaches from outside. Bodies are ARM bodies, with the properties that Microsoft documents.
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: starter}
parameters:
  prefix:       {type: string, pattern: "[a-z][a-z0-9]{1,9}", description: Starts every name.}
  location:     {type: string, default: westeurope}
  addressSpace: {type: cidr, default: 10.10.0.0/16}
tags: {purpose: starter}
resourceGroups:
  main:
    subscription: workload
    name: ${"rg-" + prefix}
    location: ${location}
resources:
  nsg:
    type: Microsoft.Network/networkSecurityGroups
    resourceGroup: main
    name: ${"nsg-" + prefix}
    properties:
      securityRules: []          # nothing beyond Azure's own rules; a foreign rule is drift
  vnet:
    type: Microsoft.Network/virtualNetworks
    resourceGroup: main
    name: ${"vnet-" + prefix}
    properties:
      addressSpace: {addressPrefixes: ["${addressSpace}"]}
  nodes:
    type: Microsoft.Network/virtualNetworks/subnets
    parent: ${vnet.id}
    name: nodes
    properties:
      addressPrefix: ${cidrsubnet(addressSpace, 8, 1)}
      defaultOutboundAccess: false
      networkSecurityGroup: {id: "${nsg.id}"}
  vault:
    type: Microsoft.KeyVault/vaults
    resourceGroup: main
    name: ${"kv-" + prefix + "-" + uniqueString(resourceGroups.main.id)}
    properties:
      tenantId: ${environment.tenantId}
      sku: {family: A, name: standard}
      enableRbacAuthorization: true
      enablePurgeProtection: true
      publicNetworkAccess: Disabled
      networkAcls: {bypass: AzureServices, defaultAction: Deny}
outputs:
  vaultUri: ${vault.properties.vaultUri}
"""
_ENVIRONMENT = Template("""\
apiVersion: azsec/v1
kind: Environment
metadata: {name: $name}
blueprint: ../blueprints/starter.yaml
cloud: AzureCloud                # `--cloud local` rehearses it on the built-in Azure
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions:
  workload: 11111111-1111-1111-1111-111111111111
parameters:
  prefix: $prefix
""")


def write_scaffold(directory: str, name: str) -> list[str]:
    """Write the files below `directory`; return their paths.

    Raises DiagnosticError, and writes nothing, where one is there already or `name` is no name.
    """
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
        raise DiagnosticError(
            error(
                "wrong-name",
                f"{name!r} is no name for an environment.",
                None,
                "Use small letters, digits and dashes.",
            )
        )
    root = Path(directory)
    prefix = (re.sub(r"[^a-z0-9]", "", name).lstrip("0123456789") + "env")[:10]
    files = {
        root / "blueprints" / "starter.yaml": _BLUEPRINT,
        root / "environments" / f"{name}.yaml": _ENVIRONMENT.substitute(name=name, prefix=prefix),
    }
    present = [str(path) for path in files if path.exists()]
    if present:
        raise DiagnosticError(
            error("file-exists", f"{', '.join(present)} exists already; nothing was written.")
        )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(str(path), text)
    return [str(path) for path in files]
