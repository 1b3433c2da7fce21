"""What can be done with co-ops, their members and pictures, and by provincial staff."""
