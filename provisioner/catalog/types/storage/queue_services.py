"""The queue service of a storage account (`default`), which Azure creates with the account.

Facts: the REST reference "Queue Services - Set Service Properties". No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.stated_models import models_of
from provisioner.catalog.storage_services import CORS, cors_models

_model, _object = models_of("storage.queue")

TYPE = ResourceType(
    name="Microsoft.Storage/storageAccounts/queueServices",
    api_version=api_versions.STORAGE,
    sdk=None,
    rule=NameRule(r"default", "default", fixed=("default",)),
    lists=ListRead.PARENT,
    listed_if_declared=True,
    taggable=False,
    deletable=False,
    with_parent=("default",),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=2,
    loss=Disruption.NONE,
    models=(
        _model("QueueService", properties=_object("Properties")),
        _model("Properties", cors=_object("CorsRules")),
        *cors_models(_model, _object),
    ),
    harmless="every account has one",
    fields=CORS,
)
