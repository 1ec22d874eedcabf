"""Azure Policy: whether an assignment denies a write, asked beforehand or met by it."""
