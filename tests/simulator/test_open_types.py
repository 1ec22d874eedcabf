"""Types outside the catalog: what Azure Resource Manager itself does for every resource."""

from pathlib import Path

import pytest

from provisioner.simulator.arm.offered_versions import set_limit
from tests.simulator.setting import GROUP, SUBSCRIPTION, Setting

BARS = f"{GROUP}/providers/Fabrikam.Foo/bars"
BAR = f"{BARS}/one"
PROVIDER = f"/subscriptions/{SUBSCRIPTION}/providers/Fabrikam.Foo"
BODY = {
    "id": "not mine to say",
    "location": "West Europe",
    "tags": {"team": "edge"},
    "identity": {"type": "SystemAssigned"},
    "properties": {"size": 3, "provisioningState": "Whatever"},
}


def test_a_resource_of_any_type_is_created_read_listed_changed_and_deleted(here: Setting):
    assert here.call("GET", BAR).code == "ResourceNotFound"
    made = here.call("PUT", BAR, BODY)
    assert made.status == 201
    assert (made.body["id"], made.body["type"]) == (BAR, "Fabrikam.Foo/bars")
    assert made.body["location"] == "westeurope"
    assert made.body["properties"] == {"size": 3, "provisioningState": "Succeeded"}
    assert made.body["identity"]["principalId"]

    assert here.call("PATCH", BAR, {"properties": {"size": 4}}).status == 200
    assert here.call("GET", BAR.replace("bars", "BARS")).body["properties"]["size"] == 4
    listed = here.call("GET", BARS.replace("bars", "Bars")).body["value"]
    assert [each["name"] for each in listed] == ["one"]
    tracked = here.call("GET", f"{GROUP}/resources").body["value"]
    assert [(each["type"], each["tags"]) for each in tracked] == [
        ("Fabrikam.Foo/bars", {"team": "edge"})
    ]

    assert here.call("PUT", f"{BAR}/doors/front", {"properties": {}}).status == 201
    assert here.call("DELETE", BAR).status == 200
    assert here.call("GET", f"{BAR}/doors/front").code == "ResourceNotFound"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        pytest.param(f"{BAR}/doors/d", {}, "ParentResourceNotFound", id="no parent"),
        pytest.param(BAR.replace("/rg/", "/none/"), {}, "ResourceGroupNotFound", id="no group"),
        pytest.param(
            f"{BAR}?api-version=soon", {}, "InvalidApiVersionParameter", id="wrong api version"
        ),
        pytest.param(f"{BAR}?api-version=", {}, "InvalidApiVersionParameter", id="empty version"),
        pytest.param(f"{GROUP}/providers/Foo/bars/b", {}, "InvalidResourceNamespace", id="no dot"),
        pytest.param(f"{GROUP}/providers/Fabrikam.Foo/b~r/b", {}, "InvalidResourceType", id="kind"),
    ],
)
def test_what_cannot_be_is_refused_as_azure_refuses_it(
    here: Setting, path: str, body: object, code: str
):
    assert here.call("PUT", path, body).code == code


def test_a_provider_exists_from_its_first_use_on(here: Setting):
    assert here.call("PUT", BAR, BODY).status == 201
    assert here.call("GET", PROVIDER).body["resourceTypes"][0]["resourceType"] == "bars"
    names = {
        each["namespace"]
        for each in here.call("GET", f"/subscriptions/{SUBSCRIPTION}/providers").body["value"]
    }
    assert "Fabrikam.Foo" in names

    assert here.call("POST", f"{PROVIDER}/unregister").status == 200
    refused = here.call("PUT", f"{BARS}/two", BODY)
    assert (refused.status, refused.code) == (409, "MissingSubscriptionRegistration")


def test_nothing_moves_to_another_region(here: Setting):
    here.call("PUT", BAR, BODY)
    assert here.call("PUT", BAR, {**BODY, "location": "eastus"}).code == "InvalidResourceLocation"


def test_it_offers_what_it_was_told_to(run, tmp_path: Path):
    told = {"Fabrikam.Foo/bars": ("2025-01-01", "2026-01-01"), "Fabrikam.Foo/pubs": ()}
    set_limit(tmp_path / "state.db", None, told)
    here = run(tmp_path / "state.db")

    assert here.call("PUT", BAR, BODY).status == 201
    refused = here.call("PUT", f"{BAR}?api-version=2024-01-01", BODY)
    assert (refused.status, refused.code) == (400, "NoRegisteredProviderFound")
    assert refused.body["error"]["message"].endswith("'2025-01-01, 2026-01-01'.")
    absent = here.call("PUT", f"{GROUP}/providers/Fabrikam.Foo/pubs/p", BODY)
    assert (absent.status, absent.code) == (404, "InvalidResourceType")
    kinds = here.call("GET", PROVIDER).body["resourceTypes"]
    assert [(kind["resourceType"], kind["apiVersions"]) for kind in kinds] == [
        ("bars", ["2025-01-01", "2026-01-01"])
    ]
