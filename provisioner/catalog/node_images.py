"""Node images by `osSKU`: retired ones, and those that follow the Kubernetes version.

Facts of August 2026: guidelines.md CLU-06.5, CLU-06.7 and CLU-06.8; AKS "Upgrade operating system
(OS) versions" and "Secure container access".
"""

import re
from datetime import date

from provisioner.catalog.kubernetes_versions import is_at_least
from provisioner.model.values import is_empty

_SUPPORTED_SKUS = (
    "azurecontainerlinux",
    "azurelinux",
    "azurelinux3",
    "azurelinuxosguard",
    "flatcar",
    "ubuntu",
    "ubuntu2204",
    "ubuntu2404",
    "windows2022",
    "windows2025",
)
_RETIRED_SKUS = {
    "cblmariner": "Azure Linux 2 has no images since 2026-03-31",
    "mariner": "Azure Linux 2 has no images since 2026-03-31",
    "windows2019": "Windows Server 2019 was retired on 2026-03-01",
}
_RETIRED_IMAGES = {
    "aksubuntu-1604": "Ubuntu 16.04 was retired",
    "aksubuntu-1804": "Ubuntu 18.04 was retired",
    "akscblmariner": "Azure Linux 2 has no images since 2026-03-31",
    "aksazurelinux-v2": "Azure Linux 2 has no images since 2026-03-31",
    "akswindows-2019": "Windows Server 2019 was retired on 2026-03-01",
}
# The Kubernetes minor version since which a SKU without a version means the current one.
_MOVED_ON = {"azurelinux": 32, "ubuntu": 35}
_PRESENT = ("azurelinux3", "ubuntu2404")
_APP_ARMOR = date(2025, 11, 7)
_DAY = re.compile(r"-(\d{4})(\d{2})\.(\d{2})\.\d+$")


def why_retired(sku: object, image: object, version: object) -> str:
    """Return why a pool's image or OS SKU is retired; "" where it is not.

    `image` is the pool's `nodeImageVersion`, `version` that of its Kubernetes, where they are
    known. A Windows pool without a SKU gets the current one.
    """
    found = str(image).lower() if isinstance(image, str) else ""
    name = next((why for start, why in _RETIRED_IMAGES.items() if found.startswith(start)), "")
    folded = str(sku).lower()
    if folded == "azurelinux" and not is_at_least(version, 1, _MOVED_ON[folded]):
        return name or _RETIRED_IMAGES["aksazurelinux-v2"]
    if is_empty(sku) or folded in _SUPPORTED_SKUS:
        return name
    return name or _RETIRED_SKUS.get(folded, "it is none that AKS supports")


def has_user_namespaces(sku: object, version: object) -> bool:
    """Return whether pods can have users of their own: on Azure Linux 3 and Ubuntu 24.04."""
    folded = str(sku).lower()
    minor = _MOVED_ON.get(folded)
    return folded in _PRESENT or (minor is not None and is_at_least(version, 1, minor))


def lacks_app_armor(image: object) -> bool:
    """Return whether a node image is one of Azure Linux from before it had AppArmor."""
    if not isinstance(image, str) or not image.lower().startswith("aksazurelinux"):
        return False
    day = _DAY.search(image)
    return day is not None and date(*map(int, day.groups())) < _APP_ARMOR


_NEWEST = {
    "azurelinux": "AKSAzureLinux-V3gen2{arch}-202603.04.0",
    "ubuntu2204": "AKSUbuntu-2204gen2{arch}containerd-202603.04.0",
    "ubuntu2404": "AKSUbuntu-2404gen2{arch}containerd-202603.04.0",
    "windows2022": "AKSWindows-2022-containerd-gen2-20348.2700.240911",
    "windows2025": "AKSWindows-2025-gen2-26100.4946.250823",
}
"""Images of the built-in Azure: versions as recorded of the SKU, or of the one beside it."""


def newest_image(sku: object, os_type: object, version: object, *, is_arm: bool) -> str | None:
    """Return the node image version that a pool gets; None for a SKU of unknown images.

    `sku` and `os_type` are its `osSKU` and `osType`, `version` that of its Kubernetes.
    """
    folded = str(sku).lower() if isinstance(sku, str) else ""
    if not folded:
        folded = "windows2022" if str(os_type).lower() == "windows" else "ubuntu"
    if folded == "ubuntu":
        folded = "ubuntu2404" if is_at_least(version, 1, _MOVED_ON["ubuntu"]) else "ubuntu2204"
    image = _NEWEST.get("azurelinux" if folded == "azurelinux3" else folded)
    return image.format(arch="arm64" if is_arm else "") if image else None
