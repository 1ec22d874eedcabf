"""Who changed what drifted: events of Azure's logs to statements about resources.

Azure keeps two logs of writes. The Activity Log has every write through Azure Resource Manager for
90 days, with its caller and the client's application, but not what it changed. Resource Graph's
table `resourcechanges` has, for 14 days, which properties changed, and often not by whom. Neither
holds a moment's change at once: events arrive within 20 minutes, changes within five.

`azsec drift` hands over what drifted and what both logs answered. This package matches them and
says no more than the logs do: it never takes the latest write for the cause of a difference. It
does no I/O. Of an event it keeps the caller, two ids of its claims and the outcome; request bodies
and other claims are dropped as they are read.
"""
