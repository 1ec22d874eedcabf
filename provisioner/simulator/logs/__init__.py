"""What Azure writes down of a change: the Activity Log, and Resource Graph's `resourcechanges`."""
