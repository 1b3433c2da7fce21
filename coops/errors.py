"""What the coops app refuses, in words for the reader."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotAllowed


class TaxCodeTaken(DomainError):
    code = "tax_code_taken"
    message = _(
        "A co-op with this tax code is registered already. If it is yours, ask its manager to add"
        " you as a member."
    )


class NotWaiting(NotAllowed):
    """Another reviewer decided first; `details` may say what and who."""

    code = "not_waiting"
    message = _("This co-op no longer waits for review.")


class OwnMatter(NotAllowed):
    code = "own_matter"
    message = _(
        "You registered this, handed it in, or work in the co-op yourself. Somebody else in the"
        " office has to decide."
    )


class SecondReviewerNeeded(NotAllowed):
    code = "second_reviewer_needed"
    message = _("You have approved this already. A second reviewer has to approve it as well.")


class CheckedByProvince(NotAllowed):
    code = "checked_by_province"
    message = _("The province has checked this. To change it, please call the province's office.")


class LastManager(NotAllowed):
    code = "last_manager"
    message = _("A co-op needs a manager. Make somebody else manager first.")


class NoSuchAccount(DomainError):
    status = 422
    code = "no_such_account"
    message = _("Nobody has an account with this number yet. Ask the person to sign up first.")


class MemberAlready(DomainError):
    code = "member_already"
    message = _("This person has this role already.")


class NotApprovedYet(NotAllowed):
    code = "not_approved_yet"
    message = _("Members can be added once the province has approved the co-op.")


class TooManyPhotos(DomainError):
    code = "too_many_photos"
    message = _("A co-op's page holds %(most)s pictures. Remove one first.")


class NoWordWithoutSecondFactor(NotAllowed):
    code = "no_word_without_second_factor"
    message = _("To confirm others, set up the second step yourself first.")


class BankAccountByPage(DomainError):
    """The bank account is changed on its own page, with password and second factor; never here."""

    status = 403
    code = "bank_account_by_page"
    message = _(
        "A program cannot change the bank account. A manager changes it on the co-op's page, with"
        " password and second step."
    )


class SecondFactorNeeded(NotAllowed):
    code = "second_factor_needed"
    message = _("To change the bank account, set up the second step first.")


class BankChangeWaits(NotAllowed):
    code = "bank_change_waits"
    message = _("Another change of the account is under way. Call it off first.")


class SameAccount(DomainError):
    status = 422
    code = "same_account"
    message = _("This is the account that stands already.")


class BankChangeSettled(NotAllowed):
    code = "bank_change_settled"
    message = _("This change is in effect or called off already.")
