"""What a role allows: wildcards, exclusions, and whether one role grants no more than another."""

import json
import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.catalog.built_in_roles import get_built_in_role
from provisioner.model.permissions import (
    Permission,
    grants,
    is_within,
    matches,
    parse_permissions,
)
from provisioner.model.values import Unknown

RECORDED = Path(__file__).parents[4] / "shared" / "reference" / "built-in-roles.json"
VAULT = "Microsoft.KeyVault/vaults"
SECRETS = f"{VAULT}/secrets"

MATCHES = [
    # pattern, action, whether it matches, why
    ("*", "Microsoft.KeyVault/vaults/write", True, "everything"),
    ("*", "", True, "everything is also nothing"),
    ("*/read", "Microsoft.Network/virtualNetworks/subnets/read", True, "across slashes"),
    ("*/read", "Microsoft.Network/virtualNetworks/subnets/write", False, "another verb"),
    ("Microsoft.KeyVault/*", "microsoft.keyvault/VAULTS/read", True, "case does not matter"),
    ("Microsoft.KeyVault/*", "Microsoft.KeyVaults/vaults/read", False, "another provider"),
    ("Microsoft.Network/*/join/action", "Microsoft.Network/natGateways/join/action", True,
     "in the middle"),
    ("Microsoft.Network/*/join/action", "Microsoft.Network/join/action", False,
     "both slashes are there"),
    ("*/secrets/*/action", f"{SECRETS}/getSecret/action", True, "twice"),
    ("Microsoft.KeyVault/vaults/rea?", f"{VAULT}/read", False, "only * is a wildcard"),
    ("Microsoft.KeyVault/vaults/[rw]ead", f"{VAULT}/read", False, "no character classes"),
    (VAULT, f"{VAULT}/read", False, "a name alone is not a prefix"),
    ("ab*ba", "aba", False, "the pieces do not overlap"),
    ("a*b*b", "ab", False, "every piece takes its own letters"),
    ("a*c*b*d", "abcd", False, "the pieces are in their order"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "action", "expected", "why"), MATCHES, ids=[m[3] for m in MATCHES]
)
def test_a_star_stands_for_any_text(pattern: str, action: str, expected: bool, why: str) -> None:
    assert matches(pattern, action) is expected, why


def test_many_stars_are_matched_in_no_time() -> None:
    assert not matches("*a" * 200 + "b", "a" * 5_000)


def test_exclusions_take_away_from_their_own_permission_only() -> None:
    """Service Group Administrator is built like that: what one entry leaves out, the next gives."""
    contributor = Permission(("*",), ("Microsoft.Authorization/*/write",))
    assign = Permission(("Microsoft.Authorization/roleAssignments/write",))

    assert not grants([contributor], "Microsoft.Authorization/roleAssignments/write")
    assert grants([contributor, assign], "Microsoft.Authorization/roleAssignments/write")


def test_actions_and_data_actions_are_apart() -> None:
    owner = Permission(("*",))
    reader = Permission(data_actions=(f"{SECRETS}/getSecret/action",))

    assert not grants([owner], f"{SECRETS}/getSecret/action", data=True)
    assert not grants([reader], f"{SECRETS}/getSecret/action")
    assert grants([reader], f"{SECRETS}/getSecret/action", data=True)


WITHIN = [
    # inner, outer, whether inner grants no more, why
    (Permission(("*",)), Permission(("*",)), True, "a role grants what it grants"),
    (Permission(("*/read",)), Permission(("*",)), True, "everything includes reading"),
    (Permission(("*",)), Permission(("*/read",)), False, "reading is not everything"),
    (Permission(("*",), ("*/write",)), Permission(("*",), ("*/write",)), True, "same exclusions"),
    (Permission(("*",), ("*/write",)), Permission(("*",), ("A/*/write",)), True,
     "it excludes more"),
    (Permission(("*",), ("A/*/write",)), Permission(("*",), ("*/write",)), False,
     "it excludes less"),
    (Permission(("A/*",), ("A/b/*",)), Permission(("A/*",), ("A/b/c",)), True,
     "the whole of what the other leaves out is left out"),
    (Permission(("A/read",)), Permission(("a/READ",)), True, "case does not matter"),
    (Permission(("A/*/read",)), Permission(("A/*",)), True, "a wildcard within a wildcard"),
    (Permission(("A/*",)), Permission(("A/*/read",)), False, "a wildcard around a wildcard"),
    (Permission(("A/*/b/*",)), Permission(("A/*b/*",)), True, "across the slash"),
    (Permission(data_actions=("A/read",)), Permission(("*",)), False, "data is not control"),
    (Permission(), Permission(), True, "nothing is within nothing"),
    (Permission(("A/read",)), Permission(("A/read",), condition="x"), False,
     "a condition may take away"),
    (Permission(("A/read",), condition="x"), Permission(("A/read",), condition="x"), True,
     "under the same condition"),
    (Permission(("A/read",), condition="x"), Permission(("A/read",)), True,
     "a condition only takes away"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("inner", "outer", "expected", "why"), WITHIN, ids=[row[3] for row in WITHIN]
)
def test_a_role_is_within_another_that_grants_no_less(
    inner: Permission, outer: Permission, expected: bool, why: str
) -> None:
    assert is_within([inner], [outer]) is expected, why


def test_two_permissions_may_cover_one() -> None:
    most, rest = Permission(("A/*",), ("A/*/c",)), Permission(("A/*/c",))

    assert is_within([Permission(("A/*",))], [most, rest])
    assert not is_within([Permission(("A/*",))], [most, Permission(("A/b/c",))])


def test_too_many_wildcards_to_compare_are_not_shown_to_be_within() -> None:
    hard = tuple(f"*{letter}" + "*x" * 20 for letter in "abcdefgh")
    assert not is_within([Permission(("*" + "x*" * 12,))], [Permission(hard)])


def test_a_definition_is_read_as_azure_writes_it() -> None:
    found = parse_permissions(
        [{"actions": ["*"], "notActions": None, "dataActions": [], "condition": None}]
    )
    assert found == (Permission(("*",)),)


UNREADABLE = [
    (None, "permissions are absent, expected a list"),
    ("*", "permissions are str '*', expected a list"),
    (["*"], "a permission is str '*', expected an object"),
    ([{"actions": "*"}], "actions of a permission are str '*', expected a list"),
    ([{"notActions": [7]}], "an entry of notActions is int 7, expected text"),
    ([{"actions": Unknown("a.id", {}, ("a.id",))}],
     "actions of a permission are not known before apply, expected a list"),
    ([{"condition": {}}], "the condition of a permission is dict {}, expected text"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), UNREADABLE, ids=[row[1] for row in UNREADABLE])
def test_what_is_no_list_of_permissions_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_permissions(value)


_SEGMENTS = st.lists(st.sampled_from(["A", "b", "*", "read"]), min_size=1, max_size=3)
_PATTERNS = st.lists(_SEGMENTS.map("/".join), max_size=3).map(tuple)
_PERMISSIONS = st.lists(st.builds(Permission, _PATTERNS, _PATTERNS), max_size=2)
_ACTIONS = [
    "/".join(parts)
    for first in ("A", "b", "read", "z")
    for second in (None, "A", "b", "read", "z", "zA")
    for third in (None, "read", "b", "zread")
    for parts in [[part for part in (first, second, third) if part is not None]]
]


@settings(max_examples=300, deadline=None)
@given(_PERMISSIONS, _PERMISSIONS)
def test_what_is_within_grants_no_action_more(
    inner: list[Permission], outer: list[Permission]
) -> None:
    if is_within(inner, outer):
        assert [a for a in _ACTIONS if grants(inner, a) and not grants(outer, a)] == []


@settings(max_examples=300, deadline=None)
@given(_PERMISSIONS, _PERMISSIONS)
def test_what_is_not_within_grants_something_more(
    inner: list[Permission], outer: list[Permission]
) -> None:
    """Every such action is found among those of at most a few letters beside the patterns."""
    if not is_within(inner, outer):
        assert any(
            _grants_by_expression(inner, a) and not _grants_by_expression(outer, a)
            for a in _texts_near(inner, outer)
        )


def _texts_near(*roles: list[Permission]) -> set[str]:
    """All patterns, each wildcard filled in several ways: with other patterns, too."""
    patterns = {
        pattern for role in roles for entry in role for side in entry.patterns() for pattern in side
    }
    fillers = {"", "z", "/z", "z/", "/", "z/z"} | {p.replace("*", "z") for p in patterns}
    fillers |= {f"/{p}" for p in set(fillers)} | {f"{p}/" for p in set(fillers)}
    texts: set[str] = set()
    for pattern in patterns:
        first, *rest = pattern.split("*")
        found = {first}
        for piece in rest:
            found = {f"{text}{filler}{piece}" for text in found for filler in fillers}
        texts |= found
    return texts


def _grants_by_expression(role: list[Permission], action: str) -> bool:
    return any(_Sets(entry.actions, entry.not_actions).holds(action) for entry in role)


class _Sets:
    """An evaluator of its own: one regular expression for what is allowed less what is not."""

    def __init__(self, allowed: object, excluded: object) -> None:
        self.allowed, self.excluded = self._compile(allowed), self._compile(excluded)

    def holds(self, action: str) -> bool:
        return bool(self.allowed.fullmatch(action)) and not self.excluded.fullmatch(action)

    @staticmethod
    def _compile(patterns: object) -> re.Pattern[str]:
        listed = [str(p) for p in patterns] if isinstance(patterns, (list, tuple)) else []
        either = "|".join(".*".join(map(re.escape, p.split("*"))) for p in listed)
        return re.compile(either or r"(?!)", re.IGNORECASE | re.DOTALL)


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, object]]:
    """The built-in roles as recorded, but for one without an id of its own."""
    if not RECORDED.is_file():
        if os.environ.get("CI") == "true" and not os.environ.get("GITHUB_ACTIONS"):
            pytest.fail("the roles are missing: expected ../shared/reference/built-in-roles.json")
        pytest.skip("needs the recorded roles (../shared/reference)")
    found: list[dict[str, object]] = json.loads(RECORDED.read_text())
    return [role for role in found if str(role["id"]).strip("0-")]


def _actions_of(roles: list[dict[str, object]], count: int) -> list[str]:
    """Actions that the roles name, and neighbours of them: each wildcard filled in."""
    named = sorted(set(re.findall(r'"([A-Za-z]+\.?[A-Za-z]*/[^" ]+|\*[^" ]*)"', json.dumps(roles))))
    chosen = random.Random(11).sample(named, count)
    return [name.replace("*", "some/thing") for name in chosen]


def test_effective_permissions_agree_with_an_independent_evaluator(
    recorded: list[dict[str, object]],
) -> None:
    """963 roles x 500 actions, of the control plane and of data."""
    actions = _actions_of(recorded, 500)
    assert len(recorded) == 963
    wrong = []
    for role in recorded:
        known = get_built_in_role(str(role["id"]))
        assert known is not None
        assert known.name == role["name"]
        for data, allowed, excluded in (
            (False, "actions", "notActions"),
            (True, "dataActions", "notDataActions"),
        ):
            sets = [_Sets(e.get(allowed), e.get(excluded)) for e in role["permissions"]]  # type: ignore[attr-defined]
            wrong += [
                (known.name, action, data)
                for action in actions
                if grants(known.permissions, action, data=data)
                is not any(entry.holds(action) for entry in sets)
            ]
    assert wrong == []
