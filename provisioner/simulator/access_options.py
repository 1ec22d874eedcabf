"""Access to a built-in Azure: TLS, tenancy, permissions, signing key."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from provisioner.simulator.entra.signing import SigningKey
from provisioner.simulator.tenancy import Tenancy


@dataclass(frozen=True, slots=True)
class Access:
    """The options of access to a built-in Azure.

    certificates     the folder of its TLS certificate, created if missing; None: no TLS
    tenancy          what exists at the first start; None: a tenant only
    allowed_actions  the permissions of any caller, with wildcards (`*/read`); None for all
    enforces_roles   whether role assignments restrict callers
    signing_key      of its tokens; None: the one stored with the state
    """

    certificates: Path | None = None
    tenancy: Tenancy | None = None
    allowed_actions: Collection[str] | None = None
    enforces_roles: bool = False
    signing_key: SigningKey | None = None
