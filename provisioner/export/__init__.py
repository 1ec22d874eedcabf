"""Export of an environment as an ARM template or as Bicep modules, in one direction.

The desired graph becomes deployments (`deployments`, `placement`, `waits`), the expressions that
are unknown before apply become functions of the template language (`terms`), and `arm` or `bicep`
writes the files. A template has no equivalent for much of what a blueprint can express: everything
that it cannot is an error `not-exportable`, and never a silently dropped property. The ownership
tags of azsec are left out.
"""
