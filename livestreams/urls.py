from django.urls import path

from livestreams.views import console, preparing, public, searching, workspace

SESSION = "phien/<int:session_id>/"
COOP = "lam-viec/<slug:cooperative_slug>/phien/"
RUN = "lam-viec/phien/<int:session_id>/"
OFFER = "lam-viec/suat/<int:offer_id>/"
SLOT = "lam-viec/cho-ngoi/<int:slot_id>/"

urlpatterns = [
    # everyone
    path("", public.show_home, name="show-home"),
    path("tim/", searching.search, name="search-market"),
    path("phien/", public.list_sessions, name="list-sessions"),
    path(SESSION, public.show_session, name="show-session"),
    path(f"{SESSION}bang.json", public.show_board_snapshot, name="show-board-snapshot"),
    path(f"{SESSION}lich.ics", public.show_session_calendar, name="show-session-calendar"),
    # before the session
    path(f"{RUN}", preparing.prepare_session, name="prepare-session"),
    path(f"{RUN}sua/", workspace.edit_session, name="edit-session"),
    path(f"{RUN}cong-bo/", workspace.announce_session, name="announce-session"),
    path(f"{RUN}huy/", workspace.cancel_session, name="cancel-session"),
    path(f"{RUN}moi/", preparing.invite_cooperative, name="invite-cooperative"),
    path(f"{RUN}xep/", preparing.line_up_offer, name="line-up-offer"),
    path(f"{SLOT}nhan/", preparing.join_session, name="join-session"),
    path(f"{SLOT}roi/", preparing.leave_session, name="leave-session"),
    path(f"{OFFER}sua/", preparing.edit_offer, name="edit-offer"),
    path(f"{OFFER}chuyen/", preparing.move_offer, name="move-offer"),
    path(f"{OFFER}bo/", preparing.remove_offer, name="remove-offer"),
    # during the session
    path(f"{RUN}dieu-khien/", console.run_session, name="run-session"),
    path(f"{RUN}dieu-khien/tin.json", console.list_session_news, name="list-session-news"),
    path(f"{RUN}len-song/", console.go_live, name="go-live"),
    path(f"{RUN}hoan-tac/", console.take_back_session, name="take-back-session"),
    path(f"{RUN}ket-thuc/", console.end_session, name="end-session"),
    path(f"{OFFER}ban/", console.sell_now, name="sell-now"),
    path(f"{OFFER}het/", console.mark_sold_out, name="mark-sold-out"),
    path(f"{OFFER}ban-lai/", console.reopen_offer, name="reopen-offer"),
    path(f"{OFFER}mo/", console.open_offer, name="open-offer"),
    path(f"{OFFER}dong/", console.close_offer, name="close-offer"),
    path(COOP, workspace.list_my_sessions, name="list-my-sessions"),
    path(f"{COOP}moi/", workspace.schedule_session, name="schedule-session"),
]
