"""The signature of an observation is verified before anything of it is decompressed or parsed."""

import base64
import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from provisioner.blueprint.kubernetes import ObservationSettings
from provisioner.cli.observation_source import load_observation, pack
from provisioner.cluster.observation import seal_observation, sign_content
from provisioner.documents.cluster import ClusterDocument
from provisioner.model.diagnostic import DiagnosticError

KEY = "a key that is shared by both"
UID = "5f4c6a1e-2f51-4a0e-9d3c-6a0f5b1c2d3e"
URL = "https://stseen.blob.core.windows.net/seen/prod.json.gz"
MADE = seal_observation(
    datetime.now(UTC), ClusterDocument(server="s", uid=UID, version="v1.35.4", way="pod"), ()
)
TEXT = json.dumps(MADE.to_json()).encode()


def config_map(content: bytes) -> bytes:
    data = {"observation.json.gz": base64.b64encode(content).decode()}
    return json.dumps({"kind": "ConfigMap", "binaryData": data}).encode()


def load(content: bytes, source: str = "seen.json", cluster: str | None = None) -> str:
    """Return the UID of the cluster that an observation is of, or why it is refused."""
    settings = ObservationSettings.model_validate({"cluster": cluster})
    try:
        return load_observation(content, source, settings).cluster.uid
    except DiagnosticError as refusal:
        return refusal.diagnostics[0].message


@pytest.mark.parametrize(
    "written",
    [
        lambda key: sign_content(TEXT, key),
        lambda key: pack(MADE, key),
        lambda key: config_map(pack(MADE, key)),
    ],
    ids=["text", "compressed", "in a ConfigMap"],
)
def test_it_is_read_with_its_key_and_with_no_other(
    written: Callable[[str | None], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZSEC_OBSERVATION_KEY", raising=False)
    assert load(written(None)) == load(written(KEY)) == UID
    monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
    assert load(written(KEY)) == UID
    assert load(written(None)) == "seen.json is not signed."
    assert "another key" in load(written("another key, also long"))


BOMB = gzip.compress(bytes(64 * 2**20))
FORGED = b"azsec-observation hmac-sha256:"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(BOMB, "is not signed", id="a bomb"),
        pytest.param(config_map(BOMB), "is not signed", id="a bomb in a ConfigMap"),
        pytest.param(FORGED + b"0\n" + BOMB, "was altered", id="a bomb with a signature"),
        pytest.param(FORGED + "é\n".encode() + TEXT, "was altered", id="letters that are no ASCII"),
        pytest.param(FORGED, "was altered", id="a signature of nothing"),
        pytest.param(b"[" * 100_000, "is not signed", id="deep brackets"),
        pytest.param(
            b'{"a":' * 100_000, "is not an observation", id="what may be a ConfigMap, and is deep"
        ),
    ],
)
def test_what_is_forged_costs_nothing(
    content: bytes, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
    tracemalloc.start()
    try:
        assert says in load(content)
        assert tracemalloc.get_traced_memory()[1] < 16 * 2**20
    finally:
        tracemalloc.stop()


def test_a_signed_blob_is_read_only_as_of_a_stated_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
    assert load(pack(MADE, KEY), URL, UID) == UID
    assert "does not state the expected cluster" in load(pack(MADE, KEY), URL)
    assert f"is of the cluster {UID}" in load(pack(MADE, KEY), URL, "another")
