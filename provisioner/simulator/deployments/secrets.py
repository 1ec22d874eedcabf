"""Secrets of a deployment: secure parameters and outputs, and Key Vault references."""

from collections.abc import Mapping
from typing import Any

from provisioner.model.resource_id import parse_resource_id
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.template_language.parameter_types import is_secure, resolve
from provisioner.simulator.template_language.template_errors import Value
from provisioner.simulator.template_language.templates import Template

SECURE_OUTPUTS = "listoutputswithsecurevalues"
"""The function that reads secret outputs of a deployment, within the deployment around it."""


def check_references(cloud: Cloud, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that refer to a secret in a key vault.

    Azure Resource Manager reads the secret itself, if the vault's property
    `enabledForTemplateDeployment` is true and the caller has the action `deploy` on it ("Use Azure
    Key Vault to pass secure parameter value during deployment"). The built-in Azure has vaults, and
    no secrets in them.

    Raises:
        RefusalError: a parameter is such a reference; the message says which of the conditions
            fails.
    """
    for name, entry in parameters.items():
        reference = entry.get("reference")
        if reference is None:
            continue
        key_vault = reference.get("keyVault") if isinstance(reference, Mapping) else None
        vault = key_vault.get("id") if isinstance(key_vault, Mapping) else None
        resource = parse_resource_id(vault)
        row = cloud.find(resource) if resource is not None else None
        if row is None:
            raise RefusalError(
                400,
                "KeyVaultParameterReferenceNotFound",
                f"The specified KeyVault '{vault}' of the parameter '{name}' could not be found.",
            )
        properties = row.body.get("properties")
        enabled = isinstance(properties, Mapping) and properties.get("enabledForTemplateDeployment")
        if enabled is not True:
            raise RefusalError(
                400,
                "KeyVaultParameterReferenceAuthorizationFailed",
                f"The KeyVault '{vault}' of the parameter '{name}' is not enabled for template "
                "deployment: its property 'enabledForTemplateDeployment' is not true.",
            )
        raise RefusalError(
            400,
            "KeyVaultParameterReferenceSecretRetrieveFailed",
            f"The secret '{reference.get('secretName')}' of the parameter '{name}' cannot be read: "
            "the built-in Azure has no data plane of vaults. Give the value itself.",
        )


def show_parameters(template: Template, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return parameters as a deployment shows them: secret ones without their value."""
    shown: dict[str, Any] = {}
    for name, definition in template.parameters.items():
        kind = str(resolve(definition, template.definitions).get("type", ""))
        shown[name] = {"type": type_label(kind)}
        if not is_secure(definition, template.definitions):
            shown[name]["value"] = values.get(name.lower())
    return shown


def type_label(kind: str) -> str:
    """Return the name of a type as deployments show it: `SecureString`, `String`, `Int`."""
    words = {"securestring": "SecureString", "secureobject": "SecureObject"}
    return words.get(kind.lower(), kind.capitalize())
