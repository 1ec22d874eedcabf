"""What is said of a resource, and never more than the logs say."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.attribution.activity_log import Outcome, Write
from provisioner.attribution.resource_changes import ResourceChange
from provisioner.attribution.statements import LogCoverage, Logs, Target
from provisioner.catalog.registry import Catalog
from provisioner.documents.attribution import (
    AttributionDocument,
    AttributionVerdict,
    WriterKind,
)
from provisioner.model.resource_id import ResourceId
from provisioner.reports.attribution_wording import attribution_sentences

START = datetime(2026, 11, 16, tzinfo=UTC)
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{VNET}/subnets/nodes"
RULES = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
LOCK = f"{CLUSTER}/providers/Microsoft.Authorization/locks/frozen"
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def write(
    target: str,
    actor: str | None = "mallory@contoso.com",
    minute: int = 0,
    action: str = "write",
    correlation: str = "c1",
    outcome: Outcome = Outcome.SUCCEEDED,
) -> Write:
    resource = ResourceId.parse(target)
    return Write(
        target=resource,
        action=f"{resource.type}/{action}",
        actor=actor,
        object_id=None,
        application=CLI if actor else None,
        at=START + timedelta(days=1, minutes=minute),
        correlation=correlation,
        outcome=outcome,
    )


def change(
    target: str,
    *paths: str,
    actor: str | None = None,
    by_platform: bool = False,
    correlation: str | None = None,
    deletes: bool = False,
) -> ResourceChange:
    return ResourceChange(
        target=ResourceId.parse(target),
        at=START + timedelta(days=2),
        deletes=deletes,
        actor=actor,
        by_platform=by_platform,
        client="Azure Portal" if actor else None,
        action=None,
        correlation=correlation,
        paths=paths,
    )


@pytest.fixture
def say(catalog: Catalog):
    def attribute(
        target: Target, *entries: Write | ResourceChange, refused: str | None = None
    ) -> AttributionDocument:
        writes = [entry for entry in entries if isinstance(entry, Write)]
        changes = [entry for entry in entries if isinstance(entry, ResourceChange)]
        return Logs(writes, changes, catalog).attribute(target, LogCoverage(START, refused))

    return attribute


def of(resource: str, *paths: str, missing: bool = False) -> Target:
    return Target(ResourceId.parse(resource), missing, paths)


def sentences(attribution: AttributionDocument) -> list[str]:
    return list(attribution_sentences(attribution))


def test_one_writer(say):
    told = say(of(VNET), write(VNET))
    assert told.verdict is AttributionVerdict.WRITTEN
    assert sentences(told) == [
        "written by mallory@contoso.com with Azure CLI at 2026-11-17T00:00:00Z; correlation id c1"
    ]


def test_several_writers_are_listed_the_latest_first(say):
    told = say(
        of(VNET),
        write(VNET, "ci", 1, correlation="c2"),
        write(VNET, minute=2),
        write(VNET, "ci", 3, correlation="c3"),
    )
    assert told.verdict is AttributionVerdict.SEVERAL
    assert sentences(told) == [
        "changed several times since 2026-11-16T00:00:00Z, the latest first:",
        "- written by ci with Azure CLI at 2026-11-17T00:03:00Z (the last of 2 writes); "
        "correlation id c3",
        "- written by mallory@contoso.com with Azure CLI at 2026-11-17T00:02:00Z; "
        "correlation id c1",
    ]


def test_the_time_of_one_write_never_stands_beside_what_another_one_changed(say):
    told = say(
        of(RULES, "tags.team"),
        write(RULES, minute=1),
        write(RULES, minute=2, correlation="c2"),
        write(RULES, minute=3, correlation="c3"),
        change(RULES, "tags.team", correlation="c1"),
    )
    assert told.verdict is AttributionVerdict.WRITTEN
    assert [(e.at[11:16], e.writes, e.paths) for e in told.writers] == [
        ("00:03", 2, ()),
        ("00:01", 1, ("tags.team",)),
    ]


def test_many_writers_are_counted(say):
    told = say(of(VNET), *(write(VNET, f"p{n}", n, correlation=f"c{n}") for n in range(8)))
    assert sentences(told)[-1] == "- … and 3 more writers"
    assert len(told.writers) == 8


def test_only_the_platform(say):
    told = say(of(VNET), change(VNET, by_platform=True))
    assert told.verdict is AttributionVerdict.PLATFORM
    assert sentences(told) == ["changed by Azure itself at 2026-11-18T00:00:00Z"]


def test_a_change_without_an_actor(say):
    told = say(of(VNET), change(VNET))
    assert told.verdict is AttributionVerdict.UNSPECIFIED
    assert sentences(told) == [
        "changed by a caller that the log does not name at 2026-11-18T00:00:00Z"
    ]


def test_nothing_in_the_logs_is_not_nobody(say):
    told = say(of(VNET), write(CLUSTER))
    assert told.verdict is AttributionVerdict.NOT_LOGGED
    assert sentences(told) == [
        "no change of it is logged since 2026-11-16T00:00:00Z: it is older, or not in the log yet "
        "(up to 20 minutes)"
    ]


def test_a_log_that_could_not_be_read(say):
    told = say(of(VNET), refused="the Activity Log could not be read (AuthorizationFailed)")
    assert told.verdict is AttributionVerdict.UNREADABLE
    assert sentences(told) == [
        "who changed it is unknown: the Activity Log could not be read (AuthorizationFailed)"
    ]


def test_the_platform_alone_is_not_claimed_where_the_log_of_people_is_unread(say):
    told = say(of(VNET), change(VNET, by_platform=True), refused="refused")
    assert told.verdict is AttributionVerdict.UNREADABLE


def test_an_unread_log_leaves_what_the_other_one_says(say):
    told = say(of(VNET), change(VNET, actor="mallory@contoso.com"), refused="refused")
    assert told.verdict is AttributionVerdict.WRITTEN
    assert sentences(told) == [
        "written by mallory@contoso.com with Azure Portal at 2026-11-18T00:00:00Z"
    ]


def test_an_id_is_matched_without_case(say):
    assert say(of(VNET), write(VNET.upper())).verdict is AttributionVerdict.WRITTEN


def test_a_write_is_the_cause_of_a_property_only_where_the_change_names_it(say):
    target = of(RULES, "properties.securityRules[any].properties.access", "tags.team")
    latest = write(RULES, minute=9, correlation="c9")
    named = change(
        RULES,
        "properties.securityRules[3].properties.access",
        "properties.securityRules[3].properties.accessory",
        "properties.provisioningState",
        correlation="c1",
    )
    told = say(target, write(RULES, "ci"), latest, named)
    assert [(entry.actor, entry.paths) for entry in told.writers] == [
        ("mallory@contoso.com", ()),
        ("ci", ("properties.securityRules[3].properties.access",)),
    ]
    assert "changed securityRules[3].access" in sentences(told)[2]


def test_of_an_entry_that_was_added_the_entry_is_named(say):
    target = of(RULES, "properties.securityRules[any]")
    paths = [f"properties.securityRules[1].properties.{name}" for name in ("access", "priority")]
    told = say(target, write(RULES), change(RULES, *paths, correlation="c1"))
    assert told.writers[0].paths == ("properties.securityRules[1]",)


def test_the_platform_is_named_beside_a_writer_only_where_it_changed_what_differs(say):
    target = of(CLUSTER, "properties.kubernetesVersion")
    noise = change(CLUSTER, "properties.powerState.code", by_platform=True)
    told = say(target, write(CLUSTER), noise)
    assert [entry.kind for entry in told.writers] == [WriterKind.PRINCIPAL]
    upgrade = change(CLUSTER, "properties.kubernetesVersion", by_platform=True)
    told = say(target, write(CLUSTER), upgrade)
    assert [entry.kind for entry in told.writers] == [WriterKind.PLATFORM, WriterKind.PRINCIPAL]


def test_a_parent_whose_body_holds_a_child_writes_the_child(say):
    told = say(of(SUBNET), write(VNET))
    assert told.writers[0].resource == VNET
    assert "by a write to virtualNetworks/vnet" in sentences(told)[0]


def test_a_child_that_the_body_holds_is_written_with_the_parent(say):
    assert say(of(VNET), write(SUBNET)).writers[0].resource == SUBNET


def test_the_delete_of_a_child_that_the_body_holds_is_no_delete_of_the_parent(say):
    told = say(of(VNET), write(SUBNET, action="delete"))
    assert not told.writers[0].deleted
    assert ", by the delete of subnets/nodes;" in sentences(told)[0]


def test_a_sibling_and_what_only_stands_above_say_nothing(say):
    sibling = write(f"{VNET}/subnets/other")
    told = say(of(SUBNET), sibling, write(GROUP), write(f"{VNET}-2"))
    assert told.verdict is AttributionVerdict.NOT_LOGGED
    assert say(of(LOCK), write(CLUSTER)).verdict is AttributionVerdict.NOT_LOGGED


def test_an_operation_that_is_no_write_says_nothing(say):
    told = say(of(CLUSTER), write(CLUSTER, action="listClusterUserCredential/action"))
    assert told.verdict is AttributionVerdict.NOT_LOGGED


def test_a_missing_resource_was_deleted_by_whoever_deleted_it(say):
    told = say(of(VNET, missing=True), write(VNET, "ci"), write(VNET, action="delete", minute=1))
    assert [entry.actor for entry in told.writers] == ["mallory@contoso.com"]
    assert sentences(told)[0].startswith("deleted by mallory@contoso.com with Azure CLI at ")


def test_without_a_delete_of_its_own_the_delete_of_what_it_stood_in_counts(say):
    told = say(of(LOCK, missing=True), write(GROUP, action="delete"), write(LOCK, "ci"))
    assert [(entry.actor, entry.resource) for entry in told.writers] == [
        ("mallory@contoso.com", GROUP)
    ]


def test_a_missing_resource_was_not_deleted_by_whoever_changed_it_or_what_it_stood_in(say):
    entry = change(LOCK, "properties.level", actor="ci")
    told = say(of(LOCK, missing=True), write(GROUP), write(CLUSTER), write(LOCK, "ci"), entry)
    assert told.verdict is AttributionVerdict.NOT_LOGGED
    gone = change(LOCK, actor="mallory@contoso.com", deletes=True)
    assert say(of(LOCK, missing=True), gone).writers[0].deleted


def test_without_any_delete_a_write_of_the_parents_list_counts(say):
    told = say(of(SUBNET, missing=True), write(VNET), write(SUBNET, "ci"))
    assert [(entry.actor, entry.deleted) for entry in told.writers] == [
        ("mallory@contoso.com", False)
    ]


def test_the_correlation_id_of_a_change_finds_the_request(say):
    deployment = f"{GROUP}/providers/Microsoft.Resources/deployments/d"
    told = say(of(VNET), write(deployment, correlation="c7"), change(VNET, correlation="c7"))
    assert told.verdict is AttributionVerdict.WRITTEN
    assert told.writers[0].resource == deployment


def test_a_change_of_a_logged_write_is_not_a_second_one(say):
    entry = change(VNET, actor="mallory@contoso.com", correlation="c1")
    assert len(say(of(VNET), write(VNET), entry).writers) == 1


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.STARTED, "its end is not logged yet"),
        (Outcome.ACCEPTED, "its end is not logged yet"),
        (Outcome.FAILED, "which failed after it was accepted"),
    ],
)
def test_how_far_a_write_came_is_said(say, outcome: Outcome, said: str):
    assert said in sentences(say(of(VNET), write(VNET, outcome=outcome)))[0]


OURS = "c0ffee"
LATER = 60 * 24 * 3


@pytest.mark.parametrize(
    ("changes", "writes", "moved"),
    [
        pytest.param((), (), False, id="the logs name no change"),
        pytest.param((change(CLUSTER, "sku.tier"),), (), True, id="a change names it"),
        pytest.param((change(CLUSTER, "tags.a"),), (), False, id="a change names something else"),
        pytest.param(
            (change(CLUSTER, "sku.tier", correlation=OURS),), (), False, id="an apply changed it"
        ),
        pytest.param(
            (change(CLUSTER, "sku.tier"),),
            (write(CLUSTER, correlation=OURS),),
            True,
            id="after the last apply",
        ),
        pytest.param(
            (change(CLUSTER, "sku.tier"),),
            (write(CLUSTER, correlation=OURS, minute=LATER),),
            False,
            id="before the last apply, which left it",
        ),
    ],
)
def test_a_kept_value_was_moved_by_who_changed_it_since_the_last_apply(
    catalog: Catalog,
    changes: tuple[ResourceChange, ...],
    writes: tuple[Write, ...],
    moved: bool,
):
    logs = Logs(writes, changes, catalog)

    assert logs.shows_later_change(of(CLUSTER, "sku.tier"), lambda text: text == OURS) is moved
