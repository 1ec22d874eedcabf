"""A change: one property whose desired and live values differ.

`diff.comparison` makes them; plans and drift reports show them.
"""

from dataclasses import dataclass

from provisioner.catalog.field import Disruption, Owner
from provisioner.documents.plan import FieldKind
from provisioner.model.values import ABSENT, Absent, Unknown, Value


@dataclass(frozen=True, slots=True)
class Child:
    """A resource that is stated in the body of its parent: its type and its name."""

    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A property whose desired and actual values differ.

    path        `properties.agentPoolProfiles[system].count`: a list entry by its key, else index;
                a list of plain values is one property
    declared    False where the desired body is silent; then `after` is the default
    before      the actual value, `after` the desired one; ABSENT where there is none
    refused     why the change cannot be made at all (a one-way switch); None where it can
    reason      why it forces a replacement, or whose access it ends
    is_state    whether it is a state that Azure computes, and that no body states
    hindrance   of an undeclared one: why Azure would not take it back to the default in place
    child       the child that it is about, where the resource's body states one; None for a change
                that takes a new resource although it is in a child
    kept        of an undeclared one: whether a write that is silent keeps the value, so that an
                earlier one may have set it
    sensitive   whether a value of it holds a secret: documents do not show it
    unknown     whether `after` will only be known after apply
    """

    path: str
    kind: FieldKind
    declared: bool
    before: Value | Absent
    after: Value | Absent
    forces_replace: bool = False
    reason: str | None = None
    refused: str | None = None
    hindrance: str | None = None
    child: Child | None = None
    owner: Owner = Owner.BLUEPRINT
    security: bool = False
    disruption: Disruption = Disruption.NONE
    kept: bool = False
    sensitive: bool = False
    unknown: bool = False
    is_state: bool = False

    @staticmethod
    def added(path: str, value: Value, *, sensitive: bool = False) -> "FieldChange":
        """Return the change of a declared property that did not exist."""
        return FieldChange(
            path=path,
            kind=FieldKind.ADDED,
            declared=True,
            before=ABSENT,
            after=value,
            sensitive=sensitive,
            unknown=isinstance(value, Unknown),
        )

    @staticmethod
    def removed(path: str, value: Value) -> "FieldChange":
        """Return the change of a property that is declared not to exist."""
        return FieldChange(
            path=path, kind=FieldKind.REMOVED, declared=True, before=value, after=ABSENT
        )
