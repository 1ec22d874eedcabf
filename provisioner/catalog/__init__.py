"""What azsec knows of each ARM type: the schema from the SDK, and one file a type for the rest."""
