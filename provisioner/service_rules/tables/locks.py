"""Management locks."""

from provisioner.service_rules.conditions import no_longer
from provisioner.service_rules.rule import ServiceRule

RULES = (
    ServiceRule(
        id="lock-notes",
        type="Microsoft.Authorization/locks",
        code=None,
        source="REST reference of management locks: notes of 512 characters at most",
        judge=no_longer("properties.notes", 512),
    ),
)
