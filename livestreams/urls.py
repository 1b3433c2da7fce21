from django.urls import path

from livestreams.views import public

SESSION = "phien/<int:session_id>/"

urlpatterns = [
    path("", public.show_home, name="show-home"),
    path("phien/", public.list_sessions, name="list-sessions"),
    path(SESSION, public.show_session, name="show-session"),
    path(f"{SESSION}bang.json", public.show_board_snapshot, name="show-board-snapshot"),
    path(f"{SESSION}lich.ics", public.show_session_calendar, name="show-session-calendar"),
]
