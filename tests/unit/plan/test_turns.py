"""What one change releases and another takes is ordered, and what no order can do is refused."""
