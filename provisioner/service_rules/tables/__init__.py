"""One module for each type or family of types; each holds its `RULES`, in the order in which they
are judged. The file being there is enough: `provisioner.service_rules.registry` finds it."""
