"""Virtual machines and scale sets (template reference of Microsoft.Compute)."""

from collections.abc import Iterator

from provisioner.model.resource_id import ResourceId
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    is_stated,
    text_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)

_MACHINE = "Microsoft.Compute/virtualMachines"
_SET = "Microsoft.Compute/virtualMachineScaleSets"
_BALANCER = "Microsoft.Network/loadBalancers"
_PROFILES = {_MACHINE: "properties", _SET: "properties.virtualMachineProfile"}
_INTERFACES = "properties.networkProfile.networkInterfaces"
# The NetBIOS name of a computer; scale sets append six characters to the prefix.
_WINDOWS_NAME = 15
_SET_PREFIX = 9
_USERS = frozenset(
    (
        "administrator", "admin", "user", "user1", "test", "user2", "test1", "user3", "admin1", "1",
        "123", "a", "actuser", "adm", "admin2", "aspnet", "backup", "console", "david", "guest",
        "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys", "test2",
        "test3", "user4", "user5",
    )
)  # fmt: skip


def _judge_user(write: Write) -> Iterator[Refusal]:
    path = f"{_PROFILES[write.type]}.osProfile.adminUsername"
    name = text_at(write.after, path)
    if name is not None and name.lower() in _USERS:
        yield Refusal(path, f"{name} is a name that Azure keeps administrators from")


def _judge_keys(write: Write) -> Iterator[Refusal]:
    system = f"{_PROFILES[write.type]}.osProfile"
    linux = f"{system}.linuxConfiguration"
    is_closed = value_at(write.after, f"{linux}.disablePasswordAuthentication") is True
    if is_closed and is_silent(write.after, f"{linux}.ssh.publicKeys"):
        yield Refusal(
            f"{linux}.ssh.publicKeys",
            "without passwords an administrator has a public key",
        )


def _judge_name(write: Write) -> Iterator[Refusal]:
    system = f"{_PROFILES[write.type]}.osProfile"
    if not is_stated(write.after, f"{system}.windowsConfiguration"):
        return
    name, most = (
        ("computerName", _WINDOWS_NAME)
        if write.type == _MACHINE
        else ("computerNamePrefix", _SET_PREFIX)
    )
    text = text_at(write.after, f"{system}.{name}")
    if text is not None and len(text) > most:
        yield Refusal(f"{system}.{name}", f"{text} has {len(text)} characters, and {most} fit")


def _judge_interfaces(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _INTERFACES):
        interface = id_at(entry, "id")
        if interface is not None:
            for other in write.others(write.neighbours.referring_to(interface, _MACHINE)):
                if interface in _interfaces_of(other.body):
                    yield Refusal(f"{at}.id", f"{interface.name} is used by {other.label} already")


def _interfaces_of(body: object) -> tuple[ResourceId, ...]:
    named = (id_at(entry, "id") for _at, entry in entries_at(body, _INTERFACES))
    return tuple(each for each in named if each is not None)


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [f"{at}.id" for at, _entry in entries_at(write.after, _INTERFACES)]
    yield from references_to_other_regions(
        write.after, write.neighbours, region_in(write.after), *paths
    )


def _judge_balancer(write: Write) -> Iterator[Refusal]:
    if write.before is None:
        return
    for kind in ("backendAddressPools", "inboundNatPools"):
        for _at, entry in entries_at(write.before, f"properties.{kind}"):
            name = text_at(entry, "name")
            part = ResourceId(f"{_BALANCER}/{kind}", (*write.id.names, str(name)), write.id.scope)
            for user in write.neighbours.referring_to(part, _SET):
                yield Refusal("", f"{user.label} is behind {name}, and has to go first")


RULES = (
    *(
        ServiceRule(
            id=f"{what}-administrator", type=kind, code="InvalidParameter",
            source="Azure/azure-cli#582; template reference, osProfile.adminUsername "
            "(disallowed values)",
            judge=_judge_user,
        )
        for what, kind in (("machine", _MACHINE), ("scale-set", _SET))
    ),
    *(
        ServiceRule(
            id=f"{what}-without-keys", type=kind, code="InvalidParameter",
            source="ComputeCanada/magic_castle#44", judge=_judge_keys,
        )
        for what, kind in (("machine", _MACHINE), ("scale-set", _SET))
    ),
    *(
        ServiceRule(
            id=f"{what}-windows-name", type=kind, code="InvalidParameter",
            source="template reference, osProfile.computerName and computerNamePrefix",
            judge=_judge_name,
        )
        for what, kind in (("machine", _MACHINE), ("scale-set", _SET))
    ),
    ServiceRule(
        id="machine-interface-in-use", type=_MACHINE, code=None,
        source="learn.microsoft.com/azure/virtual-network/virtual-network-network-interface-vm "
        "(an interface belongs to one machine)",
        judge=_judge_interfaces,
    ),
    ServiceRule(
        id="machine-interface-of-other-region", type=_MACHINE, code=OTHER_REGION,
        source="learn.microsoft.com/azure/virtual-network/virtual-network-network-interface-vm "
        "(in one region); recorded message of InvalidResourceReference (errors.jsonl)",
        judge=_judge_region,
    ),
    ServiceRule(
        id="load-balancer-of-a-scale-set", type=_BALANCER,
        code="LoadBalancerInUseByVirtualMachineScaleSet",
        source="learn.microsoft.com/azure/load-balancer/load-balancer-common-deployment-errors",
        judge=_judge_balancer, deletes=True,
    ),
)  # fmt: skip
