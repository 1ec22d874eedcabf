"""Writes the files of an adopted estate: blueprint, modules and environment.

`pipeline` calls it last, with names, references and module assignment already decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.adoption.expression_templates import Template, Tree, Var, leaves, text_of, write
from provisioner.adoption.file_names import PARAMETERS, Estate, File, Names
from provisioner.adoption.list_tables import tabulate
from provisioner.adoption.module_assignment import ROOT
from provisioner.adoption.resource_tables import ForEachStatement, Row
from provisioner.adoption.shared_modules import share_modules
from provisioner.adoption.yaml_text import Yaml, render_yaml

_TYPES = {"id": "resourceId", "properties.principalId": "guid", "properties.clientId": "guid"}


@dataclass(frozen=True, slots=True)
class Written:
    """The generated files by path, the environment's first, and the address of each resource.

    Addresses are by the key of the resource id. `adopt` are the addresses that the environment
    takes over, a whole module by its name. `statements` are the keys of the resources that each
    statement declares, by its file and name.
    """

    files: Mapping[str, str]
    addresses: Mapping[str, str]
    adopt: tuple[str, ...]
    statements: Mapping[tuple[str, str], tuple[str, ...]]


def write_estate(estate: Estate) -> Written:
    """Return the files of an estate."""
    return _EstateWriter(estate).write()


class _EstateWriter:
    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._names = Names(estate)
        self._root = self._names.root

    def write(self) -> Written:
        """Return all files."""
        texts: dict[str, str] = {}
        bodies = {
            module: {name: self._tabulate_statement(file, name) for name in file.statements}
            for module, file in sorted(self._names.files.items(), reverse=True)
        }
        modules = {module: file for module, file in self._names.files.items() if module != ROOT}
        calls = {module: self._module_use(file) for module, file in modules.items()}
        shared = share_modules(
            {
                module: self._module_document(file, bodies[module])
                for module, file in modules.items()
            },
            {module: self._names.stem(file) for module, file in modules.items()},
        )
        for module, use in shared.uses.items():
            given = calls[module].get("parameters", {})
            assert isinstance(given, Mapping)
            calls[module]["source"] = f"{self._estate.name}/{use.file}.yaml"
            if use.parameters:
                calls[module]["parameters"] = {**use.parameters, **given}
        base = f"blueprints/{self._estate.name}"
        texts[f"environments/{self._estate.name}.yaml"] = self._environment_text()
        texts[f"{base}.yaml"] = self._blueprint_text(bodies[ROOT], calls)
        comments: dict[str, dict[tuple[str, ...], str]] = {}
        statements: dict[tuple[str, str], tuple[str, ...]] = {}
        for module, file in self._names.files.items():
            file_name = shared.uses[module].file if module != ROOT else ROOT
            path = f"{base}/{file_name}.yaml" if module != ROOT else f"{base}.yaml"
            comments.setdefault(file_name, {}).update(self._secret_comments(file))
            for name, fold in file.statements.items():
                keys = tuple(entry.key for entry in fold.members.values())
                statements[path, name] = (*statements.get((path, name), ()), *keys)
        for name, document in shared.files.items():
            texts[f"{base}/{name}.yaml"] = render_yaml(document, comments[name])
        return Written(texts, self._names.addresses(), self._names.adopted(), statements)

    # Statements

    def _tabulate_statement(self, file: File, name: str) -> Mapping[str, Yaml]:
        """Return a statement whose lists are tables where that is shorter."""
        fold = file.statements[name]
        statement: Mapping[str, Yaml] = self._statement_content(file, fold)
        if self._estate.plain & {entry.key for entry in fold.members.values()}:
            return statement
        statement, tables = tabulate(statement, name, file.names)
        file.tables |= tables
        return statement

    def _statement_content(self, file: File, fold: ForEachStatement) -> dict[str, Yaml]:
        entry = fold.entry
        found: dict[str, Yaml] = {"type": entry.type}
        if entry.api_version is not None:
            found["apiVersion"] = entry.api_version
        if fold.repeats:
            found["forEach"] = (
                {
                    key: self._row_document(file, row, alone=fold.alone)
                    for key, row in fold.rows.items()
                }
                if fold.rows is not None
                else list(fold.members)
            )
        found["name"] = self._expression_text(file, self._name_of(entry.name))
        if entry.group is not None and (
            file.module == ROOT or entry.group != self._names.group_of(file)
        ):
            found["resourceGroup"] = self._names.aliases[entry.group]
        if entry.parent is not None:
            found["parent"] = self._expression_text(file, entry.parent)
        if entry.scope is not None:
            found["scope"] = self._expression_text(file, entry.scope)
        if entry.location is not None:
            found["location"] = self._expression_text(
                file, self._location_or_parameter(entry.location)
            )
        for key, value in entry.body.items():
            item = self._yaml_value(file, value)
            if key.plain == "tags" and isinstance(item, Mapping):
                own = {n: v for n, v in item.items() if n not in self._estate.shared_tags}
                if own:
                    found["tags"] = own
                continue
            found[self._expression_text(file, key)] = item
        return _order_properties(found)

    def _row_document(self, file: File, row: Row, *, alone: bool) -> Yaml:
        cells = {title: self._yaml_value(file, cell) for title, cell in row.items()}
        return next(iter(cells.values())) if alone else cells

    def _name_of(self, name: Template) -> Template:
        return name

    def _location_or_parameter(self, location: Template) -> Template:
        if location.plain == self._estate.location:
            return Template.of(Var("location", is_parameter=True))
        return location

    def _yaml_value(self, file: File, value: Tree) -> Yaml:
        return text_of(value, lambda text: self._expression_text(file, text))

    def _expression_text(self, file: File, template: Template) -> str:
        for part in template.parts:
            if isinstance(part, Var) and part.is_parameter and file.module != ROOT:
                file.given[part] = part.text
        return write(template, lambda ref: self._names.expression(file, ref))

    # Files

    def _module_use(self, file: File) -> dict[str, Yaml]:
        """Return the use of a module in the blueprint.

        A value that is read from another module becomes an output of that module.
        """
        found: dict[str, Yaml] = {"source": f"{self._estate.name}/{file.module}.yaml"}
        group = self._names.group_of(file)
        if group is not None:
            found["resourceGroup"] = self._names.aliases[group]
        given: dict[str, Yaml] = {}
        for wanted, name in file.given.items():
            if isinstance(wanted, Var):
                given[name] = f"${{{wanted.text}}}"
            else:
                given[name] = f"${{{self._names.expression(self._root, wanted)}}}"
        if given:
            found["parameters"] = given
        return found

    def _module_document(self, file: File, statements: Mapping[str, Yaml]) -> Mapping[str, Yaml]:
        document: dict[str, Yaml] = {"apiVersion": "azsec/v1", "kind": "Module"}
        given: dict[str, Yaml] = {}
        for wanted, name in file.given.items():
            if isinstance(wanted, Var):
                given[name] = {"type": "string"}
            else:
                given[name] = {"type": _TYPES.get(wanted.attribute, "string")}
        if given:
            document["parameters"] = given
        if file.tables:
            document["locals"] = file.tables
        document["resources"] = statements
        if file.outputs:
            document["outputs"] = {
                name: f"${{{self._names.expression(file, ref)}}}"
                for ref, name in file.outputs.items()
            }
        return document

    def _blueprint_text(
        self, statements: Mapping[str, Yaml], calls: Mapping[str, Mapping[str, Yaml]]
    ) -> str:
        estate = self._estate
        groups: dict[str, Yaml] = {}
        for group in estate.groups:
            entry: dict[str, Yaml] = {
                "subscription": group.subscription,
                "name": self._expression_text(self._root, estate.habits.template(group.id.name)),
                "location": self._expression_text(
                    self._root, self._location_or_parameter(Template.of(group.location))
                ),
            }
            own = {n: v for n, v in group.tags.items() if n not in estate.shared_tags}
            if own and not group.existing:
                entry["tags"] = own
            if group.existing:
                entry["existing"] = True
            groups[self._names.aliases[group.id.key]] = entry
        document: dict[str, Yaml] = {
            "apiVersion": "azsec/v1",
            "kind": "Blueprint",
            "metadata": {"name": estate.name, "description": "Adopted from what stood in Azure."},
            "parameters": {name: PARAMETERS[name] for name in self._used_parameters()},
        }
        if estate.shared_tags:
            document["tags"] = dict(estate.shared_tags)
        if self._root.tables:
            document["locals"] = self._root.tables
        document["resourceGroups"] = groups
        if statements:
            document["resources"] = statements
        if calls:
            document["modules"] = dict(calls)
        return render_yaml(
            {key: item for key, item in document.items() if item}, self._secret_comments(self._root)
        )

    def _used_parameters(self) -> Iterator[str]:
        """Yield the parameters of the blueprint that something reads."""
        estate = self._estate
        templates = [estate.habits.template(group.id.name) for group in estate.groups]
        templates += [
            self._location_or_parameter(Template.of(group.location)) for group in estate.groups
        ]
        for fold in estate.folds:
            templates += [fold.entry.name, *leaves(fold.entry.body)]
            templates += [
                self._location_or_parameter(t) for t in (fold.entry.location,) if t is not None
            ]
        used = {
            part.text
            for template in templates
            for part in template.parts
            if isinstance(part, Var) and part.is_parameter
        }
        return (name for name in PARAMETERS if name in used)

    def _environment_text(self) -> str:
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
        used = {name: values[name] for name in self._used_parameters()}
        if used:
            document["parameters"] = used
        comments: dict[tuple[str, ...], str] = {}
        if not estate.observe:
            document["adopt"] = list(self._names.adopted())
            comments["adopt",] = (
                "What the first apply takes over: it writes azsec's marks, and nothing else."
            )
        if estate.warns_of_proofs:
            document["gates"] = {"proofs": "warn"}
            comments["gates",] = "Proofs failed before azsec came. Remove this once they hold."
        return render_yaml(document, comments)

    def _secret_comments(self, file: File) -> Mapping[tuple[str, ...], str]:
        """Return the comments of a file: which secrets its resources have in Azure alone."""
        return {
            ("resources", name): "\n".join(
                f"{path} is a secret, which stays only in Azure." for path in fold.entry.secrets
            )
            for name, fold in file.statements.items()
            if fold.entry.secrets
        }


_LEADING_PROPERTIES = (
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


def _order_properties(statement: Mapping[str, Yaml]) -> dict[str, Yaml]:
    """Return a statement in the order in which people write them: tags and properties last."""
    first = {key: statement[key] for key in _LEADING_PROPERTIES if key in statement}
    rest = {key: item for key, item in statement.items() if key not in first and key != "tags"}
    last = {key: statement[key] for key in ("tags",) if key in statement}
    return {**first, **rest, **last}
