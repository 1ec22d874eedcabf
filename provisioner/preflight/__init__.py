"""What would fail at apply, found by asking Azure while planning."""
