"""Network proofs, one module a proof: egress, inbound, segmentation, private services and more."""
