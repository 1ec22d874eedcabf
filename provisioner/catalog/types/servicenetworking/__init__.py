"""Resource types of Microsoft.ServiceNetworking, one per file."""
