"""Finds the tags that all resources share, which the blueprint states once.

`pipeline` calls it.
"""

from collections.abc import Mapping, Sequence

from provisioner.adoption.expression_templates import Template
from provisioner.adoption.file_names import Group
from provisioner.adoption.references import Entry


def shared_tags(taggable: Sequence[Entry], groups: Sequence[Group]) -> Mapping[str, str]:
    """Return the tags, with their values, that all of some entries and resource groups carry.

    The tags of a blueprint are set on every resource that supports tags, and on its resource
    groups.
    """
    carried = [group.tags for group in groups if not group.existing]
    carried += [_tags_of(entry) for entry in taggable]
    first: Mapping[str, str] = carried[0] if carried else {}
    return {
        name: value
        for name, value in first.items()
        if all(tags.get(name) == value for tags in carried)
    }


def _tags_of(entry: Entry) -> Mapping[str, str]:
    tags = entry.body.get(Template.of("tags"))
    found: dict[str, str] = {}
    for key, value in tags.items() if isinstance(tags, Mapping) else ():
        if key.plain is not None and isinstance(value, Template) and value.plain is not None:
            found[key.plain] = value.plain
    return found
