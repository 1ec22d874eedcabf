"""The files of an adopted estate: blueprint, modules, environment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.adoption.entries import Entry, group_of
from provisioner.adoption.layout import ROOT
from provisioner.adoption.naming import (
    Habits,
    Namespace,
    camel,
    identifier,
    plural,
    without_group,
    words_of,
)
from provisioner.adoption.repetition import Fold, Row
from provisioner.adoption.shared_modules import share_modules
from provisioner.adoption.templates import Ref, Template, Tree, Var, leaves, write
from provisioner.adoption.yaml_text import Yaml, render_yaml
from provisioner.catalog.type_roles import noun_of
from provisioner.model.resource_id import ResourceId

_PARAMETERS = {
    "prefix": {"type": "string", "description": "What names begin with."},
    "location": {"type": "string", "description": "The region."},
}
_TYPES = {"id": "resourceId", "properties.principalId": "guid", "properties.clientId": "guid"}


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
    """What the files state: groups, statements with the file of each, what names and tags have in
    common, and where it all is."""

    name: str
    groups: Sequence[Group]
    folds: Sequence[Fold]
    files: Mapping[str, str]
    words: Mapping[str, Sequence[str]]
    habits: Habits
    location: str
    shared_tags: Mapping[str, str]
    cloud: str
    tenant: str
    subscriptions: Mapping[str, str]
    environment_id: str
    observe: bool = False
    warns_of_proofs: bool = False
    auth: str = "default"


@dataclass(frozen=True, slots=True)
class Written:
    """The files by path, the environment's first, and the address of each resource by the key of
    its id. `adopt` are the addresses that the environment takes over, whole modules by their
    name. `statements` are the keys of what each statement is about, by its file and name."""

    files: Mapping[str, str]
    addresses: Mapping[str, str]
    adopt: tuple[str, ...]
    statements: Mapping[tuple[str, str], tuple[str, ...]]


def write_estate(estate: Estate) -> Written:
    """Return the files of an estate."""
    return _Writer(estate).write()


@dataclass
class _File:
    """One file while it is written: its names, what it is given, and what it gives."""

    module: str
    names: Namespace
    statements: dict[str, Fold] = field(default_factory=dict)
    given: dict[Ref | Var, str] = field(default_factory=dict)
    outputs: dict[Ref, str] = field(default_factory=dict)


class _Writer:
    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        modules = sorted({module for module in estate.files.values() if module != ROOT})
        self._files = {module: _File(module, Namespace(_PARAMETERS)) for module in (ROOT, *modules)}
        self._root = self._files[ROOT]
        for module in modules:
            self._root.names.take(module)
        self._aliases = self._name_groups()
        self._place: dict[str, tuple[str, str, str]] = {}
        for fold in estate.folds:
            self._name(fold)

    def _name_groups(self) -> Mapping[str, str]:
        names = Namespace()
        found: dict[str, str] = {}
        for group in self._estate.groups:
            words = words_of(group.id.name, self._estate.habits)
            found[group.id.key] = names.take(camel(words) or "main", camel([*words, "group"]))
        return found

    def _name(self, fold: Fold) -> None:
        """Give a statement its name: what its resources have in common, and what they are."""
        first = next(iter(fold.members.values()))
        file = self._files[self._estate.files[first.key]]
        words = list(self._estate.words.get(first.key, ()))
        noun = noun_of(first.type)
        if fold.repeats:
            lists = [list(self._estate.words.get(e.key, ())) for e in fold.members.values()]
            words = [word for word in words if all(word in other for other in lists)]
            noun = plural(noun)
        own = words_of(first.id.name, self._estate.habits)
        if file.module != ROOT:
            # The module is the group's already.
            group = group_of(first.id)
            around = self._group_words(group.key if group is not None else None)
            words, own = without_group(words, around), without_group(own, around)
        longer = [*words, *(word for word in own if word not in words)]
        short = words[1:] if words[:1] == [file.module] and len(words) > 1 else words
        name = file.names.take(
            identifier(short, noun), identifier(words, noun), identifier(longer, noun)
        )
        file.statements[name] = fold
        for key, entry in fold.members.items():
            self._place[entry.key] = (file.module, name, key)

    def write(self) -> Written:
        """Return all files."""
        texts: dict[str, str] = {}
        bodies = {
            module: {name: self._statement(file, fold) for name, fold in file.statements.items()}
            for module, file in sorted(self._files.items(), reverse=True)
        }
        modules = {module: file for module, file in self._files.items() if module != ROOT}
        calls = {module: self._call(file) for module, file in modules.items()}
        shared = share_modules(
            {module: self._module(file, bodies[module]) for module, file in modules.items()},
            {module: self._stem(file) for module, file in modules.items()},
        )
        for module, use in shared.uses.items():
            given = calls[module].get("parameters", {})
            assert isinstance(given, Mapping)
            calls[module]["source"] = f"{self._estate.name}/{use.file}.yaml"
            if use.parameters:
                calls[module]["parameters"] = {**use.parameters, **given}
        base = f"blueprints/{self._estate.name}"
        texts[f"environments/{self._estate.name}.yaml"] = self._environment()
        texts[f"{base}.yaml"] = self._blueprint(bodies[ROOT], calls)
        comments: dict[str, dict[tuple[str, ...], str]] = {}
        statements: dict[tuple[str, str], tuple[str, ...]] = {}
        for module, file in self._files.items():
            at = shared.uses[module].file if module != ROOT else ROOT
            path = f"{base}/{at}.yaml" if module != ROOT else f"{base}.yaml"
            comments.setdefault(at, {}).update(self._comments(file))
            for name, fold in file.statements.items():
                keys = tuple(entry.key for entry in fold.members.values())
                statements[path, name] = (*statements.get((path, name), ()), *keys)
        for name, document in shared.files.items():
            texts[f"{base}/{name}.yaml"] = render_yaml(document, comments[name])
        return Written(texts, self._addresses(), self._adopt(), statements)

    def _addresses(self) -> Mapping[str, str]:
        found = {key: f"resourceGroups.{alias}" for key, alias in self._aliases.items()}
        for key, (module, name, entry) in self._place.items():
            prefix = f"{module}." if module else ""
            found[key] = f"{prefix}{name}[{entry}]" if entry else f"{prefix}{name}"
        return found

    def _adopt(self) -> tuple[str, ...]:
        groups = any(not group.existing for group in self._estate.groups)
        modules = [module for module in self._files if module != ROOT]
        return (
            *(("resourceGroups",) if groups else ()),
            *modules,
            *self._root.statements,
        )

    # References

    def _expression(self, file: _File, ref: Ref) -> str:
        """Return how a file reads something: by its name, or as a parameter."""
        if ref.key in self._aliases:
            return self._group_expression(file, ref)
        module, name, key = self._place[ref.key]
        if module == file.module:
            return f"{_indexed(name, key)}.{ref.attribute}"
        if file.module == ROOT:
            return f"{module}.{self._output(self._files[module], ref)}"
        return self._parameter(file, ref)

    def _group_expression(self, file: _File, ref: Ref) -> str:
        if file.module == ROOT:
            return f"resourceGroups.{self._aliases[ref.key]}.{ref.attribute}"
        if ref.key == self._group_of(file):
            return f"resourceGroup.{ref.attribute}"
        return self._parameter(file, ref)

    def _group_of(self, file: _File) -> str | None:
        """Return the key of the group that most resources of a file stand in."""
        keys = [f.entry.group for f in file.statements.values() if f.entry.group]
        return max(sorted(set(keys)), key=keys.count) if keys else None

    def _parameter(self, file: _File, ref: Ref) -> str:
        wanted = Ref(ref.key, ref.attribute)
        if wanted not in file.given:
            file.given[wanted] = file.names.take(self._title(wanted, file), self._title(wanted))
        return file.given[wanted]

    def _output(self, file: _File, ref: Ref) -> str:
        wanted = Ref(ref.key, ref.attribute)
        if wanted not in file.outputs:
            taken = Namespace(file.outputs.values())
            file.outputs[wanted] = taken.take(self._title(wanted, file), self._title(wanted))
        return file.outputs[wanted]

    def _title(self, ref: Ref, file: _File | None = None) -> str:
        """Return what a reference is called where it is handed over: `hubNetworkId`; to a file that
        is the hub's, `networkId`."""
        if ref.key in self._aliases:
            stem = f"{self._aliases[ref.key]}Group"
        else:
            around = self._group_words(self._group_of(file)) if file is not None else ()
            words = without_group(self._estate.words.get(ref.key, ()), around)
            stem = identifier(words, noun_of(self._type_of(ref.key)))
        step = ref.attribute.rpartition(".")[2].partition("[")[0]
        return f"{stem}{step[:1].upper()}{step[1:]}"

    def _type_of(self, key: str) -> str:
        module, name, _ = self._place[key]
        return self._files[module].statements[name].entry.type

    # Statements

    def _statement(self, file: _File, fold: Fold) -> dict[str, Yaml]:
        entry = fold.entry
        found: dict[str, Yaml] = {"type": entry.type}
        if entry.api_version is not None:
            found["apiVersion"] = entry.api_version
        if fold.repeats:
            found["forEach"] = (
                {key: self._row(file, row) for key, row in fold.rows.items()}
                if fold.rows is not None
                else list(fold.members)
            )
        found["name"] = self._text(file, self._name_of(entry.name))
        if entry.group is not None and (file.module == ROOT or entry.group != self._group_of(file)):
            found["resourceGroup"] = self._aliases[entry.group]
        if entry.parent is not None:
            found["parent"] = self._text(file, entry.parent)
        if entry.scope is not None:
            found["scope"] = self._text(file, entry.scope)
        if entry.location is not None:
            found["location"] = self._text(file, self._place_of(entry.location))
        for key, value in entry.body.items():
            item = self._value(file, value)
            if key.plain == "tags" and isinstance(item, Mapping):
                own = {n: v for n, v in item.items() if n not in self._estate.shared_tags}
                if own:
                    found["tags"] = own
                continue
            found[self._text(file, key)] = item
        return _ordered(found)

    def _row(self, file: _File, row: Row) -> Yaml:
        if isinstance(row, Mapping):
            return {title: self._value(file, leaf) for title, leaf in row.items()}
        return self._value(file, row)

    def _name_of(self, name: Template) -> Template:
        return name

    def _place_of(self, location: Template) -> Template:
        if location.plain == self._estate.location:
            return Template.of(Var("location", is_parameter=True))
        return location

    def _value(self, file: _File, value: Tree) -> Yaml:
        if isinstance(value, Template):
            return self._text(file, value)
        if isinstance(value, Mapping):
            return {self._text(file, key): self._value(file, item) for key, item in value.items()}
        if isinstance(value, tuple):
            return [_name_first(self._value(file, item)) for item in value]
        return value

    def _text(self, file: _File, template: Template) -> str:
        for part in template.parts:
            if isinstance(part, Var) and part.is_parameter and file.module != ROOT:
                file.given[part] = part.text
        return write(template, lambda ref: self._expression(file, ref))

    # Files

    def _call(self, file: _File) -> dict[str, Yaml]:
        """Return how the blueprint uses a module. What is asked of other modules becomes an output
        of theirs."""
        found: dict[str, Yaml] = {"source": f"{self._estate.name}/{file.module}.yaml"}
        group = self._group_of(file)
        if group is not None:
            found["resourceGroup"] = self._aliases[group]
        given: dict[str, Yaml] = {}
        for wanted, name in file.given.items():
            if isinstance(wanted, Var):
                given[name] = f"${{{wanted.text}}}"
            else:
                given[name] = f"${{{self._expression(self._root, wanted)}}}"
        if given:
            found["parameters"] = given
        return found

    def _stem(self, file: _File) -> str:
        """Return what a module is called without the group that it is for."""
        words = self._group_words(self._group_of(file))
        ending = "".join(word[:1].upper() + word[1:] for word in words)
        return file.module.removesuffix(ending) if ending else file.module

    def _group_words(self, key: str | None) -> Sequence[str]:
        """Return the telling words of a group's name."""
        name = key.rpartition("/")[2] if key is not None else ""
        return words_of(name, self._estate.habits)

    def _module(self, file: _File, statements: Mapping[str, Yaml]) -> Mapping[str, Yaml]:
        document: dict[str, Yaml] = {"apiVersion": "azsec/v1", "kind": "Module"}
        given: dict[str, Yaml] = {}
        for wanted, name in file.given.items():
            if isinstance(wanted, Var):
                given[name] = {"type": "string"}
            else:
                given[name] = {"type": _TYPES.get(wanted.attribute, "string")}
        if given:
            document["parameters"] = given
        document["resources"] = statements
        if file.outputs:
            document["outputs"] = {
                name: f"${{{self._expression(file, ref)}}}" for ref, name in file.outputs.items()
            }
        return document

    def _blueprint(
        self, statements: Mapping[str, Yaml], calls: Mapping[str, Mapping[str, Yaml]]
    ) -> str:
        estate = self._estate
        groups: dict[str, Yaml] = {}
        for group in estate.groups:
            entry: dict[str, Yaml] = {
                "subscription": group.subscription,
                "name": self._text(self._root, estate.habits.template(group.id.name)),
                "location": self._text(self._root, self._place_of(Template.of(group.location))),
            }
            own = {n: v for n, v in group.tags.items() if n not in estate.shared_tags}
            if own and not group.existing:
                entry["tags"] = own
            if group.existing:
                entry["existing"] = True
            groups[self._aliases[group.id.key]] = entry
        document: dict[str, Yaml] = {
            "apiVersion": "azsec/v1",
            "kind": "Blueprint",
            "metadata": {"name": estate.name, "description": "Adopted from what stood in Azure."},
            "parameters": {name: _PARAMETERS[name] for name in self._used()},
        }
        if estate.shared_tags:
            document["tags"] = {
                name: self._text(self._root, estate.habits.template(value))
                if value == estate.habits.environment
                else value
                for name, value in estate.shared_tags.items()
            }
        document["resourceGroups"] = groups
        if statements:
            document["resources"] = statements
        if calls:
            document["modules"] = dict(calls)
        return render_yaml(
            {key: item for key, item in document.items() if item}, self._comments(self._root)
        )

    def _used(self) -> Iterator[str]:
        """Yield the parameters of the blueprint that something reads."""
        estate = self._estate
        templates = [estate.habits.template(group.id.name) for group in estate.groups]
        templates += [self._place_of(Template.of(group.location)) for group in estate.groups]
        for fold in estate.folds:
            templates += [fold.entry.name, *leaves(fold.entry.body)]
            templates += [self._place_of(t) for t in (fold.entry.location,) if t is not None]
        used = {
            part.text
            for template in templates
            for part in template.parts
            if isinstance(part, Var) and part.is_parameter
        }
        return (name for name in _PARAMETERS if name in used)

    def _environment(self) -> str:
        estate = self._estate
        values = {"prefix": estate.habits.prefix, "location": estate.location}
        document: dict[str, Yaml] = {
            "apiVersion": "azsec/v1",
            "kind": "Environment",
            "metadata": {"name": estate.name, "id": estate.environment_id},
            "blueprint": f"../blueprints/{estate.name}.yaml",
            "cloud": estate.cloud,
        }
        if estate.auth != "default":
            document["auth"] = estate.auth
        if estate.observe:
            document["mode"] = "observe"
        document["tenantId"] = estate.tenant
        document["subscriptions"] = dict(estate.subscriptions)
        used = {name: values[name] for name in self._used()}
        if used:
            document["parameters"] = used
        comments: dict[tuple[str, ...], str] = {}
        if not estate.observe:
            document["adopt"] = list(self._adopt())
            comments["adopt",] = (
                "What the first apply takes over: it writes azsec's marks, and nothing else."
            )
        if estate.warns_of_proofs:
            document["gates"] = {"proofs": "warn"}
            comments["gates",] = "Proofs failed before azsec came. Remove this once they hold."
        return render_yaml(document, comments)

    def _comments(self, file: _File) -> Mapping[tuple[str, ...], str]:
        """Return the comments of a file: which secrets its resources have in Azure alone."""
        return {
            ("resources", name): "\n".join(
                f"{path} is a secret, which stays in Azure alone." for path in fold.entry.secrets
            )
            for name, fold in file.statements.items()
            if fold.entry.secrets
        }


def _name_first(value: Yaml) -> Yaml:
    """Return an entry of a list with its name first, as people write it."""
    if not isinstance(value, Mapping) or "name" not in value:
        return value
    return {"name": value["name"], **value}


def _indexed(name: str, key: str) -> str:
    return f'{name}["{key}"]' if key else name


_FIRST = (
    "type",
    "apiVersion",
    "forEach",
    "name",
    "resourceGroup",
    "parent",
    "scope",
    "location",
    "kind",
    "sku",
    "zones",
    "identity",
)


def _ordered(statement: Mapping[str, Yaml]) -> dict[str, Yaml]:
    """Return a statement in the order in which people write them: tags and properties last."""
    first = {key: statement[key] for key in _FIRST if key in statement}
    rest = {key: item for key, item in statement.items() if key not in first and key != "tags"}
    last = {key: statement[key] for key in ("tags",) if key in statement}
    return {**first, **rest, **last}


def shared_tags(taggable: Sequence[Entry], groups: Sequence[Group]) -> Mapping[str, str]:
    """Return the tags that all of some entries carry, with their values: a blueprint's tags go to
    everything that takes tags, and to its groups."""
    carried = [group.tags for group in groups if not group.existing]
    carried += [_tags_of(entry) for entry in taggable]
    first: Mapping[str, str] = carried[0] if carried else {}
    return {
        name: value
        for name, value in first.items()
        if all(tags.get(name) == value for tags in carried)
    }


def _tags_of(entry: Entry) -> Mapping[str, str]:
    tags = entry.body.get(Template.of("tags"))
    found: dict[str, str] = {}
    for key, value in tags.items() if isinstance(tags, Mapping) else ():
        if key.plain is not None and isinstance(value, Template) and value.plain is not None:
            found[key.plain] = value.plain
    return found
