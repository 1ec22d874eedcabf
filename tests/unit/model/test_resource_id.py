"""Resource ids: the grammar of ARM paths."""

import pytest

from provisioner.model.resource_id import ResourceId, parse_resource_id

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
G = f"{S}/resourceGroups/rg"


@pytest.mark.parametrize(
    ("text", "kind", "names", "container"),
    [
        pytest.param(S, "subscriptions", 1, None, id="a subscription"),
        pytest.param(G, "resourceGroups", 1, S, id="a resource group"),
        pytest.param(
            f"{G}/providers/Test.Kind/things/one", "Test.Kind/things", 1, G, id="in a group"
        ),
        pytest.param(
            f"{G}/providers/Test.Kind/things/one/parts/two",
            "Test.Kind/things/parts",
            2,
            f"{G}/providers/Test.Kind/things/one",
            id="a child",
        ),
        pytest.param(
            f"{G}/providers/Test.Kind/things/one/providers/Test.Lock/locks/two",
            "Test.Lock/locks",
            1,
            f"{G}/providers/Test.Kind/things/one",
            id="an extension of a resource",
        ),
        pytest.param(
            f"{S}/providers/Test.Role/assignments/one",
            "Test.Role/assignments",
            1,
            S,
            id="an extension of a subscription",
        ),
        pytest.param(
            "/providers/Test.Role/definitions/one",
            "Test.Role/definitions",
            1,
            None,
            id="at the tenant",
        ),
    ],
)
def test_an_id_is_read(text: str, kind: str, names: int, container: str | None) -> None:
    parsed = ResourceId.parse(text)

    assert parsed.text == text
    assert parsed.type == kind
    assert len(parsed.names) == names
    assert (parsed.container.text if parsed.container else None) == container


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("rg/providers/Test.Kind/things/one", id="no slash at its start"),
        pytest.param("/", id="no segment"),
        pytest.param(f"{S}//resourceGroups/rg", id="an empty segment"),
        pytest.param(f"{G}/providers/Test.Kind/things", id="a type without a name"),
        pytest.param(f"{G}/providers/Test.Kind", id="a namespace alone"),
        pytest.param(f"{G}/things/one", id="no providers"),
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ARM resource id"):
        ResourceId.parse(text)
    assert parse_resource_id(text) is None


def test_case_is_kept_and_ignored() -> None:
    one = ResourceId.parse(f"{G}/providers/Test.Kind/things/One")
    other = ResourceId.parse(f"{G.lower()}/providers/test.kind/THINGS/one")

    assert one == other
    assert hash(one) == hash(other)
    assert one.text != other.text
    assert len({one, other}) == 1


def test_what_an_id_stands_in() -> None:
    part = ResourceId.parse(f"{G}/providers/Test.Kind/things/one/parts/two")

    assert part.name == "two"
    assert part.subscription == "11111111-1111-1111-1111-111111111111"
    assert part.resource_group == "rg"
    assert [ancestor.text for ancestor in part.ancestors] == [
        f"{G}/providers/Test.Kind/things/one",
        G,
        S,
    ]
    assert part.is_within(ResourceId.parse(G.upper().replace("SUBSCRIPTIONS", "subscriptions")))
    assert not part.is_within(ResourceId.parse(f"{S}/resourceGroups/r"))
