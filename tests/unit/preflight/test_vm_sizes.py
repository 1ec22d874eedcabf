"""Sizes of machines: offered in region and zones, and fit for what a pool states."""

import pytest

from provisioner.preflight.vm_sizes import CHECK
from tests.unit.preflight.intents import DENIED, Intents, codes, judge

GIB = 1024**3


def size(
    name: str = "Standard_D4ds_v5",
    zones: tuple[str, ...] = ("1", "2", "3"),
    restrictions: tuple[object, ...] = (),
    **capabilities: object,
) -> dict[str, object]:
    able = {
        "vCPUs": 4,
        "HyperVGenerations": "V1,V2",
        "EncryptionAtHostSupported": True,
        "EphemeralOSDiskSupported": True,
        "CachedDiskBytes": 100 * GIB,
        "MaxResourceVolumeMB": 153600,
        **capabilities,
    }
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": "standardDDSv5Family",
        "locationInfo": [{"location": "WestEurope", "zones": list(zones)}],
        "capabilities": [{"name": key, "value": str(value)} for key, value in able.items()],
        "restrictions": list(restrictions),
    }


def closed(kind: str, zones: tuple[str, ...] = (), region: str = "westeurope") -> object:
    return {
        "type": kind,
        "values": [region],
        "restrictionInfo": {"locations": [region], "zones": list(zones)},
        "reasonCode": "NotAvailableForSubscription",
    }


DISK = {"resourceType": "disks", "name": "Standard_D4ds_v5"}
ZONED = {"availabilityZones": ["1", "2", "3"]}
TRUSTED = {"securityProfile": {"enableSecureBoot": True}}
EPHEMERAL = {"osDiskType": "Ephemeral", "osDiskSizeGB": 128}
UNFIT = ["error: size-unfit"]

ROWS = [
    pytest.param({}, [size()], [], id="offered"),
    pytest.param({}, [size("Standard_D4s_v5")], ["error: size-not-offered"], id="not offered"),
    pytest.param(
        {}, [DISK], ["error: size-not-offered"], id="a disk of that name is not a machine"
    ),
    pytest.param(
        {},
        [size(restrictions=(closed("Location"),))],
        ["error: size-restricted"],
        id="closed to the subscription",
    ),
    pytest.param(
        {},
        [size(restrictions=(closed("Location", region="eastus"),))],
        [],
        id="closed elsewhere",
    ),
    pytest.param(ZONED, [size()], [], id="in all zones"),
    pytest.param(ZONED, [size(zones=("1", "3"))], ["error: zone-not-offered"], id="not in zone 2"),
    pytest.param(
        ZONED,
        [size(restrictions=(closed("Zone", ("2",)),))],
        ["error: zone-not-offered"],
        id="zone 2 is closed to the subscription",
    ),
    pytest.param(
        {}, [size(restrictions=(closed("Zone", ("2",)),))], [], id="a closed zone nobody wants"
    ),
    pytest.param(
        {"enableEncryptionAtHost": True},
        [size(EncryptionAtHostSupported=False)],
        UNFIT,
        id="no encryption at host",
    ),
    pytest.param(TRUSTED, [size(TrustedLaunchDisabled=True)], UNFIT, id="no trusted launch"),
    pytest.param(TRUSTED, [size(HyperVGenerations="V1")], UNFIT, id="of the first generation"),
    pytest.param(EPHEMERAL, [size()], [], id="a local disk that is large enough"),
    pytest.param(EPHEMERAL, [size(EphemeralOSDiskSupported=False)], UNFIT, id="no disk of its own"),
    pytest.param(
        EPHEMERAL, [size(MaxResourceVolumeMB=76800)], UNFIT, id="a local disk that is too small"
    ),
    pytest.param(
        EPHEMERAL,
        [size(MaxResourceVolumeMB=0, CachedDiskBytes=0, NvmeDiskSizeInMiB=225280)],
        [],
        id="a local NVMe disk",
    ),
    pytest.param({"mode": "System"}, [size(vCPUs=1)], UNFIT, id="too small for a system pool"),
    pytest.param({}, DENIED, ["warning: not-checked"], id="nobody may list sizes"),
]


@pytest.mark.parametrize(("properties", "listed", "expected"), ROWS)
def test_a_new_pool(intents: Intents, properties, listed, expected) -> None:
    intent = intents.pool(vmSize="standard_d4ds_v5", count=3, **properties)

    assert codes(judge(CHECK, intent, {"/skus$": listed})) == expected


def test_the_nearest_size_is_told(intents: Intents) -> None:
    intent = intents.pool(vmSize="Standard_D4dsv5", count=3)

    (told,) = judge(CHECK, intent, {"/skus$": [size(), size("Standard_NC4as_T4_v3")]})

    assert told.hint == "Did you mean 'Standard_D4ds_v5'?"


def test_a_pool_that_keeps_its_machines_is_not_asked_about(intents: Intents) -> None:
    held = {"vmSize": "Standard_D4ds_v5", "count": 3}

    assert list(CHECK.ask(intents.pool(held, vmSize="Standard_D4ds_v5", count=5))) == []
