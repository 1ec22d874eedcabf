"""Conditions of role assignments: what is read, and what they say of an action."""

import pytest

from provisioner.catalog.permissions import attributes_of_assignment
from provisioner.model.conditions import parse_condition

WRITE = "Microsoft.Authorization/roleAssignments/write"
PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
KIND = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
KNOWN = attributes_of_assignment(PULL, "someone", "User")

EVALUATED = [
    # condition, what it says of an assignment of AcrPull to a user
    (f"{ROLE} ForAnyOfAnyValues:GuidEquals {{{PULL}, {OWNER}}}", True),
    (f"{ROLE} ForAnyOfAnyValues:GuidEquals {{{PULL.upper()}}}", True),
    (f"{ROLE} ForAnyOfAnyValues:GuidEquals {{'{OWNER}'}}", False),
    (f"{ROLE} ForAnyOfAllValues:GuidNotEquals {{{OWNER}}}", True),
    (f"{ROLE} ForAnyOfAllValues:GuidNotEquals {{{OWNER}, {PULL}}}", False),
    (f"{ROLE} ForAllOfAnyValues:GuidNotEquals {{{OWNER}, {PULL}}}", True),
    (f"{ROLE} GuidEquals {PULL}", True),
    (f"{KIND} StringEqualsIgnoreCase 'user'", True),
    (f"{KIND} StringEquals 'user'", False),
    (f"{KIND} StringNotEqualsIgnoreCase 'User'", False),
    (f"{KIND} StringLike 'U*'", None),
    (f"!(ActionMatches{{'{WRITE}'}})", False),
    ("ActionMatches{'Microsoft.Authorization/*'}", True),
    ("NOT ActionMatches{'Microsoft.Storage/*'}", True),
    (f"ActionMatches{{'{WRITE}'}} && {KIND} StringEquals 'Group'", False),
    (f"ActionMatches{{'{WRITE}'}} || {KIND} StringEquals 'Group'", True),
    ("SubOperationMatches{'Blob.List'}", None),
    ("Exists @Resource[x:y]", None),
    (f"Exists {KIND}", True),
    ("@Resource[x:y] StringEquals 'a' OR @Principal[x:y] StringEquals 'b'", None),
    ("@Environment[Microsoft.Network/privateEndpoints] StringEquals 'a' AND "
     "!(ActionMatches{'*'})", False),
    ("@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] "
     "StringStartsWith 'it\\'s'", None),
    ("@Environment[isPrivateLink] BoolEquals true", None),
    ("@Environment[UtcNow] DateTimeGreaterThan '2027-01-01T00:00:00.0Z'", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), EVALUATED, ids=[row[0][-60:] for row in EVALUATED])
def test_a_condition_holds_as_far_as_it_is_known(text: str, expected: bool | None) -> None:
    assert parse_condition(text).holds(WRITE, KNOWN) is expected


REFUSED = [
    ("", "unexpected 'its end' (part 1), expected a value"),
    ("(ActionMatches{'a'}", "unexpected 'its end' (part 6), expected ')'"),
    ("ActionMatches{'a'} ActionMatches{'b'}", "unexpected 'ActionMatches' (part 5)"),
    ("ActionMatches('a')", "unexpected '(' (part 2), expected '{'"),
    (f"{KIND} Resembles 'a'", "unknown operator 'Resembles'"),
    ("@Weather[sun] BoolEquals true", "unknown source of attributes '@Weather'"),
    ("@Request[", "unexpected '@Request[' (character 1)"),
    (f"{KIND} StringEquals", "unexpected 'its end' (part 3), expected a value"),
    ("(" * 500, "it is nested more than 100 deep"),
    ("!" * 500, "it is nested more than 100 deep"),
    ("a" * 9000, "a condition of 9000 characters, expected at most 8192"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_no_condition_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the message is compared below
        parse_condition(text)
    assert message in str(refused.value)


def test_the_actions_that_a_condition_names_are_known() -> None:
    text = f"!(ActionMatches{{'{WRITE}'}}) OR ActionMatches{{'a/b'}}"
    assert parse_condition(text).actions == (WRITE, "a/b")
