"""The only code that talks to a Kubernetes API server.

A kubeconfig, a pod's service account or a token of Entra becomes a `Connection`; `KubeClient` sends
requests over it, reads lists page by page, and turns every refusal into a KubernetesError. It knows
no kind of object: what is asked, and what an answer means, is `provisioner.cluster`'s and the
workflows'. It never follows a redirect, never sends a token to another host, and never turns the
verification of TLS off.
"""
