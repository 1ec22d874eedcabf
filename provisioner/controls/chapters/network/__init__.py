"""Controls of chapter NET: virtual network setup."""
