"""Operations of single services beside their resources: compute quotas, features, blobs, leases."""
