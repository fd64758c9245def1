from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConnectorsConfig(AppConfig):
    name = "connectors"
    verbose_name = _("Connections")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from connectors import catalog
        from connectors.services.counting import COUNT_QUEUE, count_drain, count_due
        from connectors.services.poll import POLL_QUEUE, poll_drain, poll_due
        from kernel import doorbell

        catalog.MANIFESTS.check()
        doorbell.queue_register(POLL_QUEUE, drain=poll_drain, waiting=poll_due)
        doorbell.queue_register(COUNT_QUEUE, drain=count_drain, waiting=count_due)
