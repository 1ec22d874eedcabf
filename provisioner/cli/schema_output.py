"""`azsec schema`: the JSON Schemas, on stdout or as files; the types of SDK packages."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from provisioner.blueprint.json_schema import json_schemas
from provisioner.cli.workspace import installed_types, load_catalog, make_folder, write_file
from provisioner.documents.document import Document
from provisioner.documents.types import PackagesDocument


def write_schemas(directory: str | None) -> None:
    """Write the schemas, each as KIND.json (`blueprint.json`), or print all as one object."""
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


def add_package(subject: str, output: str) -> None:
    """Print the types that an installed package writes, given its name or one of the types."""
    from provisioner.reports.types_text import render_added_text
    from provisioner.workflow.types import describe_subject

    described = describe_subject(subject, load_catalog(), installed_types())
    whole = PackagesDocument(packages=(described,))
    _print_document(whole, output, lambda: render_added_text(described))


def print_packages(subject: str | None, output: str) -> None:
    """Print the types of the installed packages."""
    from provisioner.reports.types_text import render_packages_text
    from provisioner.workflow.types import list_packages

    listed = list_packages(subject, load_catalog(), installed_types())
    _print_document(listed, output, lambda: render_packages_text(listed))


def print_type(name: str, output: str) -> None:
    """Print the known properties and api versions of a type."""
    from provisioner.reports.types_text import render_type_text
    from provisioner.workflow.types import describe_type

    described = describe_type(name, load_catalog(), installed_types())
    _print_document(described, output, lambda: render_type_text(described))


def _print_document(document: Document, output: str, render: Callable[[], str]) -> None:
    text = json.dumps(document.to_json(), indent=2) + "\n" if output == "json" else render()
    sys.stdout.write(text)
