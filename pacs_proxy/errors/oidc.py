"""What goes wrong while somebody signs in with an identity provider."""

from __future__ import annotations

from pacs_proxy.errors import PacsProxyError


class IdentityRefused(PacsProxyError):
    """What came back proves nothing; `reason` is for the journal, the page is told no more."""

    status = 401
    code = "identity_refused"
    title = "Not signed in"

    def __init__(self, reason: str) -> None:
        super().__init__("What the identity provider said could not be proven. Try again.")
        self.reason = reason


class UnknownFlow(IdentityRefused):
    """It comes back from nothing that was begun here, or from what was taken already."""


class NoRole(IdentityRefused):
    """Somebody we know by his provider, who has nothing to do here."""

    status = 403
    code = "no_role"


class AccountClosed(IdentityRefused):
    """An account that was disabled here stays so, whatever the provider says."""

    status = 403
    code = "account_disabled"


class WeakProof(IdentityRefused):
    """Signed in there, but not by the means this server demands (`acr`)."""

    status = 403
    code = "proof_too_weak"


class ProviderUnavailable(IdentityRefused):
    """The identity provider does not answer, or not as one."""

    status = 503
    code = "provider_unavailable"
    retryable = True
