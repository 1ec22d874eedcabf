"""Network paths: egress candidates, packet traces hop by hop, and flows to named destinations."""
