"""Models and facts that virtual machines and scale set profiles share.

Facts: the template reference of `Microsoft.Compute`, the documentation named below, and the
recorded conversations that have a machine or a set (what Azure fills in of an `osProfile` and of
disks).
"""

from collections.abc import Callable, Iterator, Mapping

from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.schema import Kind, Model, Shape
from provisioner.catalog.stated_models import FLAG, NUMBER, OPEN, TEXT, TEXTS, choice, list_of

ENCRYPTION_AT_HOST = "Microsoft.Compute/EncryptionAtHost"
"""The feature without which a subscription has no encryption at host ("Enable end-to-end encryption
using encryption at host")."""

DELETED_OR_DETACHED = choice("Delete", "Detach")
_CACHING = choice("None", "ReadOnly", "ReadWrite")
_VERSION = choice("IPv4", "IPv6")
_MODE = choice("Audit", "Enforce", "Disabled")


def profile_models(
    model: Callable[..., Model], instance: Callable[[str], Shape]
) -> tuple[Model, ...]:
    """Return the models that both types refer to, in the namespace of `model` and `instance`."""
    reference, references = instance("Reference"), list_of(instance("Reference"))
    return (
        model("Reference", id=TEXT),
        model("Plan", name=TEXT, publisher=TEXT, product=TEXT, promotionCode=TEXT),
        model("ExtendedLocation", name=TEXT, type=TEXT),
        model(
            "Image",
            publisher=TEXT,
            offer=TEXT,
            sku=TEXT,
            version=TEXT,
            exactVersion=TEXT,
            sharedGalleryImageId=TEXT,
            communityGalleryImageId=TEXT,
            id=TEXT,
        ),
        model("Blob", uri=TEXT),
        model(
            "EphemeralDisk",
            option=choice("Local"),
            placement=choice("CacheDisk", "ResourceDisk", "NvmeDisk"),
            enableFullCaching=FLAG,
        ),
        model(
            "ManagedDisk",
            id=TEXT,
            storageAccountType=TEXT,
            diskEncryptionSet=reference,
            securityProfile=instance("DiskSecurity"),
        ),
        model("DiskSecurity", securityEncryptionType=TEXT, diskEncryptionSet=reference),
        model("DiskEncryption", diskEncryptionKey=OPEN, keyEncryptionKey=OPEN, enabled=FLAG),
        model("Capabilities", ultraSSDEnabled=FLAG, hibernationEnabled=FLAG),
        model(
            "Windows",
            provisionVMAgent=FLAG,
            enableAutomaticUpdates=FLAG,
            enableVMAgentPlatformUpdates=FLAG,
            timeZone=TEXT,
            additionalUnattendContent=list_of(instance("Unattended")),
            patchSettings=instance("Patches"),
            winRM=instance("WinRM"),
        ),
        model("Unattended", passName=TEXT, componentName=TEXT, settingName=TEXT, content=TEXT),
        model(
            "Patches",
            patchMode=choice("Manual", "AutomaticByOS", "AutomaticByPlatform", "ImageDefault"),
            enableHotpatching=FLAG,
            assessmentMode=choice("ImageDefault", "AutomaticByPlatform"),
            automaticByPlatformSettings=instance("PlatformPatches"),
        ),
        model("PlatformPatches", rebootSetting=TEXT, bypassPlatformSafetyChecksOnUserSchedule=FLAG),
        model("WinRM", listeners=list_of(instance("Listener"))),
        model("Listener", protocol=choice("Http", "Https"), certificateUrl=TEXT),
        model(
            "Linux",
            disablePasswordAuthentication=FLAG,
            ssh=instance("Ssh"),
            provisionVMAgent=FLAG,
            patchSettings=instance("Patches"),
            enableVMAgentPlatformUpdates=FLAG,
        ),
        model("Ssh", publicKeys=list_of(instance("PublicKey"))),
        model("PublicKey", path=TEXT, keyData=TEXT),
        model(
            "Certificates",
            sourceVault=reference,
            vaultCertificates=list_of(instance("Certificate")),
        ),
        model("Certificate", certificateUrl=TEXT, certificateStore=TEXT),
        model(
            "Interface",
            name=TEXT,
            tags=TEXTS,
            properties=instance("InterfaceProperties"),
        ),
        model(
            "InterfaceProperties",
            primary=FLAG,
            deleteOption=DELETED_OR_DETACHED,
            enableAcceleratedNetworking=FLAG,
            disableTcpStateTracking=FLAG,
            enableFpga=FLAG,
            enableIPForwarding=FLAG,
            networkSecurityGroup=reference,
            dnsSettings=instance("Dns"),
            ipConfigurations=list_of(instance("Configuration")),
            auxiliaryMode=TEXT,
            auxiliarySku=TEXT,
        ),
        model("Dns", dnsServers=list_of(TEXT)),
        model("Configuration", name=TEXT, properties=instance("ConfigurationProperties")),
        model(
            "ConfigurationProperties",
            subnet=reference,
            primary=FLAG,
            publicIPAddressConfiguration=instance("PublicAddress"),
            privateIPAddressVersion=_VERSION,
            privateIPAddressPrefixLength=NUMBER,
            applicationSecurityGroups=references,
            applicationGatewayBackendAddressPools=references,
            loadBalancerBackendAddressPools=references,
            loadBalancerInboundNatPools=references,
        ),
        model(
            "PublicAddress",
            name=TEXT,
            sku=instance("AddressSku"),
            tags=TEXTS,
            properties=instance("PublicAddressProperties"),
        ),
        model("AddressSku", name=TEXT, tier=TEXT),
        model(
            "PublicAddressProperties",
            idleTimeoutInMinutes=NUMBER,
            deleteOption=DELETED_OR_DETACHED,
            dnsSettings=OPEN,
            ipTags=OPEN,
            publicIPPrefix=reference,
            publicIPAddressVersion=_VERSION,
            publicIPAllocationMethod=TEXT,
        ),
        model(
            "Security",
            uefiSettings=instance("Uefi"),
            encryptionAtHost=FLAG,
            securityType=choice("Standard", "TrustedLaunch", "ConfidentialVM"),
            encryptionIdentity=instance("EncryptionIdentity"),
            proxyAgentSettings=instance("ProxyAgent"),
        ),
        model("Uefi", secureBootEnabled=FLAG, vTpmEnabled=FLAG),
        model("EncryptionIdentity", userAssignedIdentityResourceId=TEXT),
        model(
            "ProxyAgent",
            enabled=FLAG,
            mode=_MODE,
            keyIncarnationId=NUMBER,
            wireServer=instance("HostEndpoint"),
            imds=instance("HostEndpoint"),
            addProxyAgentExtension=FLAG,
        ),
        model("HostEndpoint", mode=_MODE, inVMAccessControlProfileReferenceId=TEXT),
        model("Diagnostics", bootDiagnostics=instance("BootDiagnostics")),
        model("BootDiagnostics", enabled=FLAG, storageUri=TEXT),
        model("Billing", maxPrice=Shape(Kind.NUMBER)),
        model("Events", terminateNotificationProfile=OPEN, osImageNotificationProfile=OPEN),
        model("Applications", galleryApplications=OPEN),
        model("Reservation", capacityReservationGroup=reference),
    )


def operating_system(instance: Callable[[str], Shape]) -> Mapping[str, Shape]:
    """Return the properties of an `osProfile`, beside the name of the computer."""
    return {
        "adminUsername": TEXT,
        "adminPassword": TEXT,
        "customData": TEXT,
        "windowsConfiguration": instance("Windows"),
        "linuxConfiguration": instance("Linux"),
        "secrets": list_of(instance("Certificates")),
        "allowExtensionOperations": FLAG,
        "requireGuestProvisionSignal": FLAG,
    }


def disk(instance: Callable[[str], Shape]) -> Mapping[str, Shape]:
    """Return the properties that disks of both types have."""
    return {
        "name": TEXT,
        "caching": _CACHING,
        "writeAcceleratorEnabled": FLAG,
        "createOption": choice("FromImage", "Empty", "Attach", "Copy", "Restore"),
        "diskSizeGB": NUMBER,
        "managedDisk": instance("ManagedDisk"),
        "deleteOption": DELETED_OR_DETACHED,
    }


def profile_fields(profile: str, *, fixed: bool) -> Iterator[tuple[str, Field]]:
    """Yield the facts of a profile at the path `profile` (`properties`, or that of a scale set).

    `fixed` tells whether first-boot settings are fixed: of a scale set they are so of each instance
    alone, and a change applies to new ones.
    """
    yield from _system_fields(f"{profile}.osProfile", fixed=fixed)
    yield from _disk_fields(f"{profile}.storageProfile", fixed=fixed)
    security = f"{profile}.securityProfile"
    # Azure chooses Trusted Launch for generation 2 images ("Trusted Launch for Azure virtual
    # machines", default state).
    yield security, Field(owner=Owner.PRESET, security=True)
    yield f"{security}.securityType", Field(owner=Owner.PRESET, security=True)
    yield f"{security}.uefiSettings", Field(owner=Owner.PRESET, security=True)
    yield f"{security}.uefiSettings.secureBootEnabled", Field(owner=Owner.PRESET, security=True)
    yield f"{security}.uefiSettings.vTpmEnabled", Field(owner=Owner.PRESET, security=True)
    yield (
        f"{security}.encryptionAtHost",
        Field(
            default=False,
            answered=Answered.STATED,
            security=True,
            requires=((True, ENCRYPTION_AT_HOST),),
            disruption=Disruption.CONNECTIONS,
        ),
    )
    yield f"{security}.encryptionIdentity", Field(default=None)
    agent = f"{security}.proxyAgentSettings"
    yield agent, Field(default=None, security=True)
    yield f"{agent}.enabled", Field(default=False, security=True)
    yield f"{agent}.mode", Field(default="Enforce", security=True)
    yield f"{agent}.addProxyAgentExtension", Field(default=False)
    # A counter: a higher number regenerates the key, so the requested one stays.
    yield f"{agent}.keyIncarnationId", Field(default=0)
    yield f"{profile}.diagnosticsProfile", Field(default={})
    yield f"{profile}.diagnosticsProfile.bootDiagnostics", Field(default={})
    yield f"{profile}.diagnosticsProfile.bootDiagnostics.enabled", Field(default=False)
    # Without an account Azure stores the diagnostics in a managed one.
    yield f"{profile}.diagnosticsProfile.bootDiagnostics.storageUri", Field(default=None)
    yield f"{profile}.licenseType", Field(default=None)
    yield f"{profile}.priority", Field(default="Regular", create_only=True)
    yield f"{profile}.evictionPolicy", Field(default=None, create_only=True)
    yield f"{profile}.billingProfile", Field(default=None)
    yield f"{profile}.scheduledEventsProfile", Field(default=None)
    yield f"{profile}.applicationProfile", Field(default=None, security=True)
    yield f"{profile}.capacityReservation", Field(default=None)
    # Answered to $expand=userData alone; every process on the machine can read it.
    yield f"{profile}.userData", Field(write_only=True, sensitive=True)


def _system_fields(system: str, *, fixed: bool) -> Iterator[tuple[str, Field]]:
    """Yield the facts of `osProfile`: what is set at the first boot cannot change.

    409 PropertyChangeNotAllowed (Azure/azure-sdk-for-node#2297, MicrosoftDocs/azure-docs#21850).
    """
    linux, windows = f"{system}.linuxConfiguration", f"{system}.windowsConfiguration"
    yield f"{system}.adminUsername", Field(create_only=fixed, security=True)
    yield f"{system}.adminPassword", Field(write_only=True, secret=True)
    # The cloud-init or Windows setup script. It is not a secret as a whole, and secrets in it are
    # found like in any text; documents do not show it.
    yield f"{system}.customData", Field(write_only=True, sensitive=True, create_only=fixed)
    yield f"{system}.secrets", Field(default=(), security=True)
    yield f"{system}.secrets[].sourceVault.id", Field(compare=Compare.RESOURCE_ID)
    yield f"{system}.allowExtensionOperations", Field(default=True, security=True)
    yield f"{system}.requireGuestProvisionSignal", Field(owner=Owner.PRESET)
    yield (
        f"{linux}.disablePasswordAuthentication",
        Field(default=False, create_only=fixed, security=True),
    )
    yield f"{linux}.provisionVMAgent", Field(default=True)
    yield f"{linux}.enableVMAgentPlatformUpdates", Field(default=False, answered=Answered.STATED)
    yield f"{linux}.ssh", Field(default=None, security=True)
    yield (
        f"{linux}.ssh.publicKeys",
        Field(default=(), keys=("path",), create_only=fixed, security=True),
    )
    yield f"{windows}.timeZone", Field(default=None, create_only=fixed)
    yield f"{windows}.provisionVMAgent", Field(default=True)
    yield f"{windows}.enableAutomaticUpdates", Field(default=True, security=True)
    yield f"{windows}.enableVMAgentPlatformUpdates", Field(default=False, answered=Answered.STATED)
    yield f"{windows}.winRM", Field(default=None, security=True)
    # May contain the password of an automatic logon.
    yield f"{windows}.additionalUnattendContent", Field(write_only=True)
    yield f"{windows}.additionalUnattendContent[].content", Field(write_only=True, secret=True)
    for configuration, mode in ((linux, "ImageDefault"), (windows, "AutomaticByOS")):
        patches = f"{configuration}.patchSettings"
        yield patches, Field(default={"patchMode": mode, "assessmentMode": "ImageDefault"})
        yield f"{patches}.patchMode", Field(default=mode, security=True)
        yield f"{patches}.assessmentMode", Field(default="ImageDefault")
        yield f"{patches}.enableHotpatching", Field(default=False, answered=Answered.STATED)
        yield f"{patches}.automaticByPlatformSettings", Field(default=None)


def _disk_fields(storage: str, *, fixed: bool) -> Iterator[tuple[str, Field]]:
    """Yield the facts of disks: name, size and caching follow from image and size where silent.

    "PropertyChangeNotAllowed: osDisk.createOption" (Azure/azure-powershell#7621).
    """
    image = f"{storage}.imageReference"
    yield image, Field(default=None)
    for name in ("publisher", "offer", "sku", "sharedGalleryImageId", "communityGalleryImageId"):
        yield f"{image}.{name}", Field(compare=Compare.CASELESS, create_only=fixed)
    yield f"{image}.id", Field(compare=Compare.RESOURCE_ID, create_only=fixed)
    yield f"{image}.exactVersion", Field(read_only=True)
    yield f"{image}.version", Field(default="latest", create_only=fixed)
    yield f"{storage}.diskControllerType", Field(owner=Owner.PRESET)
    yield f"{storage}.dataDisks", Field(default=(), keys=("lun",), disruption=Disruption.DATA)
    for each in (f"{storage}.osDisk", f"{storage}.dataDisks[]"):
        yield f"{each}.name", Field(owner=Owner.PRESET, create_only=fixed)
        yield f"{each}.caching", Field(owner=Owner.PRESET)
        yield f"{each}.createOption", Field(create_only=fixed)
        yield f"{each}.diskSizeGB", Field(owner=Owner.PRESET)
        yield f"{each}.writeAcceleratorEnabled", Field(default=False, answered=Answered.STATED)
        yield f"{each}.deleteOption", Field(owner=Owner.PRESET)
        yield f"{each}.managedDisk", Field(owner=Owner.PRESET)
        yield f"{each}.managedDisk.id", Field(owner=Owner.PRESET, compare=Compare.RESOURCE_ID)
        yield f"{each}.managedDisk.storageAccountType", Field(owner=Owner.PRESET)
        for path in ("diskEncryptionSet", "securityProfile.diskEncryptionSet"):
            yield f"{each}.managedDisk.{path}", Field(default=None, security=True)
            yield (
                f"{each}.managedDisk.{path}.id",
                Field(compare=Compare.RESOURCE_ID, security=True),
            )
        confidential = f"{each}.managedDisk.securityProfile"
        yield confidential, Field(default=None, security=True)
        yield f"{confidential}.securityEncryptionType", Field(create_only=fixed, security=True)
    yield f"{storage}.osDisk.createOption", Field(default="FromImage", create_only=fixed)
    yield f"{storage}.osDisk.osType", Field(owner=Owner.PRESET, create_only=fixed)
    yield f"{storage}.osDisk.diffDiskSettings", Field(default=None)
    yield f"{storage}.osDisk.diffDiskSettings.option", Field(create_only=fixed)


def interface_fields(interfaces: str) -> Iterator[tuple[str, Field]]:
    """Yield the facts of a list of configurations of network interfaces, at its path."""
    properties = f"{interfaces}[].properties"
    configuration = f"{properties}.ipConfigurations[].properties"
    yield f"{properties}.primary", Field(owner=Owner.PRESET)
    yield f"{properties}.deleteOption", Field(owner=Owner.PRESET)
    for name in ("enableAcceleratedNetworking", "disableTcpStateTracking", "enableFpga"):
        yield f"{properties}.{name}", Field(default=False)
    # A forwarding machine is a path around the route table of its subnet.
    yield f"{properties}.enableIPForwarding", Field(default=False, security=True)
    yield f"{properties}.networkSecurityGroup", Field(default=None, security=True)
    yield (
        f"{properties}.networkSecurityGroup.id",
        Field(compare=Compare.RESOURCE_ID, security=True),
    )
    yield f"{properties}.dnsSettings", Field(default={})
    yield f"{properties}.dnsSettings.dnsServers", Field(default=(), security=True)
    yield f"{properties}.auxiliaryMode", Field(default="None", answered=Answered.STATED)
    yield f"{properties}.auxiliarySku", Field(default="None", answered=Answered.STATED)
    yield (
        f"{properties}.ipConfigurations",
        Field(keys=("name",), security=True, disruption=Disruption.CONNECTIONS),
    )
    yield (
        f"{configuration}.subnet.id",
        Field(compare=Compare.RESOURCE_ID, disruption=Disruption.CONNECTIONS),
    )
    yield f"{configuration}.primary", Field(owner=Owner.PRESET)
    yield f"{configuration}.privateIPAddressVersion", Field(default="IPv4")
    public = f"{configuration}.publicIPAddressConfiguration"
    yield public, Field(default=None, security=True, disruption=Disruption.CONNECTIONS)
    yield f"{public}.sku", Field(owner=Owner.PRESET)
    yield f"{public}.properties.idleTimeoutInMinutes", Field(default=4)
    yield f"{public}.properties.ipTags", Field(default=None)
    yield f"{public}.properties.publicIPAddressVersion", Field(default="IPv4")
    yield f"{public}.properties.publicIPPrefix", Field(default=None)
    yield f"{public}.properties.publicIPPrefix.id", Field(compare=Compare.RESOURCE_ID)
    for name in (
        "applicationSecurityGroups",
        "applicationGatewayBackendAddressPools",
        "loadBalancerBackendAddressPools",
        "loadBalancerInboundNatPools",
    ):
        yield f"{configuration}.{name}", Field(default=(), keys=("id",), security=True)
        yield f"{configuration}.{name}[].id", Field(compare=Compare.RESOURCE_ID)
