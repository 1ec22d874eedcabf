"""The controls of each chapter of the guidelines."""
