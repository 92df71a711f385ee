"""What is known of applications before anybody decides on them, and what their computers add up to."""
