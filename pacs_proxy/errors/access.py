"""What is refused at the door."""

from __future__ import annotations

from pacs_proxy.errors import PacsProxyError


class SignInRequired(PacsProxyError):
    """Nobody is signed in, or no longer."""

    status = 401
    code = "sign_in_required"
    title = "Sign in first"

    def __init__(self, detail: str, ways: dict[str, object] | None = None) -> None:
        super().__init__(detail)
        # How one can: `password`, and `provider` with its name.
        self.ways = ways


class SignInRefused(PacsProxyError):
    """The name and the password do not belong together; which of the two is not said."""

    status = 401
    code = "sign_in_refused"
    title = "Not signed in"


class TooManyTries(PacsProxyError):
    """Passwords were tried too often."""

    status = 429
    code = "too_many_tries"
    title = "Too many tries"
    retryable = True


class NotEncrypted(PacsProxyError):
    """A password must not cross a network in the clear."""

    status = 403
    code = "not_encrypted"
    title = "The connection is not encrypted"


class ChangeRefused(PacsProxyError):
    """A change in the name of a session, without the token that only its own page has (CSRF)."""

    status = 403
    code = "change_token_refused"
    title = "Not from the signed-in page"


class ShareEnded(PacsProxyError):
    """A link that leads nowhere: expired, revoked, or never made; which of them is not said."""

    status = 404
    code = "share_ended"
    title = "This link has ended"


class PassphraseRequired(PacsProxyError):
    """A link opens with its passphrase only."""

    status = 401
    code = "passphrase_required"
    title = "A passphrase is needed"


class PassphraseRefused(PacsProxyError):
    """Not the passphrase of this link."""

    status = 401
    code = "passphrase_refused"
    title = "Not the passphrase"


class ShareRefused(PacsProxyError):
    """A link cannot be made so."""

    status = 422
    code = "share_refused"
    title = "Not possible"


class NothingKept(PacsProxyError):
    """No device keeps images: by this server's settings, or because nobody signs in."""

    status = 404
    code = "nothing_kept"
    title = "Nothing is kept on devices"


class WeakPassword(PacsProxyError):
    """A password that is too easily found."""

    status = 422
    code = "weak_password"
    title = "The password is too weak"


class AccountRefused(PacsProxyError):
    """An account or a token cannot be made or changed so."""

    status = 422
    code = "account_refused"
    title = "Not possible"
