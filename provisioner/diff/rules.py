"""The comparison rules of a type: schema and facts of its properties as one tree, built once.

A rule states whether Azure computes a property, whether a change of it needs a new resource, and
how its values compare. A fact of the type (`catalog`) counts before the schema. Called by the other
modules of the package.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from provisioner.catalog.field import NO_FACTS, Compare, Field, ImmutableRule
from provisioner.catalog.property_spelling import spell
from provisioner.catalog.resource_type import Embedded, ResourceType, Tier
from provisioner.catalog.schema import Kind, Model, Property, SchemaIndex, Shape
from provisioner.model.values import ABSENT

_TAGS = "tags"
_LOCATION = "location"
_ENVELOPE = frozenset({"id", "name", "type", "etag", "systemdata"})
_ENVELOPE_OF_ENTRY = frozenset({"id", "type", "etag", "systemdata"})
_RESOURCE = ("id", "name", "properties")
_UNTYPED = Shape(Kind.ANY)
_READ = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.LONG, Kind.NUMBER})


@dataclass(slots=True, eq=False)
class Rule:
    """How one property is compared.

    path       generic, `[]` for entries, but for those of a map that facts name
    generic    `[]` for all entries
    name       as the schema spells it, `[]` for entries
    compare    the fact's own way, else the one that the schema implies, else None
    computed   only Azure writes it
    silent     passed over: computed, never answered, or ignored by a fact
    stated     computed, and compared nevertheless where the body states it
    closed     inside an open object in which Azure fills in nothing
    generated  the id, type or ETag of an entry that is a resource: passed over where it has a name
    unmodelled  the schema of the object that it stands in does not have it
    states      computed, with a state at or below it that may be an ailing one (`Field.health`)
    create_only  whether a change needs a new resource: the facts' word, its own or that of what it
               stands in, or the SDK's
    definite   whether to lack it is a value like any other
    whole      the object or map whose default says its own, where no fact does; None where that
               says nothing of it
    embedded   set on a list whose entries are child resources
    is_map     whether its keys are content of their own, and no property names
    reads      whether the schema takes its values for numbers or booleans, which text may be
    """

    path: str
    generic: str
    name: str
    shape: Shape
    fact: Field
    compare: Compare | None
    computed: bool = False
    silent: bool = False
    stated: bool = False
    closed: bool = False
    generated: bool = False
    unmodelled: bool = False
    states: bool = False
    create_only: ImmutableRule = False
    definite: bool = False
    whole: "Rule | None" = field(default=None, repr=False)
    embedded: Embedded | None = None
    properties: dict[str, "Rule"] | None = field(default=None, repr=False)
    entry: "Rule | None" = field(default=None, repr=False)
    is_map: bool = field(init=False)
    reads: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_map = self.shape.kind is Kind.MAP
        self.reads = self.shape.kind in _READ

    def fold(self, key: str) -> str:
        """Return what every spelling of a name has in common.

        The name is that of a property or the key of a map. Keys that are content (of labels) are
        case-sensitive.
        """
        return key if self.compare is Compare.VERBATIM else key.lower()

    @property
    def is_entry(self) -> bool:
        """Whether it is of the entries of a list or map."""
        return self.generic.endswith("[]")

    @property
    def is_tags(self) -> bool:
        """Whether it is the tags of a resource, in which others, such as a policy, have entries."""
        return self.name == _TAGS and self.shape.kind is Kind.MAP


class Rules:
    """The comparison rules of one type.

    What is below a rule is made when it is first read, and kept; only what the schema names is
    kept, so that no stream of bodies makes the tree grow without bound.
    """

    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex) -> None:
        self._type = resource_type
        self._schemas = schemas
        self.has_facts = resource_type.tier is Tier.KNOWN
        self._embedded = {embedded.path.lower(): embedded for embedded in resource_type.embedded}
        root = Shape(Kind.OBJECT, schemas.roots[resource_type.name])
        self.root = Rule("", "", "", root, resource_type.fact(""), None)

    def child(self, rule: Rule, key: str) -> Rule:
        """Return the rule of the property `key` of an object or map, case ignored."""
        known = rule.properties
        if known is None:
            known = self._named_entries(rule) if rule.is_map else self._property_rules(rule)
        found = known.get(key) or known.get(key.lower())
        if found is not None:
            return found
        if rule.is_map:
            return self.entry(rule)
        made = self._property_rule(rule, key, None)
        if made.silent or made.fact is not NO_FACTS:
            # Named by facts or by every resource: no stream of bodies brings ever more of these.
            known[key.lower()] = made
        return made

    def entry(self, rule: Rule) -> Rule:
        """Return the rule of the entries of a list or map."""
        if rule.entry is None:
            rule.entry = self._entry_rule(rule, f"{rule.path}[]", "[]")
        return rule.entry

    def spell(self, rule: Rule, value: object) -> object:
        """Return a value in the schema's spelling, as facts read it."""
        return spell(self._schemas, rule.shape, value)

    def _named_entries(self, rule: Rule) -> dict[str, Rule]:
        """Return the rules of those entries of a map that facts name by their key."""
        prefix = f"{rule.path}.".lower()
        keys = {
            path[len(prefix) :].split(".")[0].split("[")[0]
            for path in map(str.lower, self._type.fields)
            if path.startswith(prefix)
        }
        rule.properties = {
            key: self._entry_rule(rule, f"{rule.path}.{key}", key) for key in sorted(keys)
        }
        return rule.properties

    def _entry_rule(self, rule: Rule, path: str, name: str) -> Rule:
        shape = rule.shape.item or _UNTYPED
        generic = f"{rule.generic}[]"
        fact = self._facts_of(path, generic)
        compare = fact.compare or _implied_comparison("", shape) or _comparison_of_map(rule)
        create_only, definite = _immutability_of(rule, fact)
        return Rule(
            path,
            generic,
            name,
            shape,
            fact,
            compare,
            computed=fact.read_only,
            silent=fact.read_only or fact.write_only or fact.compare is Compare.IGNORED,
            create_only=create_only,
            definite=definite,
            whole=_whole_of(rule, shape, fact) if rule.is_map else None,
            closed=_is_closed(rule, shape),
        )

    def _facts_of(self, path: str, generic: str) -> Field:
        """Return the facts of a property; those of a named entry come before those of all."""
        named = self._type.fact(path)
        return self._type.fact(generic) if named is NO_FACTS else named

    def _property_rules(self, rule: Rule) -> dict[str, Rule]:
        model = self._model_of(rule)
        made: dict[str, Rule] = {}
        for prop in model.properties.values() if model else ():
            child = self._property_rule(rule, prop.name, prop)
            made[prop.name] = made[prop.name.lower()] = child
        rule.properties = made
        return made

    def _property_rule(self, rule: Rule, key: str, prop: Property | None) -> Rule:
        path = f"{rule.path}.{key}" if rule.path else key
        generic = f"{rule.generic}.{key}" if rule.path else key
        shape = prop.shape if prop else _UNTYPED
        fact = self._facts_of(path, generic)
        computed = (
            (prop is not None and prop.read_only)
            or fact.read_only
            or (not rule.path and key.lower() in _ENVELOPE)
        )
        create_only, definite = _immutability_of(rule, fact)
        # Azure moves nothing from region to region; a raw type's refusal is Azure's to say.
        moves = path == _LOCATION and self._type.tier is not Tier.RAW
        by_nature = (prop is not None and prop.create_only) or moves
        return Rule(
            path=path,
            generic=generic,
            name=key,
            shape=shape,
            fact=fact,
            compare=fact.compare or self._implied_comparison(rule, key, shape),
            computed=computed,
            silent=computed or fact.write_only or fact.compare is Compare.IGNORED,
            stated=fact.stated,
            closed=_is_closed(rule, shape),
            generated=self._is_generated(rule, key),
            # Of a raw type nothing has a model: what a write left out would be lost.
            unmodelled=prop is None
            and self._model_of(rule) is not None
            and self._type.tier is not Tier.RAW,
            states=computed and self._has_state(generic),
            create_only=create_only or by_nature,
            definite=definite,
            whole=_whole_of(rule, shape, fact),
            embedded=self._embedded.get(path.lower()),
        )

    def _implied_comparison(self, rule: Rule, key: str, shape: Shape) -> Compare | None:
        """Return how names of entries compare: without case, as they are paired without."""
        if rule.is_entry and key in (*self._keys_of(rule), "name"):
            return Compare.CASELESS
        return _implied_comparison(key, shape)

    def _keys_of(self, entry: Rule) -> tuple[str, ...]:
        return self._type.fact(entry.generic.removesuffix("[]")).keys

    def _has_state(self, generic: str) -> bool:
        at, below = generic.lower(), f"{generic.lower()}."
        return any(
            facts.health is not None and (path.lower() == at or path.lower().startswith(below))
            for path, facts in self._type.fields.items()
        )

    def _is_generated(self, rule: Rule, key: str) -> bool:
        model = self._model_of(rule)
        return (
            rule.is_entry
            and key.lower() in _ENVELOPE_OF_ENTRY
            and model is not None
            and all(name in model.properties for name in _RESOURCE)
        )

    def _model_of(self, rule: Rule) -> Model | None:
        return self._schemas.models.get(rule.shape.model or "")


def _is_closed(outer: Rule, shape: Shape) -> bool:
    return shape.kind is Kind.ANY and (outer.closed or outer.fact.closed)


def _whole_of(outer: Rule, shape: Shape, fact: Field) -> Rule | None:
    """Return what a property is a part of, where that has a default and the property none.

    The entry of a list, and an object in a map, are there because somebody or something put them
    there: that the list or map starts empty says nothing of what is in one.
    """
    knows = outer.fact.default is not ABSENT or outer.whole is not None
    in_map = outer.is_map and shape.kind in (Kind.OBJECT, Kind.MAP, Kind.LIST)
    return outer if knows and fact.default is ABSENT and not in_map else None


def _implied_comparison(key: str, shape: Shape) -> Compare | None:
    if shape.enum:
        return Compare.CASELESS
    return Compare.LOCATION if key.lower() == _LOCATION else None


def _comparison_of_map(outer: Rule) -> Compare | None:
    """Return how the texts of a map of texts are compared.

    They are content (tags, labels, settings), about which the schema states nothing. So are those
    of a list whose fact says so of it.
    """
    item = outer.shape.item if outer.is_map else None
    of_texts = item is not None and item.kind is Kind.STRING
    return Compare.VERBATIM if of_texts or outer.compare is Compare.VERBATIM else None


def _immutability_of(parent: Rule, fact: Field) -> tuple[ImmutableRule, bool]:
    """Return (create_only, definite) of a property: what is fixed as a whole is so in its parts."""
    if fact is NO_FACTS:
        return parent.create_only, parent.definite
    return fact.create_only, fact.definite or fact.default is not ABSENT


def rules_of(resource_type: ResourceType, schemas: SchemaIndex) -> Rules:
    """Return the rules of a type, the same object each time."""
    return _cached_rules(_Key(resource_type, schemas))


class _Key:
    """A type and its schemas, known to the cache of their rules by which objects they are."""

    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex) -> None:
        self.resource_type = resource_type
        self.schemas = schemas

    def __hash__(self) -> int:
        return hash((id(self.resource_type), id(self.schemas)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Key)
            and other.resource_type is self.resource_type
            and other.schemas is self.schemas
        )


@lru_cache(maxsize=256)
def _cached_rules(key: _Key) -> Rules:
    return Rules(key.resource_type, key.schemas)
