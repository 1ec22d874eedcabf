"""Of which steps the settled body is read."""

from dataclasses import replace

from provisioner.plan.needed_answers import find_needed
from tests.unit.engine.steps import refers_to, step


def test_what_others_wait_for_read_or_print_is_needed_and_leaves_are_not() -> None:
    network = step("network")
    firewall = step("firewall", after=("network",))
    identity = step("identity")
    body = {"properties": {"routes": [{"nextHop": refers_to("firewall", "properties", "ip")}]}}
    route = replace(step("route", after=("network",)), body=body)
    outputs = {"principal": {"id": refers_to("identity", "properties", "principalId")}}

    needed = find_needed((network, firewall, identity, route), outputs)

    assert needed == {"network", "firewall", "identity"}
