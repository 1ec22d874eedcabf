"""Resource types of Microsoft.ContainerService, one per file."""
