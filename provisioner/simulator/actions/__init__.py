"""Operations of resource providers beside CRUD: POST actions, and values computed for a resource.

An action is refused where a lock forbids it, and requires the permission `TYPE/ACTION/action`
("Azure resource provider operations"); a read requires `TYPE/read`. Keys, passwords and
certificates are invented: they are marked as such, open nothing, and are the same at each call.
"""
