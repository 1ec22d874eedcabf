"""Gaps of WAF policies in Prevention mode: allow rules, exclusions, disabled rule groups.

A custom rule that allows a request ends its evaluation: the managed rules never see it. Facts: the
documentation "Custom rules for Azure Web Application Firewall v2", "Web Application Firewall
exclusion lists" and "Custom rules for Azure Front Door".

Called by controls of ENV-04.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.model.values import is_empty, list_items, lookup
from provisioner.network.model.intervals import Intervals
from provisioner.network.model.public_ranges import PublicReach, read_reach
from provisioner.network.model.service_tags import PUBLIC

CUSTOM_RULES = "properties.customRules"
MANAGED_RULES = "properties.managedRules"

_ADDRESS_VARIABLES = ("remoteaddr", "socketaddr")
_ATTACK_RULE_SETS = ("owasp", "microsoft_defaultruleset", "defaultruleset")
_GENERAL_GROUPS = ("sqli", "xss", "rce")
_INEFFECTIVE = ("disabled", "log", "allow")
_MOST_INEFFECTIVE = 20
"""Tuning takes a few rules out of two hundred; with more than this nobody can tell what is left."""

_NO_MANAGED_RULES = "it has no managed rule set"

_EVERY_REQUEST = ("", "/", ".*", "^.*$", "^/.*$", "^/", ".", ".+", "*")
"""What stands in, or matches, every address that is asked for."""


@dataclass(frozen=True, slots=True)
class WafBypass:
    """What lets attacks pass; `certain` where it is for strangers, or for all requests."""

    certain: bool
    evidence: str


def find_bypasses(custom_rules: object, managed_rules: object) -> Iterator[WafBypass]:
    """Yield the gaps through which attacks pass a policy's `customRules` and `managedRules`.

    `customRules` is a list, or for Front Door an object with `rules`.
    """
    listed = lookup(custom_rules, ("rules",)) if isinstance(custom_rules, Mapping) else custom_rules
    yield from _judge_custom_rules(sorted(list_items(listed), key=_priority_of))
    if isinstance(managed_rules, Mapping):
        yield from _judge_managed_rules(managed_rules)
    elif is_empty(managed_rules):
        yield WafBypass(True, _NO_MANAGED_RULES)


def _judge_custom_rules(rules: Sequence[object]) -> Iterator[WafBypass]:
    remaining = PUBLIC
    for rule in rules:
        action = _folded_text(rule, "action")
        is_disabled = "disabled" in (
            _folded_text(rule, "state"),
            _folded_text(rule, "enabledState"),
        )
        # A rule that limits a rate acts on what comes too fast, and on nothing else.
        if (
            is_disabled
            or _folded_text(rule, "ruleType") == "ratelimitrule"
            or action not in ("allow", "block")
        ):
            continue
        matched, exact = _matching_sources(rule)
        name = lookup(rule, ("name",))
        # Rules run by priority, and the first that matches decides: what was blocked before is
        # not allowed any more.
        if action == "block":
            remaining = remaining - matched if exact else remaining
        elif exact and PublicReach(ipv4=remaining & matched).holds_strangers:
            strangers = PublicReach(ipv4=remaining & matched)
            yield WafBypass(True, f"custom rule {name} allows {strangers} before all other rules")
        elif not exact and PublicReach(ipv4=remaining & matched).holds_strangers:
            yield WafBypass(
                False,
                (f"custom rule {name} allows all requests with a value that the client chooses"),
            )


def _matching_sources(rule: object) -> tuple[Intervals, bool]:
    """Return the public addresses whose requests may match a rule, and whether all of them do."""
    sources, exact = PUBLIC, True
    for condition in list_items(lookup(rule, ("matchConditions",))):
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
    operator = _folded_text(condition, "operator")
    # Application Gateway calls them matchValues, Front Door matchValue.
    values = [
        value
        for key in ("matchValues", "matchValue")
        for value in list_items(lookup(condition, (key,)))
        if isinstance(value, str)
    ]
    # Application Gateway has a list of matchVariables, Front Door one matchVariable.
    variables = {
        _folded_text(condition, "matchVariable"),
        *(
            _folded_text(v, "variableName")
            for v in list_items(lookup(condition, ("matchVariables",)))
        ),
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


def _judge_managed_rules(managed: Mapping[str, object]) -> Iterator[WafBypass]:
    sets = list_items(managed.get("managedRuleSets"))
    # A bot manager rule set does not look for attacks in requests.
    if not any(_folded_text(found, "ruleSetType") in _ATTACK_RULE_SETS for found in sets):
        yield WafBypass(True, _NO_MANAGED_RULES)
    for found in sets:
        if _folded_text(found, "ruleSetAction") in ("log", "allow"):
            yield WafBypass(
                True, f"managed rule set action is {_folded_text(found, 'ruleSetAction')}"
            )
    groups = [
        group
        for found in sets
        if _folded_text(found, "ruleSetType") in _ATTACK_RULE_SETS
        for group in list_items(lookup(found, ("ruleGroupOverrides",)))
    ]
    yield from _judge_overrides(groups)
    yield from _judge_exclusions(
        [
            *list_items(managed.get("exclusions")),
            *(e for found in sets for e in list_items(lookup(found, ("exclusions",)))),
        ]
    )


def _judge_overrides(groups: Sequence[object]) -> Iterator[WafBypass]:
    for group in groups:
        excluding = list_items(lookup(group, ("exclusions",)))
        # The API's reference: "If none specified, all rules in the group will be disabled".
        if not list_items(lookup(group, ("rules",))) and not excluding:
            evidence = f"all managed rules of {lookup(group, ('ruleGroupName',))} are disabled"
            yield WafBypass(_protects_every_site(group), evidence)
        for exclusion in filter(_excludes_everything, excluding):
            yield _excluded_group(group, lookup(exclusion, ("matchVariable",)))
    is_disabled = sum(
        bool(
            {
                _folded_text(rule, "state"),
                _folded_text(rule, "enabledState"),
                _folded_text(rule, "action"),
            }
            & set(_INEFFECTIVE)
        )
        for group in groups
        for rule in list_items(lookup(group, ("rules",)))
    )
    if is_disabled > _MOST_INEFFECTIVE:
        yield WafBypass(False, f"{is_disabled} managed rules are disabled or only log")


def _judge_exclusions(exclusions: Sequence[object]) -> Iterator[WafBypass]:
    for exclusion in filter(_excludes_everything, exclusions):
        limited_to = list_items(lookup(exclusion, ("exclusionManagedRuleSets",)))
        excluded = [list_items(lookup(found, ("ruleGroups",))) for found in limited_to]
        where = lookup(exclusion, ("matchVariable",))
        if not all(excluded) or not excluded:
            yield WafBypass(True, f"managed rules exclude {where}")
        for group in (group for listed in excluded for group in listed):
            if not list_items(lookup(group, ("rules",))):
                yield _excluded_group(group, where)


def find_bypasses_of_gateway(configuration: object) -> Iterator[WafBypass]:
    """Yield the gaps in the WAF configuration of a gateway without a policy.

    Such a configuration has OWASP's rules: a gap is a group that it disables, or the rules named of
    it.
    """
    overrides = [
        {
            "ruleGroupName": lookup(group, ("ruleGroupName",)),
            # disabledRuleGroups is the older form of an override: read as one, so that both are
            # judged alike.
            "rules": [{"state": "Disabled"} for _ in list_items(lookup(group, ("rules",)))],
        }
        for group in list_items(lookup(configuration, ("disabledRuleGroups",)))
    ]
    yield from _judge_managed_rules(
        {
            "managedRuleSets": [{"ruleSetType": "OWASP", "ruleGroupOverrides": overrides}],
            "exclusions": lookup(configuration, ("exclusions",)),
        }
    )


def _excludes_everything(exclusion: object) -> bool:
    """Return whether an exclusion leaves out every part of a request of its kind."""
    operator, selector = (
        _folded_text(exclusion, "selectorMatchOperator"),
        _folded_text(exclusion, "selector"),
    )
    return operator == "equalsany" or selector in ("", "*")


def _excluded_group(group: object, where: object) -> WafBypass:
    name = lookup(group, ("ruleGroupName",))
    return WafBypass(_protects_every_site(group), f"managed rules of {name} exclude {where}")


def _protects_every_site(group: object) -> bool:
    """Return whether a group of rules is for attacks that every site has to expect.

    What the others are for may not be there (PHP, Java).
    """
    return _folded_text(group, "ruleGroupName").endswith(_GENERAL_GROUPS)


def _priority_of(rule: object) -> float:
    found = lookup(rule, ("priority",))
    return found if isinstance(found, (int, float)) else float("inf")


def _folded_text(value: object, key: str) -> str:
    found = lookup(value, (key,))
    return found.lower() if isinstance(found, str) else ""
