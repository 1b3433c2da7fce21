"""What can be done with accounts: codes, people, the second factor, tokens."""
