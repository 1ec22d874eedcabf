"""Facts of AKS that several controls need: add-ons, admission, sandboxing, namespaces, versions."""
