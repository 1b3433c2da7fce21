from django.urls import URLPattern, path

from accounts.views import account, codes, enrolling, recovery, second_factor, signing

urlpatterns: list[URLPattern] = [
    path("dang-ky/", codes.sign_up, name="sign-up"),
    path("dang-ky/ma/", codes.enter_sign_up_code, name="enter-sign-up-code"),
    path("dang-ky/gui-lai/", codes.resend_sign_up_code, name="resend-sign-up-code"),
    path("dang-ky/hoan-tat/", codes.finish_sign_up, name="finish-sign-up"),
    path("mat-khau/", codes.reset_password, name="reset-password"),
    path("mat-khau/ma/", codes.enter_reset_code, name="enter-reset-code"),
    path("mat-khau/gui-lai/", codes.resend_reset_code, name="resend-reset-code"),
    path("mat-khau/moi/", codes.choose_password, name="choose-password"),
    path("mat-khau/doi/", account.change_password, name="change-password"),
    path("dang-nhap/", signing.sign_in, name="sign-in"),
    path("dang-xuat/", signing.sign_out, name="sign-out"),
    path("xac-minh/", second_factor.verify_second_factor, name="verify-second-factor"),
    path("xac-minh/cai-dat/", second_factor.set_up_second_factor, name="set-up-second-factor"),
    path("xac-minh/cai-dat/xac-nhan/", enrolling.prove, name="prove-before-enrolling"),
    path("xac-minh/cai-dat/gui-ma/", enrolling.send_code, name="send-enrolling-code"),
    path("xac-minh/cai-dat/nho/", enrolling.ask_for_word, name="request-enrolment"),
    path("xac-minh/ma-giay/", recovery.show_recovery_codes, name="show-recovery-codes"),
    path("xac-minh/doi-may/", second_factor.move_second_factor, name="move-second-factor"),
    path("tai-khoan/", account.show_account, name="show-account"),
    path("tai-khoan/ten/", account.rename_account, name="rename-account"),
    path("tai-khoan/ma-truy-cap/", account.list_api_tokens, name="list-api-tokens"),
    path("tai-khoan/ma-truy-cap/thu-hoi/", account.revoke_api_token, name="revoke-api-token"),
]
