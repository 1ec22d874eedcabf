"""Resource types of Microsoft.KubernetesConfiguration, one per file."""
