"""PUT and PATCH: what is filled in, what is left out, what is refused."""

from typing import Any

import pytest

from tests.simulator.setting import GROUP, SUBSCRIPTION, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "West Europe", "properties": {"range": "10.0.0.0/16"}}


def _with(**properties: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": {"range": "10.0.0.0/16", **properties}}


def test_azure_fills_in_what_the_body_is_silent_about(here: Setting):
    created = here.call("PUT", NET, BODY)
    assert created.status == 201
    found = here.call("GET", NET).body
    assert found["location"] == "westeurope"
    assert found["properties"] == {
        "range": "10.0.0.0/16",
        "mode": "Open",
        "tier": "Free",
        "grade": "Base",
        "aged": "new",
        "lanes": [],
        "provisioningState": "Succeeded",
    }


@pytest.mark.parametrize(
    ("sent", "path", "answered"),
    [
        pytest.param(_with(mode="closed"), ["mode"], "Closed", id="an enum in Azure's case"),
        pytest.param(_with(MODE="Closed"), ["mode"], "Closed", id="a name in Azure's case"),
        pytest.param(
            _with(guard={}), ["guard", "action"], "Allow", id="default inside what is there"
        ),
        pytest.param(
            _with(provisioningState="Odd"),
            ["provisioningState"],
            "Succeeded",
            id="a read-only value is not the client's",
        ),
        pytest.param(_with(usage=7), ["usage"], None, id="nor is one that Azure has not set"),
        pytest.param(_with(mode=None), ["mode"], "Open", id="null is silence"),
        pytest.param(_with(unheardOf=1), ["unheardOf"], None, id="unknown property is left out"),
        pytest.param(_with(secret="s"), ["secret"], None, id="write-only is never answered"),
    ],
)
def test_what_get_answers_for_what_was_put(
    here: Setting, sent: dict[str, Any], path: list[str], answered: Any
):
    here.call("PUT", NET, sent)
    value: Any = here.call("GET", NET).body["properties"]
    for step in path:
        value = value.get(step)
    assert value == answered


def test_named_entries_get_ids_etags_types_and_states(here: Setting):
    here.call("PUT", NET, _with(rules=[{"name": "a", "properties": {}}]))
    found = here.call("GET", NET).body
    assert found["properties"]["rules"] == [
        {
            "name": "a",
            "id": f"{GROUP}/providers/{NET}/rules/a",
            "type": "Contoso.Fabric/nets/rules",
            "etag": found["etag"],
            "properties": {"weight": 100, "provisioningState": "Succeeded"},
        }
    ]


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        pytest.param({"properties": {}}, 400, "LocationRequired", "location", id="no location"),
        pytest.param(
            {"location": "westeurope", "properties": {}},
            400,
            "MissingRequiredParameter",
            "range",
            id="required property",
        ),
        pytest.param(
            _with(size="big"),
            400,
            "InvalidRequestContent",
            "properties.size",
            id="text for a number",
        ),
        pytest.param(
            _with(size=True),
            400,
            "InvalidRequestContent",
            "properties.size",
            id="a flag is no number",
        ),
        pytest.param(
            _with(rules={}),
            400,
            "InvalidRequestContent",
            "properties.rules",
            id="object for a list",
        ),
        pytest.param(
            _with(mode="Ajar"),
            400,
            "InvalidParameter",
            "Closed",
            id="an unknown enum value is answered with the known ones",
        ),
        pytest.param([], 400, "InvalidRequestContent", "object", id="no object at all"),
        pytest.param(
            _with(lanes=[{"properties": {}}]),
            400,
            "InvalidRequestContent",
            "properties.lanes",
            id="a child without a name",
        ),
    ],
)
def test_bodies_that_are_refused(here: Setting, body: Any, status: int, code: str, named: str):
    reply = here.call("PUT", NET, body)
    assert (reply.status, reply.code) == (status, code)
    assert named in reply.body["error"]["message"]
    assert here.call("GET", NET).status == 404


def test_a_name_that_breaks_the_rule_is_answered_with_the_rule(here: Setting):
    reply = here.call("PUT", "Contoso.Fabric/nets/no.dots", BODY)
    assert (reply.status, reply.code) == (400, "InvalidResourceName")
    assert "1 to 40 letters" in reply.body["error"]["message"]


def test_a_reference_must_point_to_something(here: Setting):
    lane = f"{GROUP}/providers/{NET}/lanes/l"
    body = {"location": "westeurope", "properties": {"laneId": lane}}
    reply = here.call("PUT", "Contoso.Fabric/ports/p", body)
    assert (reply.status, reply.code) == (400, "InvalidResourceReference")
    assert lane in reply.body["message"], "a flat provider has no envelope"
    assert reply.body["target"] == "properties.laneId"


@pytest.mark.parametrize(
    ("stated", "answered"),
    [
        pytest.param({}, {"grade": "Base", "tier": "Free"}, id="defaults that are spelled out"),
        pytest.param({"echo": False}, {"echo": False}, id="an echo of what is stated"),
        pytest.param({"quiet": False}, {}, id="a default that is never told"),
        pytest.param({"quiet": True}, {"quiet": True}, id="but a value off it is"),
        pytest.param({"grade": "basic"}, {"grade": "Base"}, id="an older name of a value"),
    ],
)
def test_defaults_are_answered_as_the_service_does(
    here: Setting, stated: dict[str, Any], answered: dict[str, Any]
):
    found = here.call("PUT", NET, _with(**stated)).body["properties"]
    shown = {name: found[name] for name in ("echo", "quiet") if name in found}
    assert shown == {name: answered[name] for name in ("echo", "quiet") if name in answered}
    assert answered.items() <= found.items()


def test_a_default_is_that_of_the_api_version_of_the_request(here: Setting):
    older = here.call("PUT", f"{NET}?api-version=2025-06-01", BODY).body
    newer = here.call("PUT", NET + "2", BODY).body
    assert (older["properties"]["aged"], newer["properties"]["aged"]) == ("old", "new")


def test_an_enum_of_another_api_version_is_not_known(here: Setting):
    assert here.call("PUT", NET, _with(grade="Ultra")).status == 400
    assert here.call("PUT", f"{NET}?api-version=2027-01-01", _with(grade="Ultra")).status == 201


def test_silence_keeps_what_is_kept_and_resets_the_rest(here: Setting):
    here.call("PUT", NET, _with(tier="Standard", grade="Pro"))
    after = here.call("PUT", NET, BODY).body["properties"]
    assert (after["tier"], after["grade"]) == ("Standard", "Base")


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        pytest.param({"size": 4}, {"size": 5}, True, id="fixed at creation"),
        pytest.param({}, {"size": 5}, False, id="nothing stood there, as far as is known"),
        pytest.param({"size": 4}, {}, False, id="silence keeps what is fixed"),
        pytest.param({"mode": "Open"}, {"mode": "Closed"}, False, id="free"),
        pytest.param(
            {"guard": {"strict": True}},
            {"guard": {"strict": False}},
            True,
            id="what cannot be undone",
        ),
        pytest.param(
            {"guard": {"strict": False}},
            {"guard": {"strict": True}},
            False,
            id="what cannot be undone can be done",
        ),
        pytest.param({"guard": {"strict": True}}, {"guard": {}}, False, id="silence does not undo"),
    ],
)
def test_what_an_update_may_change(
    here: Setting, before: dict[str, Any], after: dict[str, Any], refused: bool
):
    assert here.call("PUT", NET, _with(**before)).status == 201
    reply = here.call("PUT", NET, _with(**after))
    if refused:
        assert (reply.status, reply.code) == (400, "PropertyChangeNotAllowed")
        assert reply.body["error"]["target"] in ("properties.size", "properties.guard.strict")
    else:
        assert reply.status == 200
    kept = here.call("GET", NET).body["properties"]
    for name, value in before.items():
        if refused or name not in after or after[name] == {}:
            assert kept[name] == value or kept[name] == {**value, "action": "Allow"}


def test_values_that_azure_never_takes_are_refused_at_creation_too(here: Setting):
    body = {"location": "westeurope", "properties": {"protected": False}}
    reply = here.call("PUT", "Contoso.Safe/safes/gold", body)
    assert reply.status == 400
    assert "properties.protected" in reply.body["error"]["message"]


def test_a_resource_does_not_move(here: Setting):
    here.call("PUT", NET, BODY)
    assert here.call("PUT", NET, {**BODY, "location": "WestEurope"}).status == 200
    moved = here.call("PUT", NET, {**BODY, "location": "uksouth"})
    assert (moved.status, moved.code) == (409, "InvalidResourceLocation")
    group = here.call("PUT", GROUP, {"location": "uksouth"})
    assert (group.status, group.code) == (409, "InvalidResourceGroupLocation")


def test_a_name_that_is_unique_in_azure_is_taken_in_every_group(here: Setting):
    body = {"location": "westeurope", "properties": {}}
    assert here.call("PUT", "Contoso.Safe/safes/gold", body).status == 201
    here.call("PUT", GROUP + "2", {"location": "westeurope"})
    reply = here.call("PUT", GROUP + "2/providers/Contoso.Safe/safes/Gold".lower(), body)
    assert (reply.status, reply.code) == (409, "SafeAlreadyExists")
    check = f"/subscriptions/{SUBSCRIPTION}/providers/Contoso.Safe/checkNameAvailability"
    asked = {"name": "gold", "type": "Contoso.Safe/safes"}
    assert here.call("POST", check, asked).body["nameAvailable"] is False
    assert here.call("POST", check, {**asked, "name": "silver"}).body["nameAvailable"] is True
    assert here.call("POST", check, {**asked, "name": "NO"}).body["nameAvailable"] is False


def test_one_grant_a_principal_and_role_at_a_scope(here: Setting):
    body = {"properties": {"principalId": "p", "role": "reader"}}
    grants = f"{GROUP}/providers/Contoso.Access/grants"
    assert here.call("PUT", f"{grants}/one", body).status == 201
    assert here.call("PUT", f"{grants}/one", body).status == 200
    second = here.call("PUT", f"{grants}/two", body)
    assert (second.status, second.code) == (409, "GrantExists")
    other = {"properties": {"principalId": "q", "role": "reader"}}
    moved = here.call("PUT", f"{grants}/one", other)
    assert (moved.status, moved.code) == (400, "GrantUpdateRefused")


def test_a_patch_merges_and_null_takes_away(here: Setting):
    here.call("PUT", NET, {**_with(mode="Closed"), "tags": {"a": "1", "b": "2"}})
    reply = here.call("PATCH", NET, {"tags": {"a": None, "c": "3"}, "properties": {"size": None}})
    assert reply.status == 200
    assert reply.body["tags"] == {"b": "2", "c": "3"}
    assert reply.body["properties"]["mode"] == "Closed"
    assert here.call("PATCH", "Contoso.Fabric/nets/none", {"tags": {}}).status == 404


def test_a_write_can_be_guarded_by_the_etag_it_was_read_with(here: Setting):
    assert "etag" not in here.call("PUT", NET, BODY).headers, "a write that goes on has none yet"
    etag = here.call("GET", NET).headers["etag"]
    guarded = here.call("PUT", NET, BODY, {"If-Match": etag})
    assert guarded.status == 200
    stale = here.call("PUT", NET, BODY, {"If-Match": etag})
    assert (stale.status, stale.code) == (412, "PreconditionFailed")
    assert here.call("PUT", NET, BODY, {"If-None-Match": "*"}).status == 412
    assert here.call("PUT", NET + "2", BODY, {"If-None-Match": "*"}).status == 201
    assert here.call("DELETE", NET, headers={"If-Match": etag}).status == 412
    assert here.call("PUT", NET + "3", BODY, {"If-Match": "*"}).status == 412


def test_addresses_are_given_out_from_the_fifth_on_and_kept(here: Setting):
    here.call("PUT", NET, _with(lanes=[{"name": "l", "properties": {"range": "10.0.0.0/29"}}]))
    lane = {"laneId": f"{GROUP}/providers/{NET}/lanes/l"}
    body = {"location": "westeurope", "properties": lane}

    def address(port: str) -> str:
        here.call("PUT", f"Contoso.Fabric/ports/{port}", body)
        return here.call("GET", f"Contoso.Fabric/ports/{port}").body["properties"]["address"]

    assert [address("a"), address("b"), address("a")] == ["10.0.0.4", "10.0.0.5", "10.0.0.4"]
    here.call("DELETE", "Contoso.Fabric/ports/a")
    assert address("c") == "10.0.0.4", "what is deleted gives its address back"
    assert address("d") == "10.0.0.6"
    full = here.call("PUT", "Contoso.Fabric/ports/e", body)
    assert full.code == "SubnetIsFull"


def test_what_azure_itself_has_is_there_at_every_scope(here: Setting):
    found = here.call("GET", f"{GROUP}/providers/Contoso.Access/roles/Reader")
    assert found.status == 200
    assert found.body["id"] == f"{GROUP}/providers/Contoso.Access/roles/reader"
    listed = here.call("GET", f"{GROUP}/providers/Contoso.Access/roles").body["value"]
    assert [entry["name"] for entry in listed] == ["reader"]


def test_an_identity_gets_its_principal_once(here: Setting):
    farm = {"location": "westeurope", "identity": {"type": "SystemAssigned"}}
    here.call("PUT", "Contoso.Fabric/farms/f", farm)
    first = here.call("GET", "Contoso.Fabric/farms/f").body["identity"]["principalId"]
    here.call("PUT", "Contoso.Fabric/farms/f", farm)
    assert here.call("GET", "Contoso.Fabric/farms/f").body["identity"]["principalId"] == first


def test_a_group_that_azure_keeps_comes_and_goes_with_its_resource(here: Setting):
    farm = {"location": "westeurope", "properties": {"workGroup": "work"}}
    work = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/work"
    here.call("PUT", "Contoso.Fabric/farms/f", farm)
    assert here.call("HEAD", work).status == 204
    here.call("DELETE", "Contoso.Fabric/farms/f")
    assert here.call("HEAD", work).status == 404


def test_both_sides_of_a_link_learn_of_each_other(here: Setting):
    nets = [f"{GROUP}/providers/Contoso.Fabric/nets/{name}" for name in "ab"]
    for net in nets:
        here.call("PUT", net, BODY)

    def link(net: str, remote: str) -> str:
        accepted = here.call("PUT", f"{net}/links/back", {"properties": {"remoteId": remote}})
        assert (accepted.status, accepted.body) == (202, {})
        assert accepted.headers["azure-asyncoperation"]
        found = here.call("GET", f"{nets[0]}/links/back").body
        return str(found["properties"]["state"])

    assert link(nets[0], nets[1]) == "Initiated"
    assert link(nets[1], nets[0]) == "Connected"
    here.call("DELETE", f"{nets[1]}/links/back")
    assert here.call("GET", f"{nets[0]}/links/back").body["properties"]["state"] == "Initiated"
