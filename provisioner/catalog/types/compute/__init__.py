"""Resource types of Microsoft.Compute, one per file."""
