"""Microsoft Entra ID: who calls."""
