"""Azure Resource Graph: queries over what the built-in Azure holds."""
