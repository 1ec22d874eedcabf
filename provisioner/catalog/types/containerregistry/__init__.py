"""Resource types of Microsoft.ContainerRegistry, one per file."""
