"""A mark proves whose a resource is, and nothing else does."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from provisioner.blueprint.ownership import (
    Marks,
    OwnershipClaim,
    derive_id,
    is_ownership_tag,
    marks_below,
    with_marks_below,
)
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from tests.unit.blueprint.invented_catalog import GROUP, composed, section

OURS = Marks("prod", "0123456789abcdef0123456789abcdef")
NAMESAKE = Marks("prod", "fedcba9876543210fedcba9876543210")
NET = ResourceId.parse(f"{GROUP}/providers/Invented.Network/networks/net")
OTHER = ResourceId.parse(f"{GROUP}/providers/Invented.Network/networks/other")
SUBNET = ResourceId.parse(f"{NET}/subnets/one")


def tags(marks: Marks = OURS, address: str = "hub.net", **changed: str) -> dict[str, str]:
    """Return the tags on NET, some of them changed (`azsec_mark` stands for azsec-mark)."""
    return {
        **marks.tags(NET, address),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }


CLAIMS: list[tuple[Mapping[str, str] | None, OwnershipClaim, str]] = [
    (tags(), OwnershipClaim.OURS, "its own tags"),
    (
        {name.upper(): value for name, value in tags().items()},
        OwnershipClaim.OURS,
        "names in capitals",
    ),
    ({**tags(), "team": "payments"}, OwnershipClaim.OURS, "beside the tags of others"),
    (None, OwnershipClaim.NONE, "no tags"),
    ({"environment": "prod"}, OwnershipClaim.NONE, "the tags of others"),
    (OURS.tags(OTHER, "hub.net"), OwnershipClaim.INVALID, "copied from another resource"),
    (tags(azsec_address="hub.other"), OwnershipClaim.INVALID, "an address that was edited"),
    (tags(azsec_mark="x" * 20), OwnershipClaim.INVALID, "a mark that was guessed"),
    (
        {"azsec-environment": "prod", "azsec-address": "a"},
        OwnershipClaim.INVALID,
        "a name without a mark",
    ),
    (
        {"azsec-owner": OURS.owner, "azsec-mark": OURS.mark(NET, "a")},
        OwnershipClaim.INVALID,
        "a mark without its address",
    ),
    (tags(NAMESAKE), OwnershipClaim.OTHER, "an environment of the same name with another id"),
    (Marks("dev", NAMESAKE.key).tags(NET, "a"), OwnershipClaim.OTHER, "another environment"),
    (
        {"azsec-environment": "dev", "azsec-address": "a"},
        OwnershipClaim.OTHER,
        "another one, unmarked",
    ),
    ({**tags(), "AZSEC-Mark": "y"}, OwnershipClaim.AMBIGUOUS, "a tag twice, in two spellings"),
]


@pytest.mark.parametrize(("found", "claim", "_reason"), CLAIMS, ids=[row[2] for row in CLAIMS])
def test_the_mark_says_whose_a_resource_is(found, claim, _reason):
    assert OURS.owner_of(NET, found).claim is claim


def test_a_mark_follows_a_renamed_environment_and_a_moved_address():
    renamed = Marks("production", OURS.key)

    owner = renamed.owner_of(NET, tags(address="old.place"))

    assert owner.is_ours
    assert (owner.environment, owner.address) == ("prod", "old.place")


def test_marks_ignore_the_case_of_an_id():
    shouted = ResourceId.parse(str(NET).upper().replace("SUBSCRIPTIONS", "subscriptions"))

    assert OURS.mark(NET, "a") == OURS.mark(shouted, "a")
    assert OURS.mark_below(NET) == OURS.mark_below(shouted)


def test_no_tag_gives_the_id_away():
    written = " ".join(tags().values()) + repr(OURS)

    assert OURS.key not in written


def test_a_derived_id_depends_on_the_place_of_the_file():
    assert derive_id("/one/environments/dev.yaml") != derive_id("/two/environments/dev.yaml")
    assert len(derive_id("/one/environments/dev.yaml")) == len(OURS.key)


OWN_TAGS = [
    ("azsec-environment", True),
    ("AZSEC-Address", True),
    ("azsec-owner", True),
    ("azsec-mark", True),
    ("azsec-stands-in-for", True),
    ("azsec-below", True),
    ("azsec-below-2", True),
    ("azsec-belows", False),
    ("environment", False),
]


@pytest.mark.parametrize(("name", "ours"), OWN_TAGS)
def test_ownership_tags_are_known_by_their_names(name, ours):
    assert is_ownership_tag(name) is ours


GRANTS = """
net: {{type: Invented.Network/networks, name: net, resourceGroup: main}}
grant:
  type: Invented.Authorization/grants
  forEach: [{names}]
  name: ${{each.key}}
  scope: ${{net.id}}
  properties: {{principalId: p}}
"""


def test_many_marks_fit_into_tags_of_256_characters():
    names = ", ".join(f"g{number}" for number in range(60))
    body = composed(section("resources", GRANTS.format(names=names))).resources["net"].body
    below = {name: text for name, text in body["tags"].items() if name.startswith("azsec-below")}

    assert sorted(below) == ["azsec-below", "azsec-below-2", "azsec-below-3", "azsec-below-4"]
    assert all(len(text) <= 256 for text in below.values())
    assert len(marks_below(body["tags"])) == 60


def test_more_marks_than_azure_takes_tags_are_refused():
    names = ", ".join(f"g{number}" for number in range(1_000))

    with pytest.raises(DiagnosticError, match="Azure allows 50"):
        composed(section("resources", GRANTS.format(names=names)))


def test_a_tag_of_azsecs_own_cannot_be_stated():
    stated = """
    net:
      type: Invented.Network/networks
      name: net
      resourceGroup: main
      tags: {AZSEC-Mark: mine}
    """

    with pytest.raises(DiagnosticError, match="'AZSEC-Mark', which azsec writes itself"):
        composed(section("resources", stated))


def test_marks_are_added_to_and_taken_from_a_carrier():
    body = {"tags": {"team": "payments", "azsec-below": "aaaaaaaaaaaa.bbbbbbbbbbbb"}}

    changed = with_marks_below(body, {"cccccccccccc"}, {"aaaaaaaaaaaa"})

    assert changed["tags"] == {"team": "payments", "azsec-below": "bbbbbbbbbbbb.cccccccccccc"}
    assert with_marks_below(body, {"bbbbbbbbbbbb"}, {"dddddddddddd"}) is body


def test_a_write_is_known_for_ones_own_by_its_stamp() -> None:
    stamp = OURS.stamp(b"8 random")

    assert OURS.is_stamp(stamp)
    assert OURS.is_stamp(stamp.upper())
    assert not NAMESAKE.is_stamp(stamp)
    assert not OURS.is_stamp(str(UUID(bytes=b"0123456789abcdef")))
    assert not OURS.is_stamp("")
