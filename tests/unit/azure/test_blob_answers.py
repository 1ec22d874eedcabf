"""What a container's client takes of an answer that is not Azure Storage's, or does not end."""

from dataclasses import replace

import pytest

from provisioner.azure.blobs import ContainerClient, ContainerPlace, storage_cloud
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.model.azure_error import AzureError
from tests.unit.azure.scripted_server import FakeTime, Reply, ScriptedServer

PAGE = "<EnumerationResults><Blobs>{}</Blobs><NextMarker>{}</NextMarker></EnumerationResults>"
BLOB = "<Blob><Name>{}</Name></Blob>"


def open_container(server: ScriptedServer, time: FakeTime, **bounds: int) -> ContainerClient:
    where = storage_cloud(local_cloud(server.endpoint), "")
    where = replace(where, bounds=replace(where.bounds, **bounds))
    place = ContainerPlace(where, "stfleet", "ledger")
    return ContainerClient(place, LocalToken(), sleep=time.sleep)


NO_LISTS = (
    ("text", "<html>Sign in", "is not XML"),
    ("root", "<html></html>", "has the root 'html'"),
    ("no-name", PAGE.format("<Blob></Blob>", ""), "one without a name"),
    (
        "entities",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + PAGE.format("&b;", ""),
        "has a document type",
    ),
    ("large", PAGE.format(BLOB.format("x" * 3_000), ""), "is larger than 2,000 bytes"),
)


@pytest.mark.parametrize(("body", "says"), [row[1:] for row in NO_LISTS],
                         ids=[row[0] for row in NO_LISTS])  # fmt: skip
def test_what_is_no_list_of_blobs_is_refused(server, time, body, says):
    server.answer("GET", "/stfleet/ledger", *[Reply(200, body)] * 10)
    with (
        open_container(server, time, answer_bytes=2_000) as container,
        pytest.raises(AzureError) as refused,
    ):
        list(container.find(""))
    assert refused.value.code == "UnexpectedAnswer"
    assert says in refused.value.message


ENDLESS = (
    ("same-marker", [PAGE.format("", "m")] * 3, "does not end (2 pages)"),
    ("pages", [PAGE.format("", f"m{n}") for n in range(9)], "does not end (4 pages)"),
    ("blobs", [PAGE.format(BLOB.format("x") * 8, f"m{n}") for n in range(3)], "more than 10 blobs"),
)


@pytest.mark.parametrize(("pages", "says"), [row[1:] for row in ENDLESS],
                         ids=[row[0] for row in ENDLESS])  # fmt: skip
def test_a_list_that_does_not_end_is_refused(server, time, pages, says):
    server.answer("GET", "/stfleet/ledger", *(Reply(200, page) for page in pages))
    with (
        open_container(server, time, pages=4, items=10) as container,
        pytest.raises(AzureError) as refused,
    ):
        list(container.find(""))
    assert says in refused.value.message


def test_a_name_that_xml_cannot_hold_comes_encoded(server, time):
    blob = '<Blob><Name Encoded="true">a%EF%BF%BE</Name></Blob>'
    server.answer("GET", "/stfleet/ledger", Reply(200, PAGE.format(blob, "")))
    with open_container(server, time) as container:
        assert [one.name for one in container.find("")] == ["a\ufffe"]


def test_another_condition_than_the_one_that_was_stated_is_a_refusal(server, time):
    leased = Reply(412, "<Error/>", {"x-ms-error-code": "LeaseIdMissing"})
    server.answer("PUT", "/stfleet/ledger/a.json", leased)
    with open_container(server, time) as container, pytest.raises(AzureError) as refused:
        container.create("a.json", b"{}")
    assert refused.value.code == "LeaseIdMissing"
