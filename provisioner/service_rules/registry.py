"""All rules, discovered by the files in `provisioner/service_rules/tables/`."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache

from provisioner.service_rules import tables
from provisioner.service_rules.rule import ANY_TYPE, ServiceRule


@lru_cache(maxsize=1)
def all_rules() -> tuple[ServiceRule, ...]:
    """Return every rule: tables by the name of their module, rules in the order of their table.

    Raises:
        ValueError: Two rules have one id.
    """
    found: dict[str, ServiceRule] = {}
    for module in sorted(pkgutil.iter_modules(tables.__path__), key=lambda each: each.name):
        for rule in importlib.import_module(f"{tables.__name__}.{module.name}").RULES:
            if found.setdefault(rule.id, rule) is not rule:
                raise ValueError(f"two service rules are named {rule.id}")
    return tuple(found.values())


def rules_of(type_name: str, *, deletes: bool) -> tuple[ServiceRule, ...]:
    """Return the rules for writes of a type (case ignored), those for every type first.

    They are those for its deletes, or those for its creations and updates.
    """
    by_type = _by_type()
    name = type_name.lower()
    return (*by_type.get((ANY_TYPE, deletes), ()), *by_type.get((name, deletes), ()))


@lru_cache(maxsize=1)
def _by_type() -> Mapping[tuple[str, bool], tuple[ServiceRule, ...]]:
    found: dict[tuple[str, bool], list[ServiceRule]] = {}
    for rule in all_rules():
        found.setdefault((rule.type.lower(), rule.deletes), []).append(rule)
    return {name: tuple(rules) for name, rules in found.items()}
