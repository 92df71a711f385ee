"""What proves a decision: six answers that add up, day by day, the report of a semester, and the time it saved."""
