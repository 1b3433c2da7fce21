"""What the accounts app refuses, in words for the reader."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed


class TooManyCodes(DomainError):
    """More codes in an hour than one phone or one network may ask for."""

    status = 429
    code = "too_many_codes"
    message = _("Many codes were asked for already. Please try again in an hour.")


class CodesNotSetUp(DomainError):
    """No way to send codes was set up here."""

    status = 503
    code = "codes_not_set_up"
    message = _(
        "Codes by message are not set up on this site yet, so nobody can sign up alone. Please ask"
        " the people who run the site to make an account for you."
    )


class WrongCode(DomainError):
    """The code is not the one sent; `details` may say how many tries are left."""

    status = 422
    code = "wrong_code"
    message = _("This code is not right. Please compare it with the message.")


class PhoneClockOff(WrongCode):
    """A code of the authenticator for another time; `details` says by how many seconds (`off_s`,
    positive when the phone is ahead).
    """

    code = "phone_clock_off"


class CodeSpent(DomainError):
    """No code can be entered any more: too old, used, or tried too often."""

    status = 409
    code = "code_spent"
    message = _("This code can no longer be used. Please ask for a new one.")


class PhoneTaken(DomainError):
    code = "phone_taken"
    message = _("There is an account with this number already. Please sign in.")


class WrongPassword(DomainError):
    status = 422
    code = "wrong_password"
    message = _("This is not your present password.")


class SecondFactorBusy(DomainError):
    """A wrong code a moment ago, or several: wait before the next."""

    status = 429
    code = "second_factor_busy"
    message = _(
        "A wrong code was entered just now. Please wait %(seconds)s s, then enter the newest one."
    )


class SecondFactorExists(DomainError):
    code = "second_factor_exists"
    message = _("The second step is set up already. Enter the code of your app.")


class CannotVouch(NotAllowed):
    code = "cannot_vouch"
    message = _("Somebody else has to confirm that it is you.")


class TooManyTokens(DomainError):
    code = "too_many_tokens"
    message = _("You have many tokens. Please revoke one that is not used any more first.")
