"""Census: the scope of a document, with what was read and what was not."""

from provisioner.documents.document import Document

KUBERNETES_OBJECTS = "Kubernetes objects"
"""What stands in clusters: not looked at by who reads Azure Resource Manager alone."""

UNREADABLE = "could not be read"
"""The reason of a control that is unknown because Azure refused a read."""

UNKNOWN_TYPE = "azsec does not know the type"
ID_ALONE = "the blueprint has none of the type: only their ids were read"
"""The reasons why resources that stand in the environment's groups were not looked at."""


UNDECLARED_PROPERTIES = "undeclared properties"
"""What is not compared of resources whose type the catalog does not have."""

UNDECLARED_CHILDREN = "undeclared children"
"""What others may have put into resources whose type the catalog does not have."""

JUDGEMENT = "controls, service rules and network paths"
NO_FACTS = "the catalog has no facts of the type: nothing of it was judged, only compared"
"""What does not judge resources whose type the catalog does not have, and why; an entry a type."""


class UnreadableDocument(Document):
    """A resource or a list that could not be read, with Azure's reason.

    Where `listed` names a type (`resources`: a list of mixed types), it is the list of that type in
    the scope `id`.
    """

    id: str
    address: str | None = None
    listed: str | None = None
    reason: str


class NotCoveredDocument(Document):
    """A part of the scope that was not read, and why.

    `count` is how many of `what` there are or, where `of` names another noun, of how many of those
    `what` was not read (diagnostic settings, of 80 resources).
    """

    what: str
    count: int
    of: str | None = None
    reason: str


class UnknownControlsDocument(Document):
    """Controls that could not be answered, for one reason."""

    reason: str
    controls: tuple[str, ...]


class ClusterCensusDocument(Document):
    """What was read of the cluster itself: from where, when, and how many objects of each kind.

    The day is ISO 8601; `benchmark` is that of kube-bench's report, None where there is none.
    `verified` is whether a signature was checked over all that was read, None where there was no
    observation; `uid` is the UID of the cluster's namespace kube-system, None where some of the
    files do not show of which cluster they are.
    """

    source: str
    read_on: str
    objects: dict[str, int]
    benchmark: str | None = None
    verified: bool | None = None
    uid: str | None = None


class CensusDocument(Document):
    """The scope of a document.

    `resources` is how many were looked at; `declared` how many of them the blueprint declares (the
    others stand in their bodies: subnets, rules), None where Azure was read. `types` are the
    types that were read, whether there were any or not, `subscriptions` the GUIDs of those in which
    they were. `unreadable` is what Azure refused to show: where there is some, nothing is said to
    be absent. `not_covered` is what azsec does not look at. `unknown` are the controls without an
    answer (empty where none was judged). `cluster` is what was read of the cluster, None where
    nobody looked into it.
    """

    resources: int
    declared: int | None = None
    types: tuple[str, ...]
    subscriptions: tuple[str, ...]
    unreadable: tuple[UnreadableDocument, ...] = ()
    not_covered: tuple[NotCoveredDocument, ...] = ()
    unknown: tuple[UnknownControlsDocument, ...] = ()
    cluster: ClusterCensusDocument | None = None
