"""The ARM resource types that azsec knows: SDK schemas, and the facts that no schema has.

A schema says which properties a type has; it does not say which default Azure fills in, what cannot
change, how a list is compared, or who else writes a value. Those facts are in one file per type
(`catalog/types/<provider>/`), each with its source, and everything else asks for them:
`Catalog.get(type)`, `ResourceType.fact(path)`. Recorded traffic of Azure checks them
(`tests/corpus`): comparing a recorded request with the answer to it must find nothing.

Facts of a service that belong to no single type (regions, sizes, Kubernetes versions, built-in
roles) are tables beside them. All that the package reads are its own JSON records and the SDK's
modules.
"""
