"""Which api version is spoken where a cloud does not offer the pinned one."""

from dataclasses import replace

import pytest

from provisioner.catalog.api_version_selection import (
    SelectedVersion,
    choose_version,
    namespaces_of,
    read_offer,
    select_versions,
)
from provisioner.catalog.published_api_versions import published_versions
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.resource_type import SdkModel
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sdk_models import find_version

VERSIONS = [
    ("it is offered", "2026-03-01", ["2026-05-01", "2026-03-01"], "2026-03-01"),
    ("in any case", "2021-05-01-preview", ["2021-05-01-Preview"], "2021-05-01-preview"),
    ("the newest below it", "2026-03-01", ["2024-05-01", "2025-09-01"], "2025-09-01"),
    ("never one above it", "2026-03-01", ["2026-05-01", "2024-05-01"], "2024-05-01"),
    ("no preview for a release", "2026-03-01", ["2026-02-01-preview", "2025-01-01"], "2025-01-01"),
    ("but better than nothing", "2026-03-01", ["2026-02-01-preview"], "2026-02-01-preview"),
    ("a preview for a preview", "2021-05-01-preview", ["2016-09-01", "2017-05-01-preview"],
     "2017-05-01-preview"),
    ("nothing old enough", "2020-01-01", ["2026-03-01"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_id", "pinned", "offered", "spoken"), VERSIONS, ids=[row[0] for row in VERSIONS]
)
def test_the_newest_that_is_not_above_the_pinned_one_is_spoken(_id, pinned, offered, spoken):
    assert choose_version(pinned, offered) == spoken


def of(*names):
    wanted = {name.lower() for name in names}
    types = [each for each in all_types() if each.name.lower() in wanted]
    return build_catalog(types, SchemaIndex({}, {}))


NETWORK = "Microsoft.Network/virtualNetworks"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


def test_a_type_speaks_what_is_offered_of_it():
    types, differing = select_versions(
        of(NETWORK), {NETWORK.lower(): ("2025-05-01",)}, find_version
    )
    assert [each.api_version for each in types] == ["2025-05-01"]
    assert differing == (SelectedVersion(NETWORK, "2026-03-01", "2025-05-01", is_checked=False),)


def test_a_child_that_is_not_listed_goes_with_its_parent():
    types, _ = select_versions(
        of(f"{NETWORK}/subnets"), {NETWORK.lower(): ("2025-05-01",)}, find_version
    )
    assert [each.api_version for each in types] == ["2025-05-01"]


@pytest.mark.parametrize("offer", [{}, {NETWORK.lower(): ()}], ids=["not listed", "no versions"])
def test_nothing_is_said_of_what_is_not_known(offer):
    types, differing = select_versions(of(NETWORK), offer, find_version)
    assert (types, differing) == (tuple(of(NETWORK)), ())


def test_a_cloud_that_has_newer_ones_alone_is_told_of():
    types, differing = select_versions(
        of(NETWORK), {NETWORK.lower(): ("2027-01-01",)}, find_version
    )
    assert [each.api_version for each in types] == ["2026-03-01"]
    assert [each.spoken for each in differing] == [None]


def test_bodies_are_checked_against_the_models_of_the_version_where_the_sdk_has_them():
    types, differing = select_versions(
        of(IDENTITY), {IDENTITY.lower(): ("2018-11-30",)}, find_version
    )
    assert [each.sdk for each in types] == [SdkModel("azure.mgmt.msi.v2018_11_30", "Identity")]
    assert differing[0].is_checked


MODELS = [
    ("another version of the package", "azure.mgmt.authorization.v2022_04_01", "2018-01-01-preview",
     "azure.mgmt.authorization.v2018_01_01_preview"),
    ("a package of one version", "azure.mgmt.network", "2025-05-01", None),
    ("a version without the model", "azure.mgmt.authorization.v2022_04_01", "2015-06-01", None),
]  # fmt: skip


@pytest.mark.parametrize(("_id", "package", "version", "found"), MODELS, ids=[r[0] for r in MODELS])
def test_the_installed_sdk_has_some_models_of_older_versions(_id, package, version, found):
    model = find_version(SdkModel(package, "RoleAssignment"), version)
    assert (model.package if model else None) == found


ANSWERS = [
    ("as documented", {"namespace": "A.B", "resourceTypes": [
        {"resourceType": "c/d", "apiVersions": ["2020-01-01"]}]}, {"a.b/c/d": ("2020-01-01",)}),
    ("no types", {"namespace": "A.B"}, {}),
    ("types of another shape", {"namespace": "A.B", "resourceTypes": [None, {"apiVersions": 1},
        {"resourceType": "c", "apiVersions": [1]}]}, {"a.b/c": ()}),
]  # fmt: skip


@pytest.mark.parametrize(("_id", "answer", "offer"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_an_offer_is_read_from_a_providers_description(_id, answer, offer):
    assert read_offer(answer) == offer


def test_what_is_looked_for_beside_a_type_is_asked_of_too():
    everything = build_catalog(all_types(), SchemaIndex({}, {}))
    named = namespaces_of([everything.get(NETWORK)], everything)
    assert {"Microsoft.Network", "Microsoft.Authorization", "Microsoft.Insights"} <= set(named)
    assert "Microsoft.KeyVault" not in named


def test_published_versions_begin_with_the_pinned_one():
    for each in all_types():
        published = published_versions(each)
        assert published[0] == each.api_version
        assert list(published) == sorted(set(published), reverse=True)
    old = replace(of(NETWORK).get(NETWORK), api_version="2020-01-01")
    assert max(published_versions(old)) == "2020-01-01"
