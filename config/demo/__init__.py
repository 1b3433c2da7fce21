"""Demonstration data: places and goods of five press reports, everything else made up and said so."""
