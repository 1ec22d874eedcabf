"""Live values that an update sends beside the blueprint's, and so preserves.

Updates merge: the live body is sent, overlaid with the desired one, so undeclared values stay as
they are. A reviewer approves these too, and so `assembly` puts them into the plan's document.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.documents.plan import KeptValueDocument
from provisioner.model.secret_values import MASK, holds_secret, mask_secrets
from provisioner.model.values import ABSENT, Unknown, is_empty
from provisioner.plan.changes import ResourceChange
from provisioner.plan.step import Step
from provisioner.plan.value_text import disclose, named_by


def kept_values(step: Step, change: ResourceChange) -> tuple[KeptValueDocument, ...]:
    """Return the undeclared values in the body of a step, in order of paths.

    Only of what exists, or what stands in for it, Azure has anything to keep. A secret is masked.
    """
    if step.body is None or change.desired is None or change.found is None:
        return ()
    planned = {field.path for field in change.fields}
    found = sorted(_values_beyond(step.body, change.desired, ""), key=lambda entry: entry[0])
    return tuple(
        _kept_value_document(path, value)
        for path, value in found
        if path not in planned and not is_ownership_tag(path.removeprefix("tags."))
    )


def _kept_value_document(path: str, value: object) -> KeptValueDocument:
    # What is not known here is a secret that Azure has: the plan only refers to it.
    if isinstance(value, Unknown):
        return KeptValueDocument(path=mask_secrets(path), value=MASK, sensitive=True)
    sensitive = holds_secret(value, named_by(path))
    return KeptValueDocument(
        path=mask_secrets(path), value=disclose(value, sensitive=sensitive), sensitive=sensitive
    )


def _values_beyond(sent: object, stated: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(sent, Mapping):
        own = stated if isinstance(stated, Mapping) else {}
        spelt = {str(name).lower(): name for name in own}
        if not sent and stated is ABSENT:
            yield path, sent
        for name, value in sent.items():
            real = spelt.get(str(name).lower())
            yield from _values_beyond(
                value, own[real] if real is not None else ABSENT, _path_below(path, name)
            )
    elif isinstance(sent, (list, tuple)) and any(isinstance(item, Mapping) for item in sent):
        for mark, item in _entries_by_name(sent):
            yield from _values_beyond(item, _entry_named(stated, mark), f"{path}[{mark}]")
    elif stated is ABSENT or (is_empty(stated) and not is_empty(sent)):
        yield path, sent


def _path_below(path: str, name: str) -> str:
    if "/" in name:
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _entries_by_name(entries: Sequence[object]) -> Iterator[tuple[str, object]]:
    """Yield entries with their marks: the name where one has it, else the position."""
    for index, item in enumerate(entries):
        name = item.get("name") if isinstance(item, Mapping) else None
        yield (name if isinstance(name, str) else str(index)), item


def _entry_named(stated: object, mark: str) -> object:
    entries = stated if isinstance(stated, (list, tuple)) else ()
    return next(
        (item for other, item in _entries_by_name(entries) if other.lower() == mark.lower()), ABSENT
    )
