"""Pictures of the demonstration, drawn by us and never posing as photographs.

Each carries the words “Hình minh hoạ” in a corner. The same input gives the same picture.
"""

from config.demo.drawings.pictures import draw_cover, draw_product, draw_session

__all__ = ["draw_cover", "draw_product", "draw_session"]
