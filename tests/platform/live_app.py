"""The live channel in a small house: WATCHERS boards at most."""

import os

from config.rsgi import application

from config import live  # isort: skip - after Django is set up

live.MOST_BOARDS = int(os.environ["WATCHERS"])

__all__ = ["application"]
