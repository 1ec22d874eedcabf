"""Controls of chapter WRK: workload security."""
