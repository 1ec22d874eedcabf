"""Controls of chapter ENV: environment setup."""
