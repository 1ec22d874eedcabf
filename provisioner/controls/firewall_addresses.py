"""Which firewall an address is the private address of."""

from collections.abc import Iterator

from provisioner.controls.kinds import FIREWALL
from provisioner.controls.subject import Subject
from provisioner.model.values import Unknown, lookup

CONFIGURATIONS = "properties.ipConfigurations"
_ADDRESS = f"{CONFIGURATIONS}[0].properties.privateIPAddress"


def find_firewall(subject: Subject, address: object) -> Subject | None:
    """Return the firewall with a private address; an address that Azure will only give is told by
    the reference to it. None where no firewall that is known has it."""
    for firewall in subject.all(FIREWALL):
        if isinstance(address, Unknown):
            if firewall.is_value_of(address, _ADDRESS):
                return firewall
        elif address in addresses_of(firewall):
            return firewall
    return None


def addresses_of(firewall: Subject) -> tuple[str, ...]:
    """Return the private addresses that a firewall says it has."""
    return tuple(_addresses(firewall))


def _addresses(firewall: Subject) -> Iterator[str]:
    for entry in firewall.entries(CONFIGURATIONS):
        found = lookup(entry, ("properties", "privateIPAddress"))
        if isinstance(found, str):
            yield found
