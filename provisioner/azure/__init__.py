"""Client of Azure Resource Manager and Blob Storage: credentials, retries, paging, operations.

The pipeline is azure-core's, with policies of our own where an apply needs more than the SDK gives:
one retry budget for all reasons (`retry`), answers within bounds (`transport`, `response`), no
request to another origin than the cloud's (`pipeline`), creates that never overwrite (`creation`),
and writes that count only once a GET shows them (`settlement`). Every failure is an AzureError. No
other package of azsec sends a request to Azure.
"""
