"""Puts the demonstration into the database: what is there stays, what is missing comes."""
