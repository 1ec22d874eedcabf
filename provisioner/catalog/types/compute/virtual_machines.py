"""Virtual machines (jump boxes).

A Windows machine is created with a password, which no blueprint may hold: it is created elsewhere
and adopted. A Linux machine takes the public keys of its administrator. Most of `osProfile` is
fixed at the first boot, while `vmSize` changes in place with a restart.

Facts: `provisioner/catalog/vm_profiles.py`, "Delete options for disks, NICs and public IPs of a
VM", "Trusted Launch for Azure virtual machines", and the recorded conversations that have one.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
)
from provisioner.catalog.stated_models import (
    FLAG,
    IDENTITY_FIELDS,
    NUMBER,
    OPEN,
    TEXT,
    TEXTS,
    identity_models,
    list_of,
    models_of,
)
from provisioner.catalog.vm_profiles import (
    DELETED_OR_DETACHED,
    disk,
    interface_fields,
    operating_system,
    profile_fields,
    profile_models,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_model, _object = models_of("compute.machine")
_INTERFACES = "properties.networkProfile.networkInterfaces"
_CONFIGURATIONS = "properties.networkProfile.networkInterfaceConfigurations"
_PLACES = (
    "availabilitySet",
    "virtualMachineScaleSet",
    "proximityPlacementGroup",
    "host",
    "hostGroup",
)


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the ids that Azure gives a machine and its OS disk.

    Azure names an OS disk after the machine and creates it as a resource of its own in the same
    group; an attached disk keeps its name and group.
    """
    named = lookup(body, ("properties", "storageProfile", "osDisk", "name"))
    name = named if isinstance(named, str) and named else f"{resource.name}_OsDisk_1"
    place = resource.container.text if resource.container else ""
    system: dict[str, Json] = {"name": name}
    attached = lookup(body, ("properties", "storageProfile", "osDisk", "managedDisk", "id"))
    if is_empty(attached):
        system["managedDisk"] = {"id": f"{place}/providers/Microsoft.Compute/disks/{name}"}
    return {
        "properties": {
            "vmId": context.guid(resource.text),
            "provisioningState": "Succeeded",
            "storageProfile": {"osDisk": system},
        }
    }


TYPE = ResourceType(
    name="Microsoft.Compute/virtualMachines",
    api_version=api_versions.COMPUTE,
    sdk=None,
    rule=NameRule(
        r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?",
        "1 to 64 letters, digits, periods, underscores and hyphens, starting with a letter or "
        "digit and not ending with a period (the computer's name is shorter: 15 for Windows)",
    ),
    delete=DeleteFlow.ASYNC_OPERATION,
    seconds=60,
    # A disk is deleted with its machine where its deleteOption is Delete.
    loss=Disruption.DATA,
    computed=_computed_values,
    models=(
        _model(
            "VirtualMachine",
            location=TEXT,
            tags=TEXTS,
            zones=list_of(TEXT),
            plan=_object("Plan"),
            identity=_object("Identity"),
            extendedLocation=_object("ExtendedLocation"),
            properties=_object("Properties"),
            etag=TEXT,
            managedBy=TEXT,
            resources=OPEN,
        ),
        *identity_models(_model, _object),
        _model(
            "Properties",
            hardwareProfile=_object("Hardware"),
            storageProfile=_object("Storage"),
            additionalCapabilities=_object("Capabilities"),
            osProfile=_object("System"),
            networkProfile=_object("Network"),
            securityProfile=_object("Security"),
            diagnosticsProfile=_object("Diagnostics"),
            **{name: _object("Reference") for name in _PLACES},
            priority=TEXT,
            evictionPolicy=TEXT,
            billingProfile=_object("Billing"),
            licenseType=TEXT,
            extensionsTimeBudget=TEXT,
            platformFaultDomain=NUMBER,
            scheduledEventsProfile=_object("Events"),
            userData=TEXT,
            capacityReservation=_object("Reservation"),
            applicationProfile=_object("Applications"),
            vmId=TEXT,
            timeCreated=TEXT,
            instanceView=OPEN,
            provisioningState=TEXT,
        ),
        _model("Hardware", vmSize=TEXT, vmSizeProperties=OPEN),
        _model(
            "Storage",
            imageReference=_object("Image"),
            osDisk=_object("SystemDisk"),
            dataDisks=list_of(_object("DataDisk")),
            diskControllerType=TEXT,
        ),
        _model(
            "SystemDisk",
            **disk(_object),
            osType=TEXT,
            encryptionSettings=_object("DiskEncryption"),
            vhd=_object("Blob"),
            image=_object("Blob"),
            diffDiskSettings=_object("EphemeralDisk"),
        ),
        _model(
            "DataDisk",
            **disk(_object),
            lun=NUMBER,
            vhd=_object("Blob"),
            image=_object("Blob"),
            sourceResource=_object("Reference"),
            toBeDetached=FLAG,
            detachOption=TEXT,
            diskIOPSReadWrite=NUMBER,
            diskMBpsReadWrite=NUMBER,
        ),
        _model("System", computerName=TEXT, **operating_system(_object)),
        _model(
            "Network",
            networkInterfaces=list_of(_object("InterfaceReference")),
            networkApiVersion=TEXT,
            networkInterfaceConfigurations=list_of(_object("Interface")),
        ),
        _model("InterfaceReference", id=TEXT, properties=_object("ReferenceProperties")),
        _model("ReferenceProperties", primary=FLAG, deleteOption=DELETED_OR_DETACHED),
        *profile_models(_model, _object),
    ),
    fields={
        **dict(profile_fields("properties", fixed=True)),
        **dict(interface_fields(_CONFIGURATIONS)),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "plan": Field(default=None, create_only=True),
        "extendedLocation": Field(default=None, create_only=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
        **IDENTITY_FIELDS,
        "etag": Field(read_only=True),
        "managedBy": Field(read_only=True),
        "resources": Field(read_only=True),
        "properties.hardwareProfile.vmSize": Field(
            compare=Compare.CASELESS, disruption=Disruption.CONNECTIONS
        ),
        "properties.hardwareProfile.vmSizeProperties": Field(default=None),
        # Azure creates the disk as a resource, which takes an action of its own: the built-in roles
        # that create machines have it.
        "properties.storageProfile.osDisk": Field(change_takes="Microsoft.Compute/disks/write"),
        "properties.storageProfile.osDisk.encryptionSettings": Field(default=None, security=True),
        "properties.storageProfile.dataDisks[].toBeDetached": Field(default=False),
        "properties.additionalCapabilities": Field(default=None),
        "properties.osProfile": Field(default=None),
        # Azure takes the name of the machine.
        "properties.osProfile.computerName": Field(owner=Owner.PRESET, create_only=True),
        _INTERFACES: Field(keys=("id",), security=True, disruption=Disruption.CONNECTIONS),
        f"{_INTERFACES}[].id": Field(compare=Compare.RESOURCE_ID),
        f"{_INTERFACES}[].properties": Field(default={}),
        f"{_INTERFACES}[].properties.primary": Field(owner=Owner.PRESET),
        f"{_INTERFACES}[].properties.deleteOption": Field(default="Detach"),
        # Azure creates interfaces from them and answers those in networkInterfaces.
        _CONFIGURATIONS: Field(keys=("name",), write_only=True),
        "properties.networkProfile.networkApiVersion": Field(write_only=True),
        **{
            fact: field
            for name in _PLACES
            for fact, field in (
                (f"properties.{name}", Field(default=None)),
                (
                    f"properties.{name}.id",
                    Field(compare=Compare.RESOURCE_ID, create_only=True),
                ),
            )
        },
        "properties.extensionsTimeBudget": Field(default=None, compare=Compare.DURATION),
        "properties.platformFaultDomain": Field(default=None, create_only=True),
        **{
            f"properties.{name}": Field(read_only=True)
            for name in ("vmId", "timeCreated", "instanceView", "provisioningState")
        },
    },
)
