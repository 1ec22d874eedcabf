"""Network security groups and their rules.

Microsoft documents them in "Network security groups" (security rules) and "Virtual network service
tags"; the codes are those that users report, as stated at each rule.
"""

from collections.abc import Iterator

from provisioner.model.ranges import overlapping
from provisioner.service_rules.addresses import (
    is_port_range,
    is_service_tag,
    port_range_error,
    read_loosely,
)
from provisioner.service_rules.duplicate_names import repeated_names
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    number_at,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_of,
)

_GROUP = "Microsoft.Network/networkSecurityGroups"
_RULE = f"{_GROUP}/securityRules"
_DOCS = "learn.microsoft.com/azure/virtual-network/network-security-groups-overview"
_PRIORITY, _DIRECTION = "properties.priority", "properties.direction"
# guidelines.md §3.3; the default rules have 65000 and more.
_LOWEST, _HIGHEST = 100, 4096
_ENDS = ("source", "destination")
_PREFIX = {end: f"properties.{end}AddressPrefix" for end in _ENDS}
_PREFIXES = {end: f"properties.{end}AddressPrefixes" for end in _ENDS}
_GROUPS = {end: f"properties.{end}ApplicationSecurityGroups" for end in _ENDS}
_PORT = {end: f"properties.{end}PortRange" for end in _ENDS}
_PORTS = {end: f"properties.{end}PortRanges" for end in _ENDS}
_DESCRIPTION, _LONGEST = "properties.description", 140
# Tags of the platform's own DNS, IMDS and KMS, which rules may only deny ("Virtual network service
# tags").
_PLATFORM = ("azureplatformdns", "azureplatformimds", "azureplatformlkm")


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
        # Inbound and outbound rules have priorities of their own.
        if same and (text_at(other.body, _DIRECTION) or "").lower() == str(direction).lower():
            yield Refusal(
                _PRIORITY,
                f"the rules {write.id.name} and {other.id.name} have the same priority {priority} "
                f"and direction {direction}",
                "Give each rule of one direction a priority of its own.",
            )
            return


def _judge_port(write: Write) -> Iterator[Refusal]:
    for path in _PORT.values():
        text = text_at(write.after, path)
        if text is not None and text != "*" and not is_port_range(text):
            yield Refusal(
                path,
                port_range_error(text)
                or f"{text!r} is no port: a port, a range such as 8000-8080, or *, of 0 to 65535",
                f"Several ports stand in {path.removeprefix('properties.')}s.",
            )


def _judge_ports(write: Write) -> Iterator[Refusal]:
    for end, path in _PORTS.items():
        for at, text in texts_at(write.after, path):
            if not is_port_range(text):
                yield Refusal(
                    at,
                    port_range_error(text)
                    or f"{text!r} is neither a port nor a range of ports, of 0 to 65535",
                    f"All ports (*) stand in {end}PortRange." if text == "*" else None,
                )


def _judge_prefix(write: Write) -> Iterator[Refusal]:
    for path in _PREFIX.values():
        text = text_at(write.after, path)
        if text is None or text == "*" or read_loosely(text) or is_service_tag(text):
            continue
        yield Refusal(
            path, f"{text!r} is neither an address, nor a range, nor a service tag, nor *"
        )


def _judge_prefixes(write: Write) -> Iterator[Refusal]:
    for path in _PREFIXES.values():
        for at, text in texts_at(write.after, path):
            if read_loosely(text) is None and text != "*" and not is_service_tag(text):
                yield Refusal(at, f"{text!r} is neither an address nor a range")


def _judge_tags_in_prefixes(write: Write) -> Iterator[Refusal]:
    for end, path in _PREFIXES.items():
        for at, text in texts_at(write.after, path):
            if read_loosely(text) is None and (text == "*" or is_service_tag(text)):
                yield Refusal(
                    at,
                    f"{end}AddressPrefixes takes addresses and ranges alone, and no {text}",
                    f"State it as {end}AddressPrefix, in a rule of its own.",
                )


def _judge_both(write: Write) -> Iterator[Refusal]:
    for one, several in ((_PREFIX, _PREFIXES), (_PORT, _PORTS)):
        for end in _ENDS:
            text, texts = text_at(write.after, one[end]), value_at(write.after, several[end])
            if text and isinstance(texts, (list, tuple)) and texts and list(texts) != [text]:
                name = one[end].removeprefix("properties.")
                yield Refusal(
                    several[end],
                    f"{name} and {several[end].removeprefix('properties.')} exclude each other",
                    "State one of them.",
                )


def _judge_neither(write: Write) -> Iterator[Refusal]:
    for end in _ENDS:
        paths = (_PREFIX[end], _PREFIXES[end], _GROUPS[end])
        if all(is_silent(write.after, path) for path in paths):
            yield Refusal(
                _PREFIX[end],
                f"the rule {write.id.name} has no {end}: one of {end}AddressPrefix, "
                f"{end}AddressPrefixes and {end}ApplicationSecurityGroups is required",
            )


def _judge_families(write: Write) -> Iterator[Refusal]:
    paths = [path for end in _ENDS for path in (_PREFIX[end], _PREFIXES[end])]
    found = [(at, read_loosely(text)) for at, text in texts_at(write.after, *paths)]
    families = {one.version: at for at, one in found if one is not None}
    if len(families) > 1:
        yield Refusal(
            families[6],
            f"the rule {write.id.name} has IPv4 and IPv6 addresses, and takes those of one family",
            "Make a rule for each family.",
        )


def _judge_overlap(write: Write) -> Iterator[Refusal]:
    """Yield ranges of a rule that overlap; the same range twice is not known to be refused."""
    for path in _PREFIXES.values():
        read = ((at, read_loosely(text)) for at, text in texts_at(write.after, path))
        found = [(at, one) for at, one in read if one is not None]
        for (_at, wider), (at, one) in overlapping(found, lambda each: each[1]):
            if one != wider:
                yield Refusal(
                    at,
                    f"{one} lies within {wider}, and ranges of one list may not overlap",
                    f"Remove {one}: {wider} holds it.",
                )


def _judge_ends(write: Write) -> Iterator[Refusal]:
    """Yield rules that state both application security groups and addresses for one end.

    A list or a text that is not known yet may be empty.
    """
    for end in _ENDS:
        groups = next(entries_at(write.after, _GROUPS[end]), None)
        stated = next(texts_at(write.after, _PREFIX[end], _PREFIXES[end]), None)
        if groups and stated:
            yield Refusal(
                _GROUPS[end],
                f"{end}ApplicationSecurityGroups and {stated[1]} as {end} exclude each other",
                "State the groups, or the addresses.",
            )


def _judge_group_region(write: Write) -> Iterator[Refusal]:
    region = region_of(write.parent)
    for groups in _GROUPS.values():
        paths = (f"{at}.id" for at, _entry in entries_at(write.after, groups))
        yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


def _judge_description(write: Write) -> Iterator[Refusal]:
    text = text_at(write.after, _DESCRIPTION)
    if text is not None and len(text) > _LONGEST:
        yield Refusal(
            _DESCRIPTION,
            f"the description of the rule {write.id.name} has {len(text)} characters, and at most "
            f"{_LONGEST} fit",
        )


def _judge_platform(write: Write) -> Iterator[Refusal]:
    tag = text_at(write.after, _PREFIX["destination"]) or ""
    access = text_at(write.after, "properties.access") or ""
    if tag.lower() in _PLATFORM and access.lower() == "allow":
        yield Refusal(
            "properties.access", f"rules for the service tag {tag} can deny and not allow"
        )


def _judge_names(write: Write) -> Iterator[Refusal]:
    yield from repeated_names(write.after, "properties.securityRules")


def _judge_count(write: Write) -> Iterator[Refusal]:
    count = sum(1 for _ in entries_at(write.after, "properties.securityRules"))
    if count > _MOST:
        yield Refusal(
            "properties.securityRules",
            f"{count:,} rules stand in one group, which takes {_MOST:,}",
        )


_MOST = 1000


RULES = (
    ServiceRule(
        id="security-rules-of-one-name",
        type=_GROUP,
        code="InvalidRequestFormat",
        source="learn.microsoft.com/answers (DuplicateResourceName: two child resources with the "
        "same name)",
        judge=_judge_names,
    ),
    ServiceRule(
        id="security-rules-too-many",
        type=_GROUP,
        code=None,
        source="azure-subscription-service-limits (NSG rules per NSG: 1,000)",
        judge=_judge_count,
    ),
    ServiceRule(
        id="security-rule-priority",
        type=_RULE,
        code="SecurityRuleInvalidPriority",
        source=_DOCS,
        judge=_judge_priority,
    ),
    ServiceRule(
        id="security-rule-same-priority",
        type=_RULE,
        code="SecurityRuleConflict",
        source=_DOCS,
        judge=_judge_same_priority,
    ),
    ServiceRule(
        id="security-rule-port",
        type=_RULE,
        code="SecurityRuleInvalidPortRange",
        source=f"{_DOCS}; the message is that of Azure for `80,443`",
        judge=_judge_port,
    ),
    ServiceRule(
        id="security-rule-ports",
        type=_RULE,
        code="SecurityRuleParameterContainsInvalidPortRanges",
        source=f"{_DOCS}; reported for * in destinationPortRanges",
        judge=_judge_ports,
    ),
    ServiceRule(
        id="security-rule-address",
        type=_RULE,
        code="SecurityRuleInvalidAddressPrefix",
        source="hashicorp/terraform-provider-azurerm#16761, ernestio/ernest#473",
        judge=_judge_prefix,
    ),
    ServiceRule(
        id="security-rule-addresses",
        type=_RULE,
        code="SecurityRuleInvalidAddressPrefix",
        source="hashicorp/terraform-provider-azurerm#4194",
        judge=_judge_prefixes,
    ),
    ServiceRule(
        id="security-rule-tag-among-addresses",
        type=_RULE,
        code="SecurityRuleParameterContainsUnsupportedValue",
        source="hashicorp/terraform-provider-azurerm#5617, ansible-collections/azure#639",
        judge=_judge_tags_in_prefixes,
    ),
    ServiceRule(
        id="security-rule-one-and-several",
        type=_RULE,
        code=None,
        source="Azure/azure-rest-api-specs#1591: one or the other",
        judge=_judge_both,
    ),
    ServiceRule(
        id="security-rule-without-end",
        type=_RULE,
        code=None,
        source="Azure/azure-rest-api-specs#1591: one or the other has to be supplied",
        judge=_judge_neither,
    ),
    ServiceRule(
        id="security-rule-two-families",
        type=_RULE,
        code="ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies",
        source="hashicorp/terraform-provider-azurerm#12534",
        judge=_judge_families,
    ),
    ServiceRule(
        id="security-rule-ranges-overlap",
        type=_RULE,
        code="OverlappingSubnetsNotPermittedInSecurityRule",
        source="kubernetes-sigs/cloud-provider-azure#6775, "
        "alan-turing-institute/data-safe-haven#2077",
        judge=_judge_overlap,
    ),
    ServiceRule(
        id="security-rule-ranges-and-groups",
        type=_RULE,
        code=None,
        source="Azure/azure-cli#8615 (exactly one of them), "
        "hashicorp/terraform-provider-azurerm#15279",
        judge=_judge_ends,
    ),
    ServiceRule(
        id="security-rule-group-elsewhere",
        type=_RULE,
        code=OTHER_REGION,
        source="the message of the code, recorded in errors.jsonl for a missing one",
        judge=_judge_group_region,
    ),
    ServiceRule(
        id="security-rule-description",
        type=_RULE,
        code=None,
        source="REST reference of security rules: a description is restricted to 140 characters",
        judge=_judge_description,
    ),
    ServiceRule(
        id="security-rule-allows-platform",
        type=_RULE,
        code="SecurityRuleInvalidAccessType",
        source="learn.microsoft.com/azure/virtual-network/service-tags-overview "
        "(AzurePlatformDNS, AzurePlatformIMDS, AzurePlatformLKM)",
        judge=_judge_platform,
    ),
)
