"""The catalog of one environment: that of azsec, with the types that only its files name.

A type that the catalog lacks is made of what an installed SDK package says of it, or of its name
and the `apiVersion:` that the files state. docs/types.md says what is claimed of which.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.files import Sources
from provisioner.blueprint.stated_types import StatedType, read_stated_types
from provisioner.catalog.generic_types import RAW_BY_NAME, RAW_MODELS, is_type_name, raw_type
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex


def extend_catalog(environment: Environment, catalog: Catalog, sources: Sources) -> Catalog:
    """Return the catalog of what an environment's files name.

    A type that is in no tier is left out: to compose the environment says where it is named. Raises
    DiagnosticError for an api version that is none, and for two of one type.
    """
    stated = read_stated_types(environment, sources)
    types = [made for each in stated if (made := _type_of(each, catalog)) is not None]
    types += _parents(types, catalog)
    return catalog.extended(types, schemas_of(types))


def schemas_of(types: Iterable[ResourceType]) -> SchemaIndex:
    """Return the schemas of the raw ones among types."""
    raw = {each.name: RAW_MODELS[0].name for each in types if each.tier is Tier.RAW}
    return SchemaIndex(RAW_BY_NAME if raw else {}, raw)


def _type_of(stated: StatedType, catalog: Catalog) -> ResourceType | None:
    known = catalog.find(stated.name)
    if known is not None:
        if stated.api_version is None or known.stated_version:
            return None
        return replace(known, api_version=stated.api_version, stated_version=True)
    if stated.api_version is None or not is_type_name(stated.name):
        return None
    made = raw_type(
        stated.name, stated.api_version, extension=stated.is_scoped, tracked=stated.has_tags
    )
    # What no resource names any more is found by the list of what it stood in.
    return replace(made, stated_version=True, listable=not stated.is_named)


def _parents(types: Iterable[ResourceType], catalog: Catalog) -> Iterator[ResourceType]:
    """Yield the types of the parents of raw children that nothing else names: an id that a file
    writes out may stand for one."""
    known = {each.name.lower() for each in types}
    for each in types:
        above = each.parent
        while each.tier is Tier.RAW and above is not None and catalog.find(above) is None:
            if above.lower() not in known:
                known.add(above.lower())
                yield raw_type(above, each.api_version)
            above = above.rpartition("/")[0] if above.count("/") > 1 else None
