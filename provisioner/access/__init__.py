"""Who may do what: the least permissions that an environment needs."""
