"""Names and values of tags, of any resource that has them.

Source: "Use tags to organize your Azure resources", limitations.
"""

from collections.abc import Iterator, Mapping

from provisioner.service_rules.partial_bodies import value_at
from provisioner.service_rules.rule import ANY_TYPE, Refusal, ServiceRule, Write

_RESERVED = frozenset("<>%&\\?/")
_OF_AZURE = ("hidden-", "link:")
"""What tags of Azure's own begin with: their names hold whole resource ids."""
_LONGEST_NAME, _LONGEST_VALUE = 512, 256
_PAGE = "learn.microsoft.com/azure/azure-resource-manager/management/tag-resources (limitations)"


def _stated_tags(write: Write) -> Mapping[str, object]:
    found = value_at(write.after, "tags")
    return found if isinstance(found, Mapping) else {}


def _judge_characters(write: Write) -> Iterator[Refusal]:
    for name in _stated_tags(write):
        held = [c for c in name if c in _RESERVED or ord(c) < ord(" ")]
        if held and not name.lower().startswith(_OF_AZURE):
            yield Refusal(
                "tags",
                f"the name of the tag {name!r} holds {held[0]!r}; it takes any characters but "
                "< > % & \\ ? / and control characters",
            )


def _judge_lengths(write: Write) -> Iterator[Refusal]:
    for name, value in _stated_tags(write).items():
        if len(name) > _LONGEST_NAME:
            yield Refusal(
                "tags", f"a tag's name has {len(name)} characters, and {_LONGEST_NAME} at most fit"
            )
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            yield Refusal(
                f"tags.{name}",
                f"the value of the tag {name} has {len(value)} characters, and {_LONGEST_VALUE} "
                "at most fit",
            )


RULES = (
    ServiceRule(
        id="tag-characters",
        type=ANY_TYPE,
        code="InvalidTagNameCharacters",
        source=f"{_PAGE}; learn.microsoft.com/cli/azure (tags): the code with its message",
        judge=_judge_characters,
        by_arm=True,
    ),
    ServiceRule(
        id="tag-lengths",
        type=ANY_TYPE,
        code=None,
        source=f"{_PAGE}: 512 and 256 characters",
        judge=_judge_lengths,
        by_arm=True,
    ),
)
