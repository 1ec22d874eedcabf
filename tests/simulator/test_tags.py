"""Tags of a scope by themselves, and the names and values of a subscription, by the SDK."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, SUBSCRIPTION

S = f"/subscriptions/{SUBSCRIPTION}"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a"


def _body(**tags: str | None) -> dict[str, Any]:
    return {"properties": {"tags": tags}}


def test_tags_of_a_group_are_merged_replaced_and_deleted(connect: Connect):
    client = connect(ResourceManagementClient)

    def patch(operation: str, **tags: str | None) -> dict[str, str]:
        body = {"operation": operation, **_body(**tags)}
        client.tags.begin_update_at_scope(GROUP, body).result()
        found: dict[str, str] = client.resource_groups.get("rg").tags or {}
        assert client.tags.get_at_scope(GROUP).properties.tags == found
        return found

    assert patch("Merge", b="2") == {"env": "dev", "b": "2"}
    assert patch("merge", ENV="prod") == {"env": "prod", "b": "2"}
    assert patch("Delete", b="other") == {"env": "prod", "b": "2"}
    assert patch("Delete", B="2") == {"env": "prod"}
    assert patch("Delete", env="") == {}
    assert patch("Replace", x="1", y="2") == {"x": "1", "y": "2"}
    with pytest.raises(HttpResponseError, match="Merge, Replace or Delete"):
        patch("Append", z="3")
    client.tags.begin_create_or_update_at_scope(GROUP, _body(only="this")).result()
    assert client.resource_groups.get("rg").tags == {"only": "this"}
    client.tags.begin_delete_at_scope(GROUP).result()
    assert not client.resource_groups.get("rg").tags


def test_tags_of_a_resource_change_nothing_else_and_respect_locks(connect: Connect):
    client = connect(ResourceManagementClient)
    identities = connect(ManagedServiceIdentityClient).user_assigned_identities
    made = identities.create_or_update("rg", "id-a", {"location": "westeurope"})
    client.tags.begin_create_or_update_at_scope(IDENTITY, _body(a="b")).result()
    found = identities.get("rg", "id-a")
    assert (found.tags, found.principal_id) == ({"a": "b"}, made.principal_id)

    locks = connect(ManagementLockClient).management_locks
    locks.create_or_update_at_resource_group_level("rg", "keep", {"level": "ReadOnly"})
    with pytest.raises(HttpResponseError) as refused:
        client.tags.begin_delete_at_scope(IDENTITY).result()
    assert refused.value.error.code == "ScopeLocked"
    assert identities.get("rg", "id-a").tags == {"a": "b"}


def test_what_cannot_have_tags_or_is_not_there_is_refused(connect: Connect):
    client = connect(ResourceManagementClient)
    locks = connect(ManagementLockClient).management_locks
    lock = locks.create_or_update_at_resource_group_level("rg", "keep", {"level": "CanNotDelete"})
    for scope, code in (
        (f"{GROUP}-none", "ResourceGroupNotFound"),
        (IDENTITY, "ResourceNotFound"),
        (lock.id, "InvalidRequestContent"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            client.tags.begin_create_or_update_at_scope(scope, _body(a="b")).result()
        assert refused.value.error.code == code
    with pytest.raises(HttpResponseError) as refused:
        client.tags.begin_create_or_update_at_scope(GROUP, _body(**{"a/b": "c"})).result()
    assert refused.value.error.code == "InvalidTagNameCharacters"


def test_names_of_tags_are_counted_over_the_subscription(connect: Connect):
    client = connect(ResourceManagementClient)
    client.resource_groups.create_or_update("b", {"location": "uksouth", "tags": {"ENV": "prod"}})
    client.tags.begin_create_or_update_at_scope(S, _body(env="dev", own="x")).result()
    assert client.tags.get_at_scope(S).properties.tags == {"env": "dev", "own": "x"}

    found = {tag.tag_name: tag for tag in client.tags.list()}
    assert set(found) == {"env", "own"}
    assert found["env"].count.value == 3
    counts = {each.tag_value: each.count.value for each in found["env"].values_property}
    assert counts == {"dev": 2, "prod": 1}


def test_predefined_names_and_values(connect: Connect):
    tags = connect(ResourceManagementClient).tags
    assert tags.create_or_update("cost").tag_name == "cost"
    assert tags.create_or_update_value("cost", "42").tag_value == "42"
    with pytest.raises(HttpResponseError) as refused:
        tags.delete("cost")
    assert refused.value.status_code == 409
    tags.delete_value("cost", "42")
    tags.delete("cost")
    assert "cost" not in [tag.tag_name for tag in tags.list()]
    with pytest.raises(HttpResponseError) as refused:
        tags.create_or_update_value("cost", "42")
    assert refused.value.error.code == "TagNotFound"
