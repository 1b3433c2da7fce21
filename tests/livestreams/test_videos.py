import pytest

from livestreams.videos import embed_url

FACEBOOK = "https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2F"
YOUTUBE = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"


@pytest.mark.parametrize(
    ("link", "player"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=5", YOUTUBE),
        ("https://m.youtube.com/live/dQw4w9WgXcQ", YOUTUBE),
        ("https://youtu.be/dQw4w9WgXcQ?si=x", YOUTUBE),
        ("https://youtube.com/shorts/dQw4w9WgXcQ", YOUTUBE),
        (
            "https://www.facebook.com/htx.phinhho/videos/1234567890/?x=1",
            f"{FACEBOOK}htx.phinhho%2Fvideos%2F1234567890",
        ),
        (
            "https://www.facebook.com/watch/?v=1234567890",
            f"{FACEBOOK}watch%2F%3Fv%3D1234567890",
        ),
        ("https://www.tiktok.com/@x/live", ""),
        ("https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ", ""),
        ("https://evil.example/?https://youtube.com/watch?v=dQw4w9WgXcQ", ""),
        ('https://www.youtube.com/watch?v="><script>', ""),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ2long", ""),
        ("https://user@www.youtube.com@evil.example/live/dQw4w9WgXcQ", ""),
        ("javascript:alert(1)", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_only_the_id_of_known_players_goes_into_the_page(link: str, player: str):
    assert embed_url(link) == player
