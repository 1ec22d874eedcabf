"""The model of load balancers: frontends, inbound rules and outbound rules.

A load balancer forwards what its rules name, with its source unchanged; the security groups of the
backend filter it, and nothing else does ("Azure Load Balancer components"). An outbound rule gives
the members of its pool the public address of its frontends ("Outbound rules Azure Load
Balancer").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioner.model.span import Span
from provisioner.network.model.intervals import Intervals


class RuleKind(StrEnum):
    """The kind of a load balancer's rule; the text is for reports."""

    BALANCING = "load balancing rule"
    NAT = "inbound NAT rule"
    OUTBOUND = "outbound rule"


@dataclass(frozen=True, slots=True)
class Frontend:
    """A frontend of a load balancer.

    `public` names its public address or prefix, None where it is private: then it stands in
    `subnet` (a key) with `address`, None before Azure has given it.
    """

    name: str
    public: str | None
    subnet: str
    address: int | None


@dataclass(frozen=True, slots=True)
class BalancerRule:
    """One rule of a load balancer.

    `frontends` and `targets` are the keys of frontends and of what it forwards to: a pool, or the
    rule itself where interfaces name that. `ports` are those of the frontend, `backend_ports` those
    of the target.

    By one that `leads_out`, members of its targets leave with the public address of its frontends;
    where that is not `certain`, it is not known.
    """

    kind: RuleKind
    name: str
    frontends: tuple[str, ...]
    targets: tuple[str, ...]
    protocols: frozenset[str]
    ports: Intervals
    # Security groups see the packet behind the balancer, on the port of the backend.
    backend_ports: Intervals
    leads_out: bool
    certain: bool = True


@dataclass(frozen=True, slots=True)
class PoolAddress:
    """A member of a pool that is named by its address: in a subnet (a key) or a network (a key)."""

    address: int
    network: str
    subnet: str


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer.

    `frontends` and `addresses` (the members that pools name by address) are by the key of the
    frontend or pool.
    """

    key: str
    label: str
    frontends: Mapping[str, Frontend]
    rules: tuple[BalancerRule, ...]
    addresses: Mapping[str, tuple[PoolAddress, ...]]
    span: Span | None
    declared: bool = True

    def answering(self, rule: BalancerRule) -> tuple[Frontend, ...]:
        """Return the public frontends of a rule."""
        # A rule can name a frontend that is not in the body: Azure refuses it, a file may have
        # it.
        found = (self.frontends.get(key) for key in rule.frontends)
        return tuple(each for each in found if each is not None and each.public is not None)
