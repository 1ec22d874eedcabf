"""What is remembered of the api versions that a cloud offers."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.azure.version_cache import VersionCache, forget_versions

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
OFFER = {"microsoft.network/virtualnetworks": ("2025-05-01", "2024-05-01")}


def kept(folder, cloud="AzureCloud tenant", now=NOW):
    memory = VersionCache(folder, cloud, now)
    memory.keep("S", [("Microsoft.Network", OFFER)])
    return memory


def test_an_offer_is_remembered_from_run_to_run(tmp_path):
    kept(tmp_path)
    memory = VersionCache(tmp_path, "AzureCloud tenant", NOW + timedelta(hours=23))
    assert memory.find("s", "microsoft.NETWORK") == OFFER
    assert memory.find("s", "Microsoft.KeyVault") is None
    assert memory.find("other", "Microsoft.Network") is None


AGES = [
    ("after a day", "AzureCloud tenant", timedelta(days=1)),
    ("from tomorrow, as a clock that was set back says", "AzureCloud tenant", -timedelta(hours=1)),
    ("of another cloud", "AzureUSGovernment tenant", timedelta()),
]


@pytest.mark.parametrize(("_id", "cloud", "age"), AGES, ids=[row[0] for row in AGES])
def test_it_is_forgotten(tmp_path, _id, cloud, age):
    kept(tmp_path)
    assert VersionCache(tmp_path, cloud, NOW + age).find("S", "Microsoft.Network") is None


def test_it_is_forgotten_when_asked(tmp_path):
    kept(tmp_path)
    forget_versions(tmp_path, "AzureCloud tenant")
    assert VersionCache(tmp_path, "AzureCloud tenant", NOW).find("S", "Microsoft.Network") is None


BROKEN = [
    "", "[]", "{", '{"s/microsoft.network": 7}', '{"s/microsoft.network": {"asked": "x"}}',
    '{"s/microsoft.network": {"asked": "2027-01-01T12:00:00+00:00", "offered": []}}',
    '{"s/microsoft.network": {"asked": "2027-01-01T12:00:00", "offered": {}}}',
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_cannot_be_read_remembers_nothing(tmp_path, text):
    kept(tmp_path)
    (path,) = tmp_path.glob("versions-*.json")
    path.write_text(text)
    memory = VersionCache(tmp_path, "AzureCloud tenant", NOW)
    assert memory.find("S", "Microsoft.Network") is None
    kept(tmp_path)
    assert VersionCache(tmp_path, "AzureCloud tenant", NOW).find("S", "Microsoft.Network") == OFFER


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert kept(tmp_path / "file" / "folder").find("S", "Microsoft.Network") == OFFER


def test_the_file_is_this_users_alone_and_old_ones_go(tmp_path):
    for number in range(20):
        kept(tmp_path, f"local {number}")
    found = list(tmp_path.glob("versions-*.json"))
    assert len(found) == 16
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
