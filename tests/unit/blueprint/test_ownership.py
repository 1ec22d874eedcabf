"""Whose a resource is can be read back from tags alone."""

import pytest

from provisioner.blueprint.ownership import (
    digest,
    is_ownership_tag,
    owner_of,
    vouched_below,
)
from provisioner.model.resource_id import parse_resource_id
from tests.unit.blueprint.invented_catalog import GROUP, composed, section


def _body(**tags):
    return {"tags": {name.replace("_", "-"): value for name, value in tags.items()}}


OWNERS = [
    (_body(azsec_environment="prod", azsec_address="hub.net"), ("prod", "hub.net"), "both tags"),
    (_body(azsec_environment="prod"), None, "half of it proves nothing"),
    (_body(environment="prod"), None, "other tags are not ours"),
    ({"tags": None}, None, "no tags"),
    ({}, None, "none at all"),
]


@pytest.mark.parametrize(("body", "owner", "_reason"), OWNERS, ids=[row[2] for row in OWNERS])
def test_the_owner_is_what_the_tags_say(body, owner, _reason):
    assert owner_of(body) == owner


TAGS = [
    ("azsec-environment", True),
    ("azsec-address", True),
    ("azsec-below", True),
    ("azsec-below-2", True),
    ("environment", False),
]


@pytest.mark.parametrize(("name", "ours"), TAGS)
def test_ownership_tags_are_told_from_others(name, ours):
    assert is_ownership_tag(name) is ours


def test_a_digest_ignores_the_case_of_an_id():
    one = parse_resource_id(f"{GROUP}/providers/Invented.Network/networks/net")
    other = parse_resource_id(f"{GROUP.upper()}/providers/invented.network/NETWORKS/net")
    assert one is not None
    assert other is not None
    assert digest(one) == digest(other)


def test_only_the_same_environment_vouches():
    mine = _body(azsec_environment="prod", azsec_address="a", azsec_below="11111111")
    theirs = _body(azsec_environment="dev", azsec_address="a", azsec_below="22222222")
    assert vouched_below([mine, theirs], "prod") == {"11111111"}


def test_many_children_fit_into_tags_of_256_characters():
    names = ", ".join(f"g{number}" for number in range(60))
    grants = section(
        "resources",
        f"""
        net: {{type: Invented.Network/networks, name: net, resourceGroup: main}}
        grant:
          type: Invented.Authorization/grants
          forEach: [{names}]
          name: ${{each.key}}
          scope: ${{net.id}}
          properties: {{principalId: p}}
        """,
    )
    body = composed(grants).resources["net"].body
    below = {name: text for name, text in body["tags"].items() if name.startswith("azsec-below")}
    assert sorted(below) == ["azsec-below", "azsec-below-2", "azsec-below-3"]
    assert all(len(text) <= 256 for text in below.values())
    assert len(vouched_below([body], "test")) == 60
