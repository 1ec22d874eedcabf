"""Controls of chapter MON: monitoring and auditing."""
