"""From the bodies of what stands in Azure to the files that describe it.

Azure answers a resource with everything: what somebody chose, what the service filled in, what only
Azure writes, and ids of forty segments. A person who writes a blueprint states the choices, by the
names of other resources, and what repeats once. This package goes from the one to the other.

`workflow/adopt.py` calls it, with what it read, and proves the outcome: it composes the files and
plans them. Nothing here reads Azure or files, and nothing here decides what a difference is: that
is for `diff`, which is asked about every value that is left out.
"""
