from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messages")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kernel import doorbell
        from kernel.timers import timer_register
        from messaging.bindings import subscribe
        from messaging.models import DIGEST
        from messaging.services import buckets, confirming, expiry, notices, outbox, quota, replies
        from messaging.services.digest import DigestHandler
        from messaging.services.interactions import DELIVER_QUEUE

        subscribe(DIGEST, DigestHandler())
        subscribe(notices.HANDLER, notices.NoticeHandler())

        doorbell.queue_register(
            DELIVER_QUEUE,
            drain=outbox.deliver_drain,
            is_due=outbox.deliver_is_due,
            threads=2,
            full=outbox.BATCH,
        )
        doorbell.queue_register(replies.REPLY_QUEUE, drain=replies.reply_drain, is_due=replies.reply_is_due)
        doorbell.queue_register(expiry.EXPIRE_QUEUE, drain=expiry.expire_drain, is_due=expiry.expire_is_due)
        doorbell.queue_register(
            confirming.CONFIRM_QUEUE, drain=confirming.confirm_drain, is_due=confirming.confirm_is_due
        )
        doorbell.queue_register(quota.QUOTA_QUEUE, drain=quota.quota_drain, is_due=quota.quota_is_due)
        timer_register("buckets", buckets.buckets_prune)
