"""The oldest version of each library that may face a network, and what older ones let in."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from packaging.version import InvalidVersion, Version

from pacs_proxy.doctor.check import Check, bad, good

MINIMUMS: dict[str, tuple[str, str]] = {
    "gunicorn": ("26.1", "takes a cut chunked body for a whole one, and a second Host"),
    "Flask": ("3.1.3", "lets a shared cache hand one user's answer to another (CVE-2026-27205)"),
    "Werkzeug": ("3.1.6", "opens devices by name on Windows (CVE-2026-27199)"),
    "urllib3": ("2.7", "unpacks bombs while it follows redirects (CVE-2026-44432)"),
    "requests": ("2.33", "gives passwords to other hosts (CVE-2024-47081, CVE-2026-25645)"),
    "Authlib": ("1.8", "accepts tokens without a signature (CVE-2026-28802)"),
    "pydicom": ("3.0.2", "follows file names out of a DICOMDIR's folder (CVE-2026-32711)"),
    "pynetdicom": ("3.0.4", "writes outside its folder for C-STORE (CVE-2026-56445)"),
}


def checks(installed: Callable[[str], str] = version) -> list[Check]:
    """One for each that is installed; what is not there needs no minimum."""
    found = []
    for name, (least, fault) in MINIMUMS.items():
        try:
            found.append(_judged(name, installed(name), least, fault))
        except PackageNotFoundError:
            continue
    return found


def _judged(name: str, has: str, least: str, fault: str) -> Check:
    try:
        is_enough = Version(has) >= Version(least)
    except InvalidVersion:
        is_enough = False
    if is_enough:
        return good(name, f"{has}, at least {least}")
    return bad(name, f"{has} {fault}", f"pip install --upgrade '{name}>={least}'")
