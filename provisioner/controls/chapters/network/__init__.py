"""Setting up and validating the virtual network: NET."""
