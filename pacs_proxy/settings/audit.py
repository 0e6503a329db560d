"""Settings of where the audit journal is sent besides."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import host_and_port, setting, text


@dataclass(frozen=True)
class AuditSettings:
    """The audit repository that gets a copy."""

    audit_syslog: str = setting(
        "PACS_PROXY_AUDIT_SYSLOG",
        "",
        host_and_port,
        "`host:port` of an audit repository that takes DICOM PS3.15 A.5 messages by syslog over "
        "TLS (RFC 5424, 5425; its usual port is 6514). Set it on one machine of those that share a "
        "database. The journal waits for it for as long as it is away.",
    )
    audit_syslog_ca: str = setting(
        "PACS_PROXY_AUDIT_SYSLOG_CA",
        "",
        text,
        "File of the authorities that vouch for it. Default: those of this machine.",
    )
    audit_syslog_certificate: str = setting(
        "PACS_PROXY_AUDIT_SYSLOG_CERTIFICATE",
        "",
        text,
        "File with our own certificate and its key, where it wants one.",
    )
