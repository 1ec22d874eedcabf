"""An Azure Resource Manager on loopback, driven by the facts of the catalog."""
