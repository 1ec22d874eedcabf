"""Rotation policies of Key Vault keys: whether, and when, the vault rotates a key.

Source: Key Vault "Configure cryptographic key auto-rotation" (durations are ISO 8601).

Called by controls of CLU-08 and of WRK-06 and WRK-12.
"""

from provisioner.controls.subject import Subject
from provisioner.model.durations import parse_iso_duration
from provisioner.model.values import lookup

ACTIONS = "properties.rotationPolicy.lifetimeActions"
EXPIRY_TIME = "properties.rotationPolicy.attributes.expiryTime"
ROTATION_READS = (ACTIONS, EXPIRY_TIME)
"""What a rule reads of a key that asks when it is rotated."""

DAY = 86_400
LONGEST_LIFE = 732 * DAY
"""Two years, a leap year among them: what Azure's built-in policies ask for is 365 to 730 days."""


def rotates(key: Subject) -> bool:
    """Return whether the policy of a key has an action that rotates it, be it at no time."""
    return bool(_rotation_triggers(key))


def rotation_age(key: Subject) -> int | None:
    """Return the age in seconds at which a key is rotated, None where it never comes to that."""
    life = parse_iso_duration(key.value(EXPIRY_TIME))
    ages = [
        age
        for trigger in _rotation_triggers(key)
        if (age := _age_of_trigger(trigger, life)) is not None
    ]
    return min(ages, default=None)


def _rotation_triggers(key: Subject) -> list[object]:
    return [
        entry.get("trigger")
        for entry in key.entries(ACTIONS)
        if str(lookup(entry, ("action", "type"))).lower() == "rotate"
    ]


def _age_of_trigger(trigger: object, life: int | None) -> int | None:
    after = parse_iso_duration(lookup(trigger, ("timeAfterCreate",)))
    if after is not None:
        # A rotation after the end of a version comes too late: the version has expired.
        return after if life is None or after < life else None
    before = parse_iso_duration(lookup(trigger, ("timeBeforeExpiry",)))
    return life - before if before is not None and life is not None and before < life else None
