"""Links of outside videos: which can be shown inside a page, and how."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

YOUTUBE_HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "www.youtube-nocookie.com"}
FACEBOOK_HOSTS = {"facebook.com", "www.facebook.com", "m.facebook.com", "web.facebook.com"}
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
FACEBOOK_VIDEO = re.compile(
    r"/(?P<page>[A-Za-z0-9.]{1,80})/videos/(?:[a-z0-9.-]+/)?(?P<id>\d{5,25})/?"
)


def embed_url(stream_url: str) -> str:
    """Address of the player for a YouTube or Facebook video; "" when there is none.

    Nothing of the link but the video's own id goes into the answer.
    """
    try:
        link = urlsplit(stream_url)
        host = link.hostname or ""
    except ValueError:
        return ""
    if video := _youtube_id(host, link.path, link.query):
        return f"https://www.youtube-nocookie.com/embed/{video}"
    if video := _facebook_video(host, link.path, link.query):
        return f"https://www.facebook.com/plugins/video.php?{urlencode({'href': video})}"
    return ""


def _youtube_id(host: str, path: str, query: str) -> str:
    if host == "youtu.be":
        candidate = path.strip("/")
    elif host not in YOUTUBE_HOSTS:
        return ""
    elif path == "/watch":
        candidate = parse_qs(query).get("v", [""])[0]
    else:
        kind, _, candidate = path.strip("/").partition("/")
        if kind not in {"live", "embed", "shorts"}:
            return ""
    return candidate if YOUTUBE_ID.fullmatch(candidate) else ""


def _facebook_video(host: str, path: str, query: str) -> str:
    if host not in FACEBOOK_HOSTS:
        return ""
    if found := FACEBOOK_VIDEO.fullmatch(path):
        return f"https://www.facebook.com/{found['page']}/videos/{found['id']}"
    number = parse_qs(query).get("v", [""])[0] if path.rstrip("/") == "/watch" else ""
    return (
        f"https://www.facebook.com/watch/?v={number}" if re.fullmatch(r"\d{5,25}", number) else ""
    )
