"""Blueprints and modules that are available, and the lock of those from git."""

from typing import Any, Literal

from provisioner.documents.document import FORMAT_VERSION, Document, LockedSourceDocument


class ParameterDocument(Document):
    """A parameter of a blueprint or a module.

    `default` counts only where it is not `required`; `accepts` are the bounds of its value in
    words.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    accepts: str = ""
    description: str = ""


class ModuleDocument(Document):
    """A blueprint or a module, by its location.

    `origin` is where it comes from; `types` are those of its own resources, `uses` the locations of
    the modules it is composed from. `problem` is why it could not be read: nothing else is known of
    it then.
    """

    location: str
    origin: Literal["library", "local", "git"]
    kind: Literal["Blueprint", "Module"] | None = None
    description: str = ""
    parameters: tuple[ParameterDocument, ...] = ()
    outputs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    source: LockedSourceDocument | None = None
    problem: str | None = None


class ModulesDocument(Document):
    """What `azsec modules list` and `show` print. `version` is azsec's, and the library's."""

    kind: Literal["azsec/modules"] = "azsec/modules"
    format_version: str = FORMAT_VERSION
    version: str
    modules: tuple[ModuleDocument, ...]


class LockChangeDocument(Document):
    """The change of one source in a lock.

    `before` and `after` are commits, None where it was not or is no longer in it. `files` is true
    where other files of it are used than before.
    """

    repository: str
    ref: str
    action: Literal["unchanged", "added", "removed", "moved", "files"]
    before: str | None
    after: str | None


class LockUpdateDocument(Document):
    """The outcome of `azsec modules update`.

    `written` is false where nothing had to be written, and with `--check`; `environments` are the
    files that were read.
    """

    kind: Literal["azsec/module-lock-update"] = "azsec/module-lock-update"
    format_version: str = FORMAT_VERSION
    environments: tuple[str, ...]
    changes: tuple[LockChangeDocument, ...]
    current: bool
    written: bool
