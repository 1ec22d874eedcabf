"""Rules on the Kubernetes objects of a cluster, from an observation or from dumps.

Azure Resource Manager shows what a cluster was told to be; what stands in it is its own to say. A
rule here names the kinds of objects that it needs, and judges them by their effect: a policy by
what it lets through, a binding by what its role allows, a pod by what it runs as. Where one of the
kinds was not listed, the control stays unknown; nothing here passes without having looked.

`rules.py` has the rule of each control by its id. Called by `controls.evaluation`.
"""
