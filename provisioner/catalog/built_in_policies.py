"""Built-in Azure Policy definitions for Kubernetes: ids, and default effects.

A definition without a default here leaves pods alone. Facts: guidelines.md WRK-01.2, WRK-02,
WRK-07, CFG and MAN-05, and the definitions as Azure publishes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from provisioner.model.values import Json

_AUDIT: Mapping[str, Json] = MappingProxyType({"effect": "Audit"})
_DENY: Mapping[str, Json] = MappingProxyType({"effect": "Deny"})
_BASELINE_CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP",
    "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuiltInPolicy:
    """A built-in policy, or an initiative of several.

    `title` is its display name. `defaults` are the values of its parameters where an assignment is
    silent.
    """

    guid: str
    title: str
    defaults: Mapping[str, Json] = field(default_factory=lambda: _AUDIT)
    is_initiative: bool = False

    @property
    def id(self) -> str:
        """Its id, which is the same in every tenant."""
        kind = "policySetDefinitions" if self.is_initiative else "policyDefinitions"
        return f"/providers/Microsoft.Authorization/{kind}/{self.guid}"


BASELINE = BuiltInPolicy(
    "a8640138-9b0a-4a28-b8cb-1666c838647d",
    "pod security standards, baseline",
    is_initiative=True,
)
RESTRICTED = BuiltInPolicy(
    "42b8ef37-b724-4e24-bbc8-7a7708edfe00",
    "pod security standards, restricted",
    # Weaker than the standard of Kubernetes: nothing has to be dropped (guidelines.md WRK-02.2).
    MappingProxyType(
        {
            "effect": "Audit",
            "requiredDropCapabilities": (),
            "allowedCapabilities": _BASELINE_CAPABILITIES,
        }
    ),
    is_initiative=True,
)
SAFEGUARDS_INITIATIVE = BuiltInPolicy(
    "c047ea8e-9c78-49b2-958b-37e56d291a44", "deployment safeguards", is_initiative=True
)
ALLOWED_IMAGES = BuiltInPolicy("febd0533-8e55-448f-b837-bd0e06f16469", "allowed images", _DENY)
PULL_POLICY = BuiltInPolicy(
    "50c83470-d2f0-4dda-a716-1938a4825f62",
    "allowed pull policies",
    # It would forbid Always (guidelines.md WRK-07).
    MappingProxyType({"effect": "Audit", "allowedPullPolicy": ("IfNotPresent", "Never")}),
)
NO_LATEST = BuiltInPolicy("021f8078-41a0-40e6-81b6-c6597da9f3ee", "no image tagged latest")
NO_PRIVILEGED = BuiltInPolicy(
    "95edb821-ddaf-4404-9732-666045e056b4", "no privileged containers", _DENY
)
NO_ESCALATION = BuiltInPolicy("1c6e92c9-99f0-4e55-9cf2-0c234dc48f99", "no privilege escalation")
CAPABILITIES = BuiltInPolicy(
    "c26596ff-4d70-4e6a-9a30-c2506bd2f80c",
    "allowed capabilities",
    MappingProxyType(
        {"effect": "Audit", "requiredDropCapabilities": (), "allowedCapabilities": ()}
    ),
)
VOLUME_TYPES = BuiltInPolicy(
    "16697877-1118-4fb1-9b65-9898ec2509ec",
    "allowed volume types",
    MappingProxyType({"effect": "Audit", "allowedVolumeTypes": ()}),
)
HOST_NAMESPACES = BuiltInPolicy(
    "47a1ee2f-2a2a-4576-bf2a-e0e36709c2b8", "no processes or memory of the host"
)
HOST_NETWORK = BuiltInPolicy(
    "82985f06-dc18-4a48-bc1c-b9f4f0098cfe",
    "no network or ports of the host",
    MappingProxyType(
        {"effect": "Audit", "allowHostNetwork": False, "maxPort": 0, "allowedHostPorts": ()}
    ),
)
USERS_AND_GROUPS = BuiltInPolicy(
    "f06ddb64-5fa3-4b77-b166-acb36f7f6042",
    "allowed users and groups",
    MappingProxyType(
        {
            "effect": "Audit",
            "runAsUserRule": "MustRunAsNonRoot",
            "supplementalGroupsRule": "RunAsAny",
            "fsGroupRule": "RunAsAny",
        }
    ),
)
SECCOMP = BuiltInPolicy(
    "975ce327-682c-4f2e-aa46-b9598289b86c",
    "allowed seccomp profiles",
    MappingProxyType({"effect": "Audit", "allowedProfiles": ()}),
)
CIS_BENCHMARK = BuiltInPolicy(
    "4fd005fd-51be-478f-a8fb-149d48b20d48", "CIS Kubernetes benchmark", is_initiative=True
)
RUNNING_IMAGES = BuiltInPolicy(
    "17f4b1cc-c55c-4d94-b1f9-2978f6ac2957",
    "vulnerabilities of running images resolved",
    MappingProxyType({"effect": "AuditIfNotExists"}),
)
