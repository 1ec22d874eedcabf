"""The creates of a large plan, by module: a first plan is read by what it makes where.

Only a create that does nothing else is put into a group; a delete, a replace, an adoption and
whatever disrupts is shown by itself. What grants access is named within its group.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.reports.type_names import kinds_of
from provisioner.reports.values import plain
from provisioner.reports.wording import is_disruptive

MOST_SHOWN = 20
"""The most creates that are shown by themselves."""

_ROOT = "(blueprint)"


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """The creates of one module. `kinds` says how many there are of each type, most first:
    `3 subnets`, `bastionHosts`; `granting` are the addresses of those that give access."""

    module: str
    changes: tuple[ResourceChangeDocument, ...]
    kinds: tuple[str, ...]
    granting: tuple[str, ...]


def group_creates(
    changes: Sequence[ResourceChangeDocument], *, lists_all: bool = False
) -> tuple[list[ResourceChangeDocument], list[ModuleGroup]]:
    """Return the changes that are shown by themselves, and the groups of the others, in the order
    in which the first of each is made. There are none where the plan has few creates, or where all
    are to be listed."""
    plain_creates = [change for change in changes if _is_plain(change)]
    if lists_all or len(plain_creates) <= MOST_SHOWN:
        return list(changes), []
    names = kinds_of(change.type for change in changes)
    found: dict[str, list[ResourceChangeDocument]] = {}
    for change in plain_creates:
        found.setdefault(module_of(change.address), []).append(change)
    groups = [_group(module, members, names) for module, members in found.items()]
    return [change for change in changes if not _is_plain(change)], groups


def module_of(address: str) -> str:
    """Return the module that an address is in: `teams` of `teams[app].managed`."""
    head, dot, _ = plain(address).partition(".")
    return head.partition("[")[0] if dot else _ROOT


def _is_plain(change: ResourceChangeDocument) -> bool:
    return change.action is Action.CREATE and not is_disruptive(change) and not change.reason


def _group(
    module: str, members: Sequence[ResourceChangeDocument], names: Mapping[str, str]
) -> ModuleGroup:
    counted = Counter(names[change.type] for change in members)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ModuleGroup(
        module=module,
        changes=tuple(members),
        kinds=tuple(f"{count} {kind}" if count > 1 else kind for kind, count in ordered),
        granting=tuple(change.address for change in members if change.grants_access),
    )
