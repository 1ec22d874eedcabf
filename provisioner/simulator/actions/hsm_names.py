"""Name availability of a managed HSM (Key Vault "Managed Hsms - Check Mhsm Name Availability")."""

import re

from provisioner.catalog.service_actions import MANAGED_HSM
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_NAME = re.compile(r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]")


def check_hsm_name(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer whether a new managed HSM can have a name, which is unique in all of Azure."""
    name = str(request.read_object().get("name", ""))
    if not _NAME.fullmatch(name):
        return _answer_unavailable(
            "AccountNameInvalid",
            "A managed HSM's name has 3 to 24 letters, digits and single hyphens, and starts with "
            "a letter.",
        )
    for row in cloud.store.resources.of_type(MANAGED_HSM):
        if row.id.name.lower() == name.lower():
            return _answer_unavailable("AlreadyExists", f"The name '{name}' is already in use.")
    return Answer(200, {"nameAvailable": True})


def _answer_unavailable(reason: str, message: str) -> Answer:
    return Answer(200, {"nameAvailable": False, "reason": reason, "message": message})
