"""Accounts over HTTP, for whoever looks after them; every change ends the account's sessions."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from pacs_proxy.access.permissions import ACCOUNT_ROLES
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Account
from pacs_proxy.errors import BadRequest, Forbidden
from pacs_proxy.errors.access import AccountRefused
from pacs_proxy.services import auditing
from pacs_proxy.services.context import principal, services
from pacs_proxy.web.bodies import json_object, short_text

_CHANGES = frozenset({"role", "password", "disabled", "restriction", "break_glass"})
_KINDS = ("labels", "institutions", "modalities")


def listed() -> dict[str, Any]:
    """All accounts by name, nothing in it that opens anything; and the roles there are."""
    _expect_unrestricted()
    found = services().door.accounts.listed()
    return {"users": [_shown(one) for one in found], "roles": list(ACCOUNT_ROLES)}


def add() -> Response:
    """Make one: `name`, `role`, `password`."""
    _expect_unrestricted()
    asked = json_object()
    name, role, password = (short_text(asked, field) for field in ("name", "role", "password"))
    auditing.note(user=name, role=role, change="added")
    services().door.accounts.add(name, role, password)
    return Response(status=201)


def change(name: str) -> Response:
    """Any of `role`, `password`, `disabled`, `restriction` (null: none), `break_glass`."""
    _expect_unrestricted()
    asked = json_object()
    if not asked or asked.keys() - _CHANGES:
        raise BadRequest(f"Give any of {', '.join(sorted(_CHANGES))}.")
    if name == principal().name and asked.keys() - {"password"}:
        raise AccountRefused("You cannot take your own rights away; ask another administrator.")
    told = {**asked, "password": "password" in asked}
    auditing.note(user=name, change=told)
    accounts = services().door.accounts
    if "restriction" in asked:
        accounts.restrict(name, _restriction(asked["restriction"]))
    if "break_glass" in asked:
        accounts.grant(name, bool(asked["break_glass"]))
    if asked.keys() & {"role", "password", "disabled"}:
        accounts.change(
            name,
            role=short_text(asked, "role") if "role" in asked else None,
            password=short_text(asked, "password") if "password" in asked else None,
            is_disabled=bool(asked["disabled"]) if "disabled" in asked else None,
        )
    return jsonify({})


def _expect_unrestricted() -> None:
    """Else a limit would end where its bearer says so."""
    if principal().restriction is not None:
        raise Forbidden("Your own account is restricted, so it cannot change any.")


def _shown(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role,
        "disabled": account.is_disabled,
        "restriction": account.restriction,
        "break_glass": account.may_break_glass,
        "created": account.created,
    }


def _restriction(asked: object) -> Restriction | None:
    if asked is None:
        return None
    if not isinstance(asked, dict) or asked.keys() - set(_KINDS):
        raise BadRequest(f"restriction has {', '.join(_KINDS)}, each a list of texts; or is null.")
    return Restriction.of(*(_texts(asked.get(kind, [])) for kind in _KINDS))


def _texts(asked: object) -> list[str]:
    if not isinstance(asked, list) or not all(isinstance(one, str) for one in asked):
        raise BadRequest("Each kind of a restriction is a list of texts.")
    return asked
