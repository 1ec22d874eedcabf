"""What single services answer besides their resources: AKS, compute, storage, Key Vault."""
