"""Rules of network security groups.

Sources: recorded refusals (errors.jsonl), and the page named at each rule.
"""

from collections.abc import Iterator

from provisioner.service_rules.bodies import number_at, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_TYPE = "Microsoft.Network/networkSecurityGroups/securityRules"
_PRIORITY, _DIRECTION = "properties.priority", "properties.direction"
_LOWEST, _HIGHEST = 100, 4096


def _judge_priority(write: Write) -> Iterator[Refusal]:
    priority = number_at(write.after, _PRIORITY)
    if priority is not None and not _LOWEST <= priority <= _HIGHEST:
        yield Refusal(
            _PRIORITY,
            f"the priority of the rule {write.id.name} is {priority}, and has to be between "
            f"{_LOWEST} and {_HIGHEST}",
        )


def _judge_same_priority(write: Write) -> Iterator[Refusal]:
    priority, direction = number_at(write.after, _PRIORITY), text_at(write.after, _DIRECTION)
    for other in write.siblings if priority is not None and direction else ():
        same = number_at(other.body, _PRIORITY) == priority
        if same and (text_at(other.body, _DIRECTION) or "").lower() == str(direction).lower():
            yield Refusal(
                _PRIORITY,
                f"the rules {write.id.name} and {other.id.name} have the same priority {priority} "
                f"and direction {direction}",
                "Give each rule of one direction a priority of its own.",
            )
            return


RULES = (
    ServiceRule(
        id="security-rule-priority",
        type=_TYPE,
        code="SecurityRuleInvalidPriority",
        source="learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
        judge=_judge_priority,
    ),
    ServiceRule(
        id="security-rule-same-priority",
        type=_TYPE,
        code="SecurityRuleConflict",
        source="learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
        judge=_judge_same_priority,
    ),
)
