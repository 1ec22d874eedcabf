"""The view that facts are evaluated on: the bodies of one resource before and after a change.

Facts are defaults, owners and rules that depend on the rest of a body. Called by `diff.comparison`,
`diff.merge` and `diff.mutability`.
"""

from collections.abc import Mapping
from typing import cast

from provisioner.catalog.field import PARENT, Owner
from provisioner.catalog.resource_type import Embedded
from provisioner.diff.normal_form import is_newer, is_same
from provisioner.diff.rules import Rule, Rules
from provisioner.model.values import ABSENT, Absent, Body, Json, is_empty, lookup

_SCALARS = frozenset({str, bool, int, float})


class View:
    """One resource as it is, and as it will be.

    Facts that are functions of a body get these, in the schema's spelling
    (`catalog.property_spelling`), made when a fact first reads them.

    A child resource in its parent's body has a view of its own, in the shape of the child's body,
    because its facts are written for that. They find the parent's at PARENT. `rule` is that of the
    whole body, or of the list's entry; `within` is the parent's view, and how the child is
    contained in it.
    """

    def __init__(
        self,
        rules: Rules,
        rule: Rule,
        desired: object,
        actual: object,
        api_version: str,
        within: "tuple[View, Embedded] | None" = None,
    ) -> None:
        self._rules = rules
        self._rule = rule
        self._desired = desired
        self._actual = actual
        self._api_version = api_version
        self._parent = within[0] if within else None
        self._embedded = within[1] if within else None
        self._before: Body | None = None
        self._stated: Body | None = None
        self._after: Body | None = None

    @property
    def before(self) -> Body:
        """The body as Azure has it."""
        if self._before is None:
            self._before = self._body_of(self._actual)
        return self._before

    @property
    def after(self) -> Body:
        """The body that the desired one leads to: Azure's, overlaid with it."""
        if self._after is None:
            # To a fact, a value that is not known yet is a value like any other.
            after = self._body_of(_overlay_values(self._actual, self._desired))
            if self._parent is not None:
                after = {**after, PARENT: self._parent.after}
            self._after = after
        return self._after

    @property
    def stated(self) -> Body:
        """The desired body alone, as a PUT would send it."""
        if self._stated is None:
            self._stated = self._body_of(self._desired)
        return self._stated

    def _body_of(self, value: object) -> Body:
        if not isinstance(value, Mapping):
            return {}
        body = cast(Body, self._rules.spell(self._rule, value))
        flattened = self._embedded is not None and self._embedded.flattened
        return {"properties": body} if flattened else body

    def default(self, rule: Rule) -> Json | Absent:
        """Return the value that Azure fills in for a property, or ABSENT where it is not known.

        The default of an object is the default of each of its parts: of one that starts absent,
        every part does, but for those with a default of their own.
        """
        if rule.whole is not None:
            return _part_of_outer_default(rule, self.default(rule.whole))
        default = rule.fact.default_at(self._api_version)
        return default(self.after) if callable(default) else default

    def owner(self, rule: Rule) -> Owner:
        """Return who writes a property."""
        owner = rule.fact.owner
        return owner if isinstance(owner, Owner) else owner(self.after)

    def leaves_to_others(self, rule: Rule, desired: object, actual: object) -> bool:
        """Return whether the desired value states nothing against the actual one.

        What another writes is left to it. An upgrade channel moves a version ahead of the stated
        one: only a stated version that is newer than the running one is a change. A policy writes
        only where nothing is stated.
        """
        owner = self.owner(rule)
        if owner.yields:
            return is_empty(desired)
        if owner is Owner.UPGRADE_CHANNEL and isinstance(desired, str) and isinstance(actual, str):
            return not is_newer(desired, actual)
        return owner is not Owner.BLUEPRINT

    def passes_over(self, rule: Rule) -> bool:
        """Return whether a value that nobody states goes by itself or has no effect.

        Azure filled it in from a value that the desired body changes (`Field.follows`), or an
        earlier write left it (`Field.residual`).
        """
        residual = rule.fact.residual
        return self.is_outdated(rule) or (residual is not None and residual(self.after))

    def is_outdated(self, rule: Rule) -> bool:
        """Return whether Azure filled a property in from one that the desired body changes.

        That is `Field.follows`: the value goes with the old one.
        """
        if not rule.fact.follows:
            return False  # nearly every property
        paths = (path.split(".") for path in rule.fact.follows)
        return any(lookup(self.before, path) != lookup(self.after, path) for path in paths)

    def keeps(self, rule: Rule) -> bool:
        """Return whether a PUT of the desired body, silent about a property, keeps its value."""
        return rule.fact.kept_in(self.stated) if rule.fact.kept else False

    def takes_as(self, rule: Rule, desired: object, actual: object) -> bool:
        """Return whether Azure returns the one scalar where the other was written."""
        if not rule.fact.taken_as:
            return False
        return any(
            is_same(rule, desired, asked) and is_same(rule, actual, answered)
            for asked, answered in rule.fact.taken_in(self._stated_beside_parent())
        )

    def _stated_beside_parent(self) -> Body:
        if self._parent is None:
            return self.stated
        return {**self.stated, PARENT: self._parent.stated}

    def drops(self, rule: Rule) -> bool:
        """Return whether Azure accepts the value of a property and does not use it."""
        return rule.fact.dropped is not None and rule.fact.dropped(self.after)

    def entry(self, rule: Rule, embedded: Embedded, desired: object, actual: object) -> "View":
        """Return the view of a child resource that is an entry, of this rule, of a list here."""
        return View(self._rules, rule, desired, actual, self._api_version, (self, embedded))


def _part_of_outer_default(rule: Rule, whole: Json | Absent) -> Json | Absent:
    """Return what the default of the object or map around a property says of it.

    An object that is stated in parts says nothing of the others. A map has the keys that it has.
    """
    if not isinstance(whole, Mapping):
        return ABSENT if whole is ABSENT else None
    fold = rule.whole.fold if rule.whole else str.lower
    name = fold(rule.name)
    known = {fold(key): value for key, value in whole.items()}
    return known.get(name, None if rule.whole and rule.whole.is_map else ABSENT)


def _overlay_values(actual: object, desired: object) -> object:
    if desired.__class__ in _SCALARS or not (
        isinstance(desired, Mapping) and isinstance(actual, Mapping)
    ):
        return actual if desired is None or desired == "" or desired == {} else desired
    merged = dict(actual)
    spelt: dict[str, str] | None = None
    for key, value in desired.items():
        real = key
        if key not in merged:
            spelt = spelt or {str(name).lower(): name for name in actual}
            real = spelt.get(str(key).lower(), key)
        merged[real] = _overlay_values(merged.get(real), value)
    return merged
