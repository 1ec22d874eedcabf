"""What the real Azure was sent and answered holds hardly a secret: whatever else is taken for one
would be refused in a blueprint for nothing."""

import json
from pathlib import Path

from provisioner.model.secret_values import find_secrets

_SECRETS = {"sharedKey"}
"""The properties of the recordings that do hold one: the key of a connection."""


def test_nothing_in_the_recordings_is_taken_for_a_secret_but_what_is_one(corpus: Path) -> None:
    bodies = 0
    wrong: list[str] = []
    for file in sorted(corpus.glob("**/pairs/*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            for side in ("request", "response"):
                bodies += 1
                wrong += [
                    f"{pair['type']} {secret.path}: {secret.kind}"
                    for secret in find_secrets(pair[side])
                    if secret.path[-1] not in _SECRETS
                ]
    assert bodies > 5000
    assert wrong == []
