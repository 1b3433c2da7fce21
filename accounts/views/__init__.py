"""Pages of the accounts app, by what a person comes for."""
