"""Management locks."""

from provisioner.service_rules.conditions import at_most_characters
from provisioner.service_rules.rule import ServiceRule

RULES = (
    ServiceRule(
        id="lock-notes",
        type="Microsoft.Authorization/locks",
        code=None,
        source="REST reference of management locks: notes of 512 characters at most",
        judge=at_most_characters("properties.notes", 512),
    ),
)
