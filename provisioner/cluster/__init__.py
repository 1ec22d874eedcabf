"""Compare the objects of a cluster with the declared ones, and judge the undeclared ones.

Kubernetes adds up: an object that nobody declared (an allow-all NetworkPolicy, a RoleBinding) opens
what the declared ones close, and no comparison of declared objects sees it. So there are two
halves: what is declared is compared with what the API server answers to a dry run of a server-side
apply, and what is not declared is an inventory, judged by what it adds.

Called by the workflows of `azsec cluster`; nothing here talks to a server. Objects are plain JSON:
where they come from (`provisioner.manifests`, a dump, an observation) makes no difference.
"""
