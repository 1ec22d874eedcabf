"""AKS settings that several controls read: add-ons, admission, sandboxing, namespaces, versions."""
