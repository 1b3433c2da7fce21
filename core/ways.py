"""The next page, from a parameter of the request: paths of this site only."""

import re

from django.http import HttpResponseRedirect

# One slash and then none, no backslash, no control character: browsers read those as another site
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
LONGEST = 2000


def path_of_ours(wanted: str) -> str:
    """`wanted` when it is an absolute path of this site, else "": no host, no scheme, no name of a
    view.
    """
    return wanted if len(wanted) <= LONGEST and _PATH.fullmatch(wanted) else ""


def go_to(path: str) -> HttpResponseRedirect:
    """Redirect to a path as it is; `django.shortcuts.redirect` would take it for a view's name."""
    return HttpResponseRedirect(path)
