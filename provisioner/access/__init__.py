"""Azure RBAC of an environment: the permissions its commands need, and who can do what in it.

Two questions are answered here, from role definitions and assignments alone, without I/O.

`needs` and `roles`: which actions `plan`, `drift` and `apply` perform on which scopes, grouped into
custom role definitions that grant nothing else (`azsec roles`).

`grants`, `effective` and `capabilities`: which principals can perform an action on a resource, by
all role, deny and eligible assignments of one state (`azsec access`). Membership of groups is known
to Microsoft Entra ID alone and is never resolved: a group is reported as "members of group". What
cannot be evaluated (an unread role definition, a condition that cannot be parsed) counts as
granting, so that access may be over-reported but is never under-reported.
"""
