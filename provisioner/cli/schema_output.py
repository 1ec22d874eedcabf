"""`azsec schema`: the JSON Schemas, on stdout or as files."""

import json
import sys
from pathlib import Path

from provisioner.blueprint.json_schema import json_schemas
from provisioner.cli.workspace import load_catalog, make_folder, write_file


def write_schemas(directory: str | None) -> None:
    """Write `blueprint.json`, `module.json` and `environment.json`, or print all as one object."""
    schemas = json_schemas(load_catalog())
    if directory is None:
        sys.stdout.write(json.dumps(schemas, indent=2) + "\n")
        return
    folder = Path(directory)
    make_folder(folder)
    for kind, schema in schemas.items():
        path = folder / f"{kind}.json"
        write_file(str(path), json.dumps(schema, indent=2) + "\n", private=False)
        sys.stdout.write(f"wrote {path}\n")
