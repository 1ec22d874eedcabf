"""Planning options of an environment: ignored changes, default resets and permitted adoption."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.accepted_additions import Acceptance
from provisioner.blueprint.ignores import Ignore
from provisioner.blueprint.ownership import Marks
from provisioner.diff.change import FieldChange
from provisioner.model.property_path import set_at, split_steps
from provisioner.model.values import ABSENT, Absent, Value, is_empty


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options that a plan or drift run decides by.

    They are the environment's marks, the properties that others may change, whether values that
    differ from the service's defaults are reset, the addresses whose resources may be adopted (all
    of a module by the module's address, `*` for every address), the additions of others that are
    accepted, and whether the environment is only watched: ownership does not count in a comparison
    then.
    """

    marks: Marks
    ignores: tuple[Ignore, ...] = ()
    reset_defaults: bool = False
    adopt: tuple[str, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    observes: bool = False

    def permits_adoption(self, address: str) -> bool:
        """Return whether the resource at an address may be adopted where it exists already."""
        return any(wanted == EVERY_ADDRESS or is_at(address, wanted) for wanted in self.adopt)


EVERY_ADDRESS = "*"


def is_at(address: str, wanted: str) -> bool:
    """Return whether an address is the wanted one or inside of it (`hub` holds `hub.vnet`)."""
    return address == wanted or address.startswith((f"{wanted}.", f"{wanted}[", f"{wanted}/"))


@dataclass(frozen=True, slots=True)
class Ignored:
    """A change that is suppressed, and what suppresses it."""

    field: FieldChange
    ignore: Ignore


def split_ignored(
    address: str, changes: Sequence[FieldChange], ignores: Iterable[Ignore]
) -> tuple[tuple[FieldChange, ...], tuple[Ignored, ...]]:
    """Return the changes of a resource that count, and those that the environment ignores."""
    if not changes:
        return (), ()
    kept: list[FieldChange] = []
    ignored: list[Ignored] = []
    inside = [ignore for ignore in ignores if ignore.holds(address)]
    for change in changes:
        covering = next((ignore for ignore in inside if ignore.covers(change.path)), None)
        if covering is None:
            kept.append(change)
        else:
            ignored.append(Ignored(change, covering))
    return tuple(kept), tuple(ignored)


def with_live(desired: Mapping[str, Value], ignored: Iterable[Ignored]) -> Mapping[str, Value]:
    """Return a desired body with the live values of the properties that are ignored."""
    for entry in ignored:
        if entry.field.declared and not entry.field.is_state:
            desired = _set_at(desired, entry.field.path, entry.field.before)
    return desired


def with_defaults(body: Mapping[str, Value], fields: Iterable[FieldChange]) -> Mapping[str, Value]:
    """Return the body of an update in which the undeclared ones of `fields` are at their default.

    A default of nothing is left out, but for a list: an empty one has to be said, or Azure keeps
    what is in it.
    """
    for field in fields:
        if not field.declared:
            body = _set_at(body, field.path, _default_of(field))
    return body


def _default_of(field: FieldChange) -> Value | Absent:
    if not is_empty(field.after):
        return field.after
    return [] if isinstance(field.before, (list, tuple)) else ABSENT


def _set_at(body: Mapping[str, Value], path: str, value: Value | Absent) -> Mapping[str, Value]:
    steps = split_steps(path)
    changed = body if steps is None else set_at(body, steps, value)
    assert isinstance(changed, Mapping)
    return changed
