"""Logs of writes: the activity log, and Resource Graph's table `resourcechanges`."""
