"""Years of market days written at once, to see what grows with them (manage.py load_scale)."""
