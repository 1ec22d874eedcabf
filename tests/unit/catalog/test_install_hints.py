"""`pip install` is proposed for names that Microsoft publishes, and for no other."""

import pytest

from provisioner.catalog.sdk_packages import install_hint


@pytest.mark.parametrize(
    ("package", "version", "hint"),
    [
        ("azure-mgmt-search", "", "Install it beside azsec: pip install azure-mgmt-search."),
        ("azure-mgmt-cdn", "1.0", "Install it beside azsec: pip install azure-mgmt-cdn==1.0."),
    ],
)
def test_a_published_package_is_proposed(package: str, version: str, hint: str) -> None:
    assert install_hint(package, version) == hint


@pytest.mark.parametrize("package", ["azure-mgmt-serch", "foo", "search"])
def test_no_other_name_is_proposed(package: str) -> None:
    hint = install_hint(package)
    assert "pip install" not in hint
    if package == "azure-mgmt-serch":
        assert "Did you mean 'azure-mgmt-search'?" in hint
