"""Gaps of WAF policies in Prevention mode: allow rules, exclusions, disabled rule groups.

A custom rule that allows a request ends its evaluation: the managed rules never see it. Facts: the
documentation "Custom rules for Azure Web Application Firewall v2", "Web Application Firewall
exclusion lists" and "Custom rules for Azure Front Door".

Called by controls of ENV-04.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.model.values import is_empty, lookup
from provisioner.network.model.intervals import Intervals
from provisioner.network.model.public_ranges import PublicReach, read_reach
from provisioner.network.model.service_tags import PUBLIC

CUSTOM_RULES = "properties.customRules"
MANAGED_RULES = "properties.managedRules"

_ADDRESS_VARIABLES = ("remoteaddr", "socketaddr")
_OF_ATTACKS = ("owasp", "microsoft_defaultruleset", "defaultruleset")
_OF_EVERY_SITE = ("sqli", "xss", "rce")
_OFF = ("disabled", "log", "allow")
_MOST_OFF = 20
"""Tuning takes a few rules out of two hundred; with more than this nobody can tell what is left."""

_NO_MANAGED_RULES = "it has no managed rule set"

_EVERY_REQUEST = ("", "/", ".*", "^.*$", "^/.*$", "^/", ".", ".+", "*")
"""What stands in, or matches, every address that is asked for."""


@dataclass(frozen=True, slots=True)
class WafBypass:
    """What lets attacks pass; `certain` where it is for strangers, or for all requests."""

    certain: bool
    words: str


def find_bypasses(custom_rules: object, managed_rules: object) -> Iterator[WafBypass]:
    """Yield the gaps through which attacks pass a policy's `customRules` and `managedRules`.

    `customRules` is a list, or for Front Door an object with `rules`.
    """
    listed = lookup(custom_rules, ("rules",)) if isinstance(custom_rules, Mapping) else custom_rules
    yield from _of_custom_rules(sorted(_items(listed), key=_priority))
    if isinstance(managed_rules, Mapping):
        yield from _of_managed_rules(managed_rules)
    elif is_empty(managed_rules):
        yield WafBypass(True, _NO_MANAGED_RULES)


def _of_custom_rules(rules: Sequence[object]) -> Iterator[WafBypass]:
    left = PUBLIC
    for rule in rules:
        action = _word(rule, "action")
        off = "disabled" in (_word(rule, "state"), _word(rule, "enabledState"))
        # A rule that limits a rate acts on what comes too fast, and on nothing else.
        if off or _word(rule, "ruleType") == "ratelimitrule" or action not in ("allow", "block"):
            continue
        matched, exact = _sources_of(rule)
        name = lookup(rule, ("name",))
        if action == "block":
            left = left - matched if exact else left
        elif exact and PublicReach(ipv4=left & matched).holds_strangers:
            said = PublicReach(ipv4=left & matched)
            yield WafBypass(True, f"custom rule {name} allows {said} before all other rules")
        elif not exact and PublicReach(ipv4=left & matched).holds_strangers:
            yield WafBypass(
                False,
                (f"custom rule {name} allows all requests with a value that the client chooses"),
            )


def _sources_of(rule: object) -> tuple[Intervals, bool]:
    """Return the public addresses whose requests may match a rule, and whether all of them do."""
    sources, exact = PUBLIC, True
    for condition in _items(lookup(rule, ("matchConditions",))):
        matched = _sources_of_condition(condition)
        if matched is None:
            exact = False
        else:
            sources = sources & matched
    return sources, exact


def _sources_of_condition(condition: object) -> Intervals | None:
    """Return the public addresses that match a condition.

    It is None where the condition tests something that whoever sends the request chooses.
    """
    negated = True in (
        lookup(condition, ("negationConditon",)),  # Azure's own spelling
        lookup(condition, ("negateCondition",)),
    )
    operator = _word(condition, "operator")
    values = [
        value
        for key in ("matchValues", "matchValue")
        for value in _items(lookup(condition, (key,)))
        if isinstance(value, str)
    ]
    variables = {
        _word(condition, "matchVariable"),
        *(_word(v, "variableName") for v in _items(lookup(condition, ("matchVariables",)))),
    }
    if operator == "any":
        matched = PUBLIC
    elif operator == "ipmatch" and variables & set(_ADDRESS_VARIABLES):
        reach = read_reach(values)
        matched = PUBLIC if reach.ipv6 and reach.holds_strangers else reach.ipv4
    elif operator == "geomatch":
        # Whole countries are strangers; which addresses they have is not known here.
        matched = PUBLIC
        negated = False
    elif "requesturi" in variables and any(value in _EVERY_REQUEST for value in values):
        matched = PUBLIC
    else:
        return None
    return PUBLIC - matched if negated else matched


def _of_managed_rules(managed: Mapping[str, object]) -> Iterator[WafBypass]:
    sets = _items(managed.get("managedRuleSets"))
    if not any(_word(found, "ruleSetType") in _OF_ATTACKS for found in sets):
        yield WafBypass(True, _NO_MANAGED_RULES)
    for found in sets:
        if _word(found, "ruleSetAction") in ("log", "allow"):
            yield WafBypass(True, f"managed rule set action is {_word(found, 'ruleSetAction')}")
    groups = [
        group
        for found in sets
        if _word(found, "ruleSetType") in _OF_ATTACKS
        for group in _items(lookup(found, ("ruleGroupOverrides",)))
    ]
    yield from _of_overrides(groups)
    yield from _of_exclusions(
        [
            *_items(managed.get("exclusions")),
            *(e for found in sets for e in _items(lookup(found, ("exclusions",)))),
        ]
    )


def _of_overrides(groups: Sequence[object]) -> Iterator[WafBypass]:
    for group in groups:
        excluding = _items(lookup(group, ("exclusions",)))
        # The API's reference: "If none specified, all rules in the group will be disabled".
        if not _items(lookup(group, ("rules",))) and not excluding:
            words = f"all managed rules of {lookup(group, ('ruleGroupName',))} are disabled"
            yield WafBypass(_is_of_every_site(group), words)
        for exclusion in filter(_is_of_all, excluding):
            yield _unlooked(group, lookup(exclusion, ("matchVariable",)))
    off = sum(
        bool({_word(rule, "state"), _word(rule, "enabledState"), _word(rule, "action")} & set(_OFF))
        for group in groups
        for rule in _items(lookup(group, ("rules",)))
    )
    if off > _MOST_OFF:
        yield WafBypass(False, f"{off} managed rules are disabled or only log")


def _of_exclusions(exclusions: Sequence[object]) -> Iterator[WafBypass]:
    for exclusion in filter(_is_of_all, exclusions):
        narrow = _items(lookup(exclusion, ("exclusionManagedRuleSets",)))
        excluded = [_items(lookup(found, ("ruleGroups",))) for found in narrow]
        where = lookup(exclusion, ("matchVariable",))
        if not all(excluded) or not excluded:
            yield WafBypass(True, f"managed rules exclude {where}")
        for group in (group for listed in excluded for group in listed):
            if not _items(lookup(group, ("rules",))):
                yield _unlooked(group, where)


def find_bypasses_of_gateway(configuration: object) -> Iterator[WafBypass]:
    """Yield the gaps in the WAF configuration of a gateway without a policy.

    Such a configuration has OWASP's rules: a gap is a group that it disables, or the rules named of
    it.
    """
    overrides = [
        {
            "ruleGroupName": lookup(group, ("ruleGroupName",)),
            "rules": [{"state": "Disabled"} for _ in _items(lookup(group, ("rules",)))],
        }
        for group in _items(lookup(configuration, ("disabledRuleGroups",)))
    ]
    yield from _of_managed_rules(
        {
            "managedRuleSets": [{"ruleSetType": "OWASP", "ruleGroupOverrides": overrides}],
            "exclusions": lookup(configuration, ("exclusions",)),
        }
    )


def _is_of_all(exclusion: object) -> bool:
    """Tell whether an exclusion leaves out every part of a request of its kind."""
    operator, selector = _word(exclusion, "selectorMatchOperator"), _word(exclusion, "selector")
    return operator == "equalsany" or selector in ("", "*")


def _unlooked(group: object, where: object) -> WafBypass:
    name = lookup(group, ("ruleGroupName",))
    return WafBypass(_is_of_every_site(group), f"managed rules of {name} exclude {where}")


def _is_of_every_site(group: object) -> bool:
    """Tell whether a group of rules is for attacks that every site has to expect.

    What the others are for may not be there (PHP, Java).
    """
    return _word(group, "ruleGroupName").endswith(_OF_EVERY_SITE)


def _priority(rule: object) -> float:
    found = lookup(rule, ("priority",))
    return found if isinstance(found, (int, float)) else float("inf")


def _word(value: object, key: str) -> str:
    found = lookup(value, (key,))
    return found.lower() if isinstance(found, str) else ""


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()
