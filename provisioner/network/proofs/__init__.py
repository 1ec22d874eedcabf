"""What is proved of a network, one module a proof."""
