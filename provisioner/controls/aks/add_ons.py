"""Add-ons that are enabled on a cluster; AKS takes an add-on's name in any case.

Facts: guidelines.md §1.2; AKS "Add-ons, extensions, and other integrations".

Called by `aks.admission`, `effective_access` and controls of the chapters.
"""

from collections.abc import Iterator, Mapping

from provisioner.controls.predicates import show
from provisioner.controls.resource_types import CLUSTER
from provisioner.controls.rule import Rule, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown, lookup

ADD_ONS = "properties.addonProfiles"
"""What a rule reads of a cluster that asks for an add-on."""


def switch_path(name: str) -> str:
    """Return the path of an add-on's switch."""
    return f"{ADD_ONS}.{name}.enabled"


def switch_of(cluster: Subject, name: str) -> object:
    """Return whether an add-on is on, None where nothing is said of it."""
    found = cluster.value(ADD_ONS)
    names = found if isinstance(found, Mapping) else {}
    if isinstance(found, Unknown):
        return found
    keys = [key for key in names if key.lower() == name.lower()]
    switches = [lookup(found, (key, "enabled")) for key in keys]
    # Two spellings of one add-on can be in a body; enabled in either is enabled.
    return True if True in switches else next(iter(switches), None)


def is_on(name: str) -> Rule:
    """Return the rule that an add-on is on in every cluster."""
    return _switch_rule(name, expected_on=True)


def is_off(name: str) -> Rule:
    """Return the rule that an add-on is off in every cluster."""
    return _switch_rule(name, expected_on=False)


def _switch_rule(name: str, *, expected_on: bool) -> Rule:
    def judge(cluster: Subject) -> Iterator[Observation]:
        switch, path = switch_of(cluster, name), switch_path(name)
        evidence = f"{name}.enabled is {show(switch)}"
        if isinstance(switch, Unknown):
            yield cluster.unknown(path, evidence)
        elif (switch is True) is expected_on:
            yield cluster.passes(path, evidence)
        else:
            expected = "true" if expected_on else "anything but true"
            yield cluster.fails(path, f"{evidence}, expected {expected}")

    return rule(CLUSTER, judge, ADD_ONS)
