"""One environment of a fleet run as JSON: the item that a worker takes, and its answer.

Neither is executed, and a worker reads no more of the run than its item. Called by `workflow.fleet`
and `cli`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.documents.fleet import FleetEntryDocument


@dataclass(frozen=True, slots=True)
class FleetItem:
    """The item of a worker: the command, the path of the environment's file, and the options."""

    command: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self) -> str:
        """Return the item as text."""
        return json.dumps(
            {"command": self.command, "path": self.path, "options": dict(self.options)},
            sort_keys=True,
        )

    @staticmethod
    def read(text: str) -> "FleetItem":
        """Return the item that a text holds.

        Raises:
            ValueError: Where the text holds none.
        """
        content = json.loads(text)
        if not isinstance(content, dict) or not isinstance(content.get("options"), dict):
            raise ValueError("an item is an object with options")
        return FleetItem(str(content["command"]), str(content["path"]), content["options"])


@dataclass(frozen=True, slots=True)
class FleetAnswerText:
    """The answer of a worker.

    It has the entry, the digest of each file that the environment was composed from, by its path,
    and the environment's subscriptions and resource groups.
    """

    entry: FleetEntryDocument
    files: Mapping[str, str]
    scope: Mapping[str, Any]
    document: Mapping[str, Any] | None = None

    def write(self) -> str:
        """Return the answer as text."""
        return json.dumps(
            {
                "entry": self.entry.to_json(),
                "files": dict(self.files),
                "scope": dict(self.scope),
                "document": self.document,
            },
            sort_keys=True,
        )

    @staticmethod
    def read(text: str) -> "FleetAnswerText":
        """Return the answer that a text holds.

        Raises:
            ValueError: Where the text holds none.
        """
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("an answer is an object")
        return FleetAnswerText(
            FleetEntryDocument.model_validate(content["entry"]),
            dict(content["files"]),
            dict(content["scope"]),
            content["document"],
        )
