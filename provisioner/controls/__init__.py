"""Security controls of the guidelines, evaluated on the desired, planned or actual state."""
