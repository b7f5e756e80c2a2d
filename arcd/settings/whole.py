"""All sections together, as one frozen value."""

from __future__ import annotations

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from arcd.settings.audit_section import AuditSettings
from arcd.settings.field_sections import HttpIntakeSettings, MailIntakeSettings, MediaSettings, ModbusSettings
from arcd.settings.lines import LinesSettings
from arcd.settings.outputs import OutputsSettings
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
    SiteBaseSettings,
    StoreSettings,
    WebhookSettings,
)

ENVIRONMENT_PREFIX = "ARCD_"
ENVIRONMENT_DELIMITER = "__"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        enable_decoding=False,  # values in the environment are plain text, not JSON
        extra="forbid",
        frozen=True,
    )

    store: StoreSettings = StoreSettings()
    dc09: Dc09Settings = Dc09Settings()
    lines: LinesSettings = ()
    outputs: OutputsSettings = ()
    limits: LimitSettings = LimitSettings()
    reply: ReplySettings = ReplySettings()
    api: ApiSettings = ApiSettings()
    metrics: MetricsSettings = MetricsSettings()
    mail: MailSettings | None = None  # None: this channel is not used
    webhook: WebhookSettings | None = None
    escalation: EscalationSettings = EscalationSettings()
    modbus: ModbusSettings = ModbusSettings()
    mail_intake: MailIntakeSettings = MailIntakeSettings()
    http_intake: HttpIntakeSettings = HttpIntakeSettings()
    media: MediaSettings = MediaSettings()
    audit: AuditSettings = AuditSettings()
    rules: RulesSettings = RulesSettings()
    site_base: SiteBaseSettings = SiteBaseSettings()
    kek: KekSettings = KekSettings()
    log: LogSettings = LogSettings()
    languages: LanguageSettings = LanguageSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)
