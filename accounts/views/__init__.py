"""Pages of the accounts app, by what a person comes for."""

from accounts.views.signing import locked_out

__all__ = ["locked_out"]
