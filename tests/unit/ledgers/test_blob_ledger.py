"""The ledger in a container: who races, who is stopped in between, and what else may be there."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provisioner.ledgers.blob_ledger import BlobLedger
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.ledgers.test_ledgers import FAILED, OUTCOME, PATHS, RUN

URL = "https://stfleet.blob.core.windows.net/ledger/nightly"


def names(container) -> list[str]:
    return [one.name for one in container().find("")]


def test_of_many_machines_one_puts_the_outcome(container):
    ledgers = [BlobLedger(container(), "nightly/", URL) for _ in range(4)]
    answers = [
        replace(OUTCOME, ended_at=f"2026-11-30T01:00:0{n}Z", document={"by": n}) for n in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda ledger: ledger.begin(RUN), ledgers))
        taken = list(
            pool.map(lambda pair: pair[0].put(pair[1]), zip(ledgers, answers, strict=True))
        )

    assert begun == [RUN] * 4
    assert taken.count(True) == 1
    winner = answers[taken.index(True)]
    assert ledgers[0].outcomes("first") == [replace(winner, document=None)]
    assert ledgers[0].document("first", winner.environment, winner.inputs) == winner.document


def test_an_older_answer_does_not_take_the_place_of_the_newest(blob_ledger):
    newer = replace(OUTCOME, run="second", ended_at="2026-11-30T02:00:00Z")
    assert blob_ledger.put(newer)
    assert blob_ledger.put(OUTCOME)
    assert blob_ledger.newest("drift", PATHS)[PATHS[0]].run == "second"


def test_who_is_stopped_before_the_outcome_has_put_nothing_that_counts(
    azure, container, blob_ledger
):
    azure.faults.unavailable("/outcomes/", method="PUT", times=100)
    with pytest.raises(DiagnosticError, match="ServiceUnavailable"):
        blob_ledger.put(OUTCOME)
    azure.faults.clear()
    assert len(names(container)) == 2, "its document, and the name of what is not there"
    assert blob_ledger.outcomes("first") == []
    assert blob_ledger.newest("drift", PATHS) == {}

    assert blob_ledger.put(OUTCOME)
    assert blob_ledger.newest("drift", PATHS)[PATHS[0]].run == "first"


def test_the_history_costs_no_requests(azure, container, blob_ledger):
    for number in range(12):
        for path in PATHS:
            at = f"2026-11-{number + 1:02}T00:00:00Z"
            blob_ledger.put(replace(OUTCOME, run=f"run-{number}", environment=path, ended_at=at))
    before = len(azure.requests)
    blob_ledger.put(replace(OUTCOME, run="run-12", ended_at="2026-11-01T00:00:00Z"))
    assert len(azure.requests) - before == 3, "an older answer is not the newest"
    blob_ledger.put(replace(OUTCOME, run="run-13", ended_at="2026-11-12T00:00:01Z"))
    assert len(azure.requests) - before == 3 + 4
    before = len(azure.requests)
    assert {one.run for one in blob_ledger.newest("drift", PATHS).values()} == {"run-11", "run-13"}
    newest = len(azure.requests) - before
    assert len(blob_ledger.outcomes("run-3")) == 2

    assert (newest, len(azure.requests) - before - newest) == (3, 3)


def test_what_a_list_shows_and_a_rule_deletes_meanwhile_is_not_there(container, blob_ledger):
    blob_ledger.put(OUTCOME)
    (name,) = [one for one in names(container) if "/newest/" in one]
    pointed = container().read(name).metadata["outcome"]
    assert name.startswith("nightly/newest/drift/")
    assert f"nightly/outcomes/{pointed}.json" in names(container)
    container().write(name, b"", {"outcome": "first/gone/gone", "ended": "2026-11-30T01:00:00Z"})
    assert blob_ledger.newest("drift", PATHS) == {}


def change(content: bytes, **fields: object) -> bytes:
    stored = json.loads(content)
    stored["outcome"] |= fields
    return json.dumps(stored).encode()


FOREIGN = (
    ("no-json", lambda _content: b"<html>", "Invalid JSON"),
    ("deep", lambda _content: b"[" * 100_000, "is not a part of a ledger"),
    ("list", lambda _content: b"[]", "is not a part of a ledger"),
    ("no-field", lambda _content: b'{"format": 1}', "outcome: Field required"),
    ("type", lambda content: change(content, files="x"), "outcome.files: "),
    ("entry", lambda content: change(content, entry={"name": "a"}), "path: Field required"),
    ("of-another", lambda content: change(content, environment="b"), "another outcome"),
    ("newer", lambda content: content.replace(b'"format": 1', b'"format": 2'), "another outcome"),
)


@pytest.mark.parametrize(("make", "says"), [row[1:] for row in FOREIGN],
                         ids=[row[0] for row in FOREIGN])  # fmt: skip
def test_what_is_no_outcome_is_refused_with_the_name_of_its_blob(
    container, blob_ledger, make, says
):
    blob_ledger.put(OUTCOME)
    (name,) = [one for one in names(container) if "/outcomes/" in one]
    content = container().read(name).content
    container().write(name, make(content))
    with pytest.raises(DiagnosticError, match=r"cannot be used as the ledger") as refused:
        blob_ledger.outcomes("first")
    message = refused.value.diagnostics[0].message
    assert name in message
    assert says in message


def test_a_document_that_was_changed_is_refused(container, blob_ledger):
    blob_ledger.put(OUTCOME)
    (name,) = [one for one in names(container) if "/documents/" in one]
    container().write(name, b'{"kind": "azsec/drift", "drifted": []}')
    with pytest.raises(DiagnosticError, match=r"is not the document of its outcome"):
        blob_ledger.document("first", OUTCOME.environment, OUTCOME.inputs)


def test_a_container_that_is_not_there_is_named_with_what_to_do(container):
    lost = BlobLedger(container("other"), "", URL)
    for ask in (lambda: lost.find_run("last"), lambda: lost.begin(RUN), lambda: lost.put(FAILED)):
        with pytest.raises(DiagnosticError, match=r"ContainerNotFound") as refused:
            ask()
        assert refused.value.diagnostics[0].hint == "Create the container: azsec does not."
