"""The settings with no server behind them, for tools that read the code only (mypy, editors)."""

from core.local.environment import nowhere, set_missing

set_missing(nowhere())

from config.settings import *  # noqa: E402, F403
