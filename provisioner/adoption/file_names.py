"""Names within the generated files, and how a file refers to a resource of another file.

`pipeline` builds the names, and `environment_writer` writes the files with them.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from provisioner.adoption.expression_templates import Ref, Var
from provisioner.adoption.module_assignment import ROOT
from provisioner.adoption.naming import (
    Namespace,
    NamingConvention,
    camel,
    identifier,
    plural,
    unreserved,
    without_group,
    words_of,
)
from provisioner.adoption.references import group_of
from provisioner.adoption.resource_tables import ForEachStatement
from provisioner.adoption.yaml_text import Yaml
from provisioner.catalog.naming_conventions import noun_of
from provisioner.model.resource_id import ResourceId

PARAMETERS = {
    "prefix": {"type": "string", "description": "What names begin with."},
    "location": {"type": "string", "description": "The region."},
}
"""The parameters that a blueprint can have."""


@dataclass(frozen=True, slots=True)
class Group:
    """A resource group that the blueprint states. `existing` is one that is only read."""

    id: ResourceId
    subscription: str
    location: str
    tags: Mapping[str, str]
    existing: bool


@dataclass(frozen=True, slots=True)
class Estate:
    """The content of all files: resource groups, statements by file, and what names and tags share.

    It also holds where everything is located. `plain` are the keys of resources that are in no
    table.
    """

    name: str
    groups: Sequence[Group]
    folds: Sequence[ForEachStatement]
    files: Mapping[str, str]
    words: Mapping[str, Sequence[str]]
    habits: NamingConvention
    location: str
    shared_tags: Mapping[str, str]
    cloud: str
    tenant: str
    subscriptions: Mapping[str, str]
    environment_id: str
    observe: bool = False
    warns_of_proofs: bool = False
    auth: str = "default"
    plain: AbstractSet[str] = frozenset()


@dataclass
class File:
    """One file while it is written: its names, parameters, outputs, and tables of its locals."""

    module: str
    names: Namespace
    statements: dict[str, ForEachStatement] = field(default_factory=dict)
    given: dict[Ref | Var, str] = field(default_factory=dict)
    outputs: dict[Ref, str] = field(default_factory=dict)
    tables: dict[str, Yaml] = field(default_factory=dict)


class Names:
    """The names of all that the files of an estate state.

    `files` are the files by the name of the module, ROOT the blueprint's; `aliases` those of the
    resource groups by the key of the id.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        modules = sorted({module for module in estate.files.values() if module != ROOT})
        self.files = {module: File(module, Namespace(PARAMETERS)) for module in (ROOT, *modules)}
        self.root = self.files[ROOT]
        for module in modules:
            self.root.names.take(module)
        self.aliases = self._name_groups()
        self._places: dict[str, tuple[str, str, str]] = {}
        for fold in estate.folds:
            self._name_statement(fold)

    def _name_groups(self) -> Mapping[str, str]:
        names = Namespace()
        found: dict[str, str] = {}
        for group in self._estate.groups:
            words = words_of(group.id.name, self._estate.habits)
            found[group.id.key] = names.take(camel(words) or "main", camel([*words, "group"]))
        return found

    def _name_statement(self, fold: ForEachStatement) -> None:
        """Name a statement after the common words of its resources, and their noun."""
        first = next(iter(fold.members.values()))
        file = self.files[self._estate.files[first.key]]
        words = list(self._estate.words.get(first.key, ()))
        noun = noun_of(first.type)
        if fold.repeats:
            lists = [list(self._estate.words.get(e.key, ())) for e in fold.members.values()]
            words = [word for word in words if all(word in other for other in lists)]
            noun = plural(noun)
        own = words_of(first.id.name, self._estate.habits)
        if file.module != ROOT:
            # The module is specific to the group, so its names need not repeat the group's words.
            group = group_of(first.id)
            group_words = self._group_words(group.key if group is not None else None)
            words, own = without_group(words, group_words), without_group(own, group_words)
        longer = [*words, *(word for word in own if word not in words)]
        short = words[1:] if words[:1] == [file.module] and len(words) > 1 else words
        name = file.names.take(
            *(unreserved(identifier(each, noun), first.type) for each in (short, words, longer))
        )
        file.statements[name] = fold
        for key, entry in fold.members.items():
            self._places[entry.key] = (file.module, name, key)

    def addresses(self) -> Mapping[str, str]:
        """Return the address of each resource and group by the key of its id."""
        found = {key: f"resourceGroups.{alias}" for key, alias in self.aliases.items()}
        for key, (module, name, entry) in self._places.items():
            prefix = f"{module}." if module else ""
            found[key] = f"{prefix}{name}[{entry}]" if entry else f"{prefix}{name}"
        return found

    def adopted(self) -> tuple[str, ...]:
        """Return the addresses that cover all adopted resources.

        They are modules, and the resources that the blueprint itself states.
        """
        groups = any(not group.existing for group in self._estate.groups)
        modules = [module for module in self.files if module != ROOT]
        return (
            *(("resourceGroups",) if groups else ()),
            *modules,
            *self.root.statements,
        )

    def expression(self, file: File, ref: Ref) -> str:
        """Return how a file reads something: by its name, or as a parameter."""
        if ref.key in self.aliases:
            return self._group_expression(file, ref)
        module, name, key = self._places[ref.key]
        if module == file.module:
            return f"{_indexed_name(name, key)}.{ref.attribute}"
        if file.module == ROOT:
            return f"{module}.{self._output_name(self.files[module], ref)}"
        return self._parameter_name(file, ref)

    def _group_expression(self, file: File, ref: Ref) -> str:
        if file.module == ROOT:
            return f"resourceGroups.{self.aliases[ref.key]}.{ref.attribute}"
        if ref.key == self.group_of(file):
            return f"resourceGroup.{ref.attribute}"
        return self._parameter_name(file, ref)

    def group_of(self, file: File) -> str | None:
        """Return the key of the resource group that contains most resources of a file."""
        keys = [f.entry.group for f in file.statements.values() if f.entry.group]
        return max(sorted(set(keys)), key=keys.count) if keys else None

    def _parameter_name(self, file: File, ref: Ref) -> str:
        source = Ref(ref.key, ref.attribute)
        if source not in file.given:
            file.given[source] = file.names.take(
                self._passed_name(source, file), self._passed_name(source)
            )
        return file.given[source]

    def _output_name(self, file: File, ref: Ref) -> str:
        source = Ref(ref.key, ref.attribute)
        if source not in file.outputs:
            taken = Namespace(file.outputs.values())
            file.outputs[source] = taken.take(
                self._passed_name(source, file), self._passed_name(source)
            )
        return file.outputs[source]

    def _passed_name(self, ref: Ref, file: File | None = None) -> str:
        """Return the name of the parameter or output that passes a reference on.

        An example is `hubNetworkId`; in a file that is the hub's own, `networkId`.
        """
        if ref.key in self.aliases:
            stem = f"{self.aliases[ref.key]}Group"
        else:
            group_words = self._group_words(self.group_of(file)) if file is not None else ()
            words = without_group(self._estate.words.get(ref.key, ()), group_words)
            stem = identifier(words, noun_of(self._type_of(ref.key)))
        step = ref.attribute.rpartition(".")[2].partition("[")[0]
        return f"{stem}{step[:1].upper()}{step[1:]}"

    def _type_of(self, key: str) -> str:
        module, name, _ = self._places[key]
        return self.files[module].statements[name].entry.type

    def stem(self, file: File) -> str:
        """Return the name of a module without the resource group that it is for."""
        words = self._group_words(self.group_of(file))
        ending = "".join(word[:1].upper() + word[1:] for word in words)
        return file.module.removesuffix(ending) if ending else file.module

    def _group_words(self, key: str | None) -> Sequence[str]:
        """Return the distinctive words of a resource group's name."""
        name = key.rpartition("/")[2] if key is not None else ""
        return words_of(name, self._estate.habits)


def _indexed_name(name: str, key: str) -> str:
    return f'{name}["{key}"]' if key else name
