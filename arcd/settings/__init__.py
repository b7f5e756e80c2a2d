"""Everything that is decided before the daemon starts: addresses, limits, places, channels.

One rule: settings are read once, whole, from one YAML file and the environment (`ARCD_SECTION__NAME`, which wins); they
are either all right or a list of problems that says where and what to write instead. No secret stands here, only where
it is found. What people work with (sites, contacts, rules) is not a setting: it is imported, and the journal knows it.
"""

from __future__ import annotations

from arcd.settings.lines import LineSettings
from arcd.settings.reading import SettingsProblems, load_settings
from arcd.settings.sections import (
    ApiSettings,
    Dc09Settings,
    EscalationSettings,
    KekSettings,
    LanguageSettings,
    LimitSettings,
    LogSettings,
    MailSettings,
    MetricsSettings,
    ReplySettings,
    RulesSettings,
    Secret,
    SiteBaseSettings,
    StoreSettings,
    TlsSettings,
    WebhookSettings,
)
from arcd.settings.whole import Settings

__all__ = [
    "ApiSettings",
    "Dc09Settings",
    "EscalationSettings",
    "KekSettings",
    "LanguageSettings",
    "LimitSettings",
    "LineSettings",
    "LogSettings",
    "MailSettings",
    "MetricsSettings",
    "ReplySettings",
    "RulesSettings",
    "Secret",
    "Settings",
    "SettingsProblems",
    "SiteBaseSettings",
    "StoreSettings",
    "TlsSettings",
    "WebhookSettings",
    "load_settings",
]
