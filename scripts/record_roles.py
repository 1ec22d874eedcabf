"""Write provisioner/catalog/built_in_roles.json from a recording of Azure's built-in roles.

    python scripts/record_roles.py RECORDING

RECORDING is what `az role definition list -o json` prints, or a list of objects with `id` (GUID),
`name`, `permissions` and `updated` (a date). Custom roles in it are left out.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner.model.permissions import Permission, parse_permissions

TARGET = Path(__file__).parents[1] / "provisioner" / "catalog" / "built_in_roles.json"
_NOBODY = "00000000-0000-0000-0000-000000000000"


def main(recording: str) -> None:
    """Read the recording, and write the file."""
    found = json.loads(Path(recording).read_text(encoding="utf-8"))
    rows = sorted(
        (row for row in map(_read_role, found) if row is not None), key=lambda row: row[1].lower()
    )
    sides = [side for row in rows for entry in row[2] for side in entry[:4]]
    patterns = sorted({pattern for side in sides for pattern in side})
    places = {pattern: place for place, pattern in enumerate(patterns)}
    roles = [
        [guid, name, [_intern(entry, places) for entry in permissions]]
        for guid, name, permissions, _ in rows
    ]
    text = (
        f'{{"recorded": "{max(row[3] for row in rows)}",\n"patterns": [\n'
        + ",\n".join(json.dumps(pattern) for pattern in patterns)
        + '\n],\n"roles": [\n'
        + ",\n".join(json.dumps(role, separators=(",", ":")) for role in roles)
        + "\n]}\n"
    )
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(roles)} roles, {len(patterns)} patterns")


def _read_role(entry: Mapping[str, Any]) -> tuple[str, str, tuple[Any, ...], str] | None:
    custom = str(entry.get("roleType", "BuiltInRole")).lower() == "customrole"
    guid = (entry["name"] if "roleName" in entry else entry["id"]).lower()
    if custom or guid == _NOBODY:
        return None
    permissions = tuple(map(_sides_of, parse_permissions(entry["permissions"])))
    updated = str(entry.get("updatedOn") or entry["updated"])[:10]
    return guid, entry.get("roleName", entry["name"]), permissions, updated


def _sides_of(entry: Permission) -> tuple[Any, ...]:
    sides = (entry.actions, entry.not_actions, entry.data_actions, entry.not_data_actions)
    return (*sides, entry.condition)


def _intern(entry: tuple[Any, ...], places: Mapping[str, int]) -> list[Any]:
    """Return the places of the patterns, and the condition where there is one; without the empty
    lists at the end."""
    *sides, condition = entry
    lists: list[Any] = [[places[pattern] for pattern in side] for side in sides]
    if condition is not None:
        return [*lists, condition]
    while lists and not lists[-1]:
        lists.pop()
    return lists


if __name__ == "__main__":
    main(sys.argv[1])
