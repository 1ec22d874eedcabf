"""How each property of a type is compared: schema and facts in one tree, built as it is walked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, SchemaIndex, Shape

_ENVELOPE = frozenset({"id", "name", "type", "etag", "systemdata"})
_UNTYPED = Shape(Kind.ANY)


@dataclass(slots=True, eq=False)
class Rule:
    """How one property is compared.

    `path` is generic (`[]` for entries). `silent` properties are passed over: only Azure writes
    them, or Azure never answers them.
    """

    path: str
    name: str
    shape: Shape
    fact: Field
    silent: bool
    children: dict[str, "Rule"] = field(default_factory=dict)
    entry: "Rule | None" = None


class Rules:
    """The rules of one type, each made once. Not safe to share between threads while it grows."""

    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex) -> None:
        self._type = resource_type
        self._schemas = schemas
        root = Shape(Kind.OBJECT, schemas.roots[resource_type.name])
        self.root = Rule("", "", root, resource_type.fact(""), silent=False)

    def child(self, rule: Rule, key: str) -> Rule:
        """Return the rule of the property `key` of an object or map, case ignored."""
        folded = key.lower()
        known = rule.children.get(folded)
        if known is not None:
            return known
        if rule.shape.kind is Kind.MAP:
            entry = self.entry(rule)
            made = Rule(entry.path, key, entry.shape, entry.fact, entry.silent)
        else:
            made = self._property(rule, key, folded)
        rule.children[folded] = made
        return made

    def _property(self, rule: Rule, key: str, folded: str) -> Rule:
        model = self._schemas.models.get(rule.shape.model or "")
        prop = model.find(key) if model else None
        name = prop.name if prop else key
        path = f"{rule.path}.{name}" if rule.path else name
        fact = self._type.fact(path)
        silent = (
            (prop is not None and prop.read_only)
            or fact.read_only
            or fact.write_only
            or fact.compare is Compare.IGNORED
            or (not rule.path and folded in _ENVELOPE)
        )
        return Rule(path, name, prop.shape if prop else _UNTYPED, fact, silent)

    def entry(self, rule: Rule) -> Rule:
        """Return the rule of the entries of a list or map."""
        if rule.entry is None:
            path = f"{rule.path}[]"
            shape = rule.shape.item or _UNTYPED
            rule.entry = Rule(path, "[]", shape, self._type.fact(path), silent=False)
        return rule.entry

    def properties(self, rule: Rule) -> Mapping[str, Rule]:
        """Return the rules of the properties that the schema names, by name."""
        model = self._schemas.models.get(rule.shape.model or "")
        names = model.properties if model else {}
        return {name: self.child(rule, name) for name in names}
