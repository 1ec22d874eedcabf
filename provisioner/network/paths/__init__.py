"""Where packets go: candidates for egress, packets followed hop by hop, and flows by name."""
