"""Rules of storage accounts."""

from collections.abc import Iterator

from provisioner.service_rules.bodies import number_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_DAYS = "properties.keyPolicy.keyExpirationPeriodInDays"


def _judge_days(write: Write) -> Iterator[Refusal]:
    """0 is not held to be refused."""
    days = number_at(write.after, _DAYS)
    if days is not None and days < 0:
        yield Refusal(_DAYS, f"the keys of an account expire after {days} days: 0 is the least")


RULES = (
    ServiceRule(
        id="storage-key-expiration",
        type="Microsoft.Storage/storageAccounts",
        code="InvalidValuesForRequestParameters",
        source="recorded (errors.jsonl, of a negative number)",
        judge=_judge_days,
    ),
)
