"""What would make an apply fail, asked of Azure before anything is written."""
