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
    # One at a time on a machine ("Multiple VM extensions per handler", conflicting operations).
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
        # A child, and yet a tracked resource: it has a place and tags of its own.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        # "Extensions", naming: another publisher or type under the same name is refused.
        "properties.publisher": Field(compare=Compare.CASELESS, create_only=True, security=True),
        "properties.type": Field(compare=Compare.CASELESS, create_only=True, security=True),
        # Azure runs the newest of a minor version where it may.
        "properties.typeHandlerVersion": Field(compare=Compare.VERSION, security=True),
        "properties.autoUpgradeMinorVersion": Field(default=False, security=True),
        "properties.enableAutomaticUpgrade": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.forceUpdateTag": Field(default=None),
        "properties.settings": Field(default={}, closed=True, security=True),
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
