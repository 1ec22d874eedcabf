"""Extensions of virtual machines: software and scripts that Azure runs as administrator.

Another publisher or type under the same name is refused, hence a replacement. `protectedSettings`
is never answered: a change of it is invisible to a comparison. `typeHandlerVersion` is compared as
a prefix, since Azure runs the newest patch of it.

Facts: "Virtual machine extensions and features" and the template reference. No traffic was
recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, ListRead, NameRule, ResourceType
from provisioner.catalog.stated_models import FLAG, OPEN, TEXT, TEXTS, list_of, models_of

_model, _object = models_of("compute.extension")

TYPE = ResourceType(
    name="Microsoft.Compute/virtualMachines/extensions",
    api_version=api_versions.COMPUTE,
    sdk=None,
    rule=NameRule(r"[^/\\%?#]{1,128}", "1 to 128 characters without / \\ % ? and #"),
    lists=ListRead.PARENT,
    delete=DeleteFlow.ASYNC_OPERATION,
    # Azure handles one extension of a machine at a time ("Multiple VM extensions per handler",
    # conflicting operations).
    serialise_on="",
    seconds=60,
    loss=Disruption.NONE,
    adds="runs software on it as its administrator",
    adds_by=("properties.publisher", "properties.type"),
    models=(
        _model("Extension", location=TEXT, tags=TEXTS, properties=_object("Properties")),
        _model(
            "Properties",
            forceUpdateTag=TEXT,
            publisher=TEXT,
            type=TEXT,
            typeHandlerVersion=TEXT,
            autoUpgradeMinorVersion=FLAG,
            enableAutomaticUpgrade=FLAG,
            settings=OPEN,
            protectedSettings=OPEN,
            protectedSettingsFromKeyVault=_object("Reference"),
            suppressFailures=FLAG,
            provisionAfterExtensions=list_of(TEXT),
            instanceView=OPEN,
            provisioningState=TEXT,
        ),
        _model("Reference", secretUrl=TEXT, sourceVault=_object("Vault")),
        _model("Vault", id=TEXT),
    ),
    fields={
        # A child resource, but a tracked one: it has a location and tags.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        # Another publisher or type under the same name is refused ("Extensions", naming).
        "properties.publisher": Field(compare=Compare.CASELESS, create_only=True, security=True),
        "properties.type": Field(compare=Compare.CASELESS, create_only=True, security=True),
        # Azure runs the newest patch of a minor version unless it must not.
        "properties.typeHandlerVersion": Field(compare=Compare.VERSION, security=True),
        "properties.autoUpgradeMinorVersion": Field(default=False, security=True),
        "properties.enableAutomaticUpgrade": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.forceUpdateTag": Field(default=None),
        # Closed: the publisher's own schema, in which Azure fills in nothing.
        "properties.settings": Field(default={}, closed=True, security=True),
        # Encrypted for the machine and never answered: a change is invisible to a comparison.
        "properties.protectedSettings": Field(write_only=True, secret=True),
        "properties.protectedSettingsFromKeyVault": Field(default=None, security=True),
        "properties.protectedSettingsFromKeyVault.sourceVault.id": Field(
            compare=Compare.RESOURCE_ID
        ),
        "properties.suppressFailures": Field(default=False, answered=Answered.STATED),
        "properties.provisionAfterExtensions": Field(default=()),
        "properties.instanceView": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
    },
)
