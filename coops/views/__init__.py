"""Pages of the coops app, by who comes to them."""
