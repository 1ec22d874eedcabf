"""Client of the Kubernetes API: kubeconfig, exec plugins, service accounts, requests and lists.

A kubeconfig, a pod's service account or a token of Entra becomes a `Connection`; `KubeClient` sends
requests over it, reads lists page by page, and returns every refusal as a KubernetesError. It knows
no kind of object: which requests are sent, and what a response means, is decided in
`provisioner.cluster` and in the workflows. It never follows a redirect, never sends a token to
another host, and never turns the verification of TLS off.
"""
