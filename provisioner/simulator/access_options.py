"""How clients get into a built-in Azure."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.tenancy import Tenancy


@dataclass(frozen=True, slots=True)
class Access:
    """How clients get into a built-in Azure.

    certificates    the folder of its certificate, made where it is missing; None: no TLS
    tenancy         what it has before anybody used it; None: a tenant alone
    allowed_actions  the permissions of any caller, with wildcards (`*/read`); None for all
    enforces_roles  whether role assignments decide what a caller may do; else everybody may all
    signing_key     that of its tokens; None: the one that is kept with the state
    """

    certificates: Path | None = None
    tenancy: Tenancy | None = None
    allowed_actions: Collection[str] | None = None
    enforces_roles: bool = False
    signing_key: SigningKey | None = None
