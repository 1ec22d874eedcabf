"""The options of a plan, from which apply derives the same plan again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.model.values import Json


@dataclass(frozen=True, slots=True)
class GivenParameter:
    """A value of a parameter that the command was given, and by what (`--set location`)."""

    name: str
    value: Json
    given_by: str


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one plan.

    `path` is the environment's file, relative to where the command ran; `targets` are the
    addresses that the plan is limited to (none: everything). `destroy` asks for the deletes of all
    that the environment owns; `reset_defaults` puts values that the blueprint does not state back
    to the services' defaults; `adopt` are addresses whose resources may be taken over.
    `parameters` are values that no file of the environment states.
    """

    path: str
    targets: tuple[str, ...] = ()
    destroy: bool = False
    reset_defaults: bool = False
    adopt: tuple[str, ...] = ()
    parameters: tuple[GivenParameter, ...] = ()


def request_to_json(request: Request) -> dict[str, Any]:
    """Return a request as it stands in a plan file."""
    parameters = {
        given.name: {"value": given.value, "givenBy": given.given_by}
        for given in request.parameters
    }
    return {
        "environmentFile": request.path,
        "targets": list(request.targets),
        "destroy": request.destroy,
        "resetDefaults": request.reset_defaults,
        "adopt": list(request.adopt),
        **({"parameters": parameters} if parameters else {}),
    }


def read_request(content: Mapping[str, Any]) -> Request:
    """Return the request in a plan file.

    KeyError passes through where a part is missing.

    Raises:
        TypeError: Where a part has another type than it should have.
    """
    path, targets = content["environmentFile"], content["targets"]
    destroy, reset_defaults = content["destroy"], content["resetDefaults"]
    adopt = content["adopt"]
    texts = isinstance(path, str) and all(isinstance(text, str) for text in (*targets, *adopt))
    if not (texts and isinstance(destroy, bool) and isinstance(reset_defaults, bool)):
        raise TypeError("a request holds texts and truth values")
    parameters = tuple(_read_parameters(content.get("parameters", {})))
    return Request(path, tuple(targets), destroy, reset_defaults, tuple(adopt), parameters)


def _read_parameters(content: Mapping[str, Any]) -> Iterator[GivenParameter]:
    for name, given in content.items():
        given_by = given["givenBy"]
        if not isinstance(given_by, str):
            raise TypeError("what gives a parameter is a text")
        yield GivenParameter(name, given["value"], given_by)
