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
        from messaging.services import (
            buckets,
            confirming,
            expiry,
            groups,
            notices,
            outbox,
            posts,
            quota,
            replies,
        )
        from messaging.services.digest import DigestHandler
        from messaging.services.interactions import DELIVER_QUEUE, POSTS_QUEUE

        subscribe(DIGEST, DigestHandler())
        subscribe(notices.HANDLER, notices.NoticeHandler())

        doorbell.queue_register(
            DELIVER_QUEUE,
            drain=outbox.deliver_drain,
            waiting=outbox.deliver_due,
            threads=2,
            full=outbox.BATCH,
        )
        doorbell.queue_register(replies.REPLY_QUEUE, drain=replies.reply_drain, waiting=replies.reply_due)
        doorbell.queue_register(expiry.EXPIRE_QUEUE, drain=expiry.expire_drain, waiting=expiry.expire_due)
        doorbell.queue_register(
            confirming.CONFIRM_QUEUE, drain=confirming.confirm_drain, waiting=confirming.confirm_due
        )
        doorbell.queue_register(quota.QUOTA_QUEUE, drain=quota.quota_drain, waiting=quota.quota_due)
        doorbell.queue_register(POSTS_QUEUE, drain=posts.posts_drain, waiting=posts.posts_due, threads=2)
        doorbell.queue_register(groups.GROUPS_QUEUE, drain=groups.groups_drain, waiting=groups.groups_due)
        timer_register("buckets", buckets.buckets_prune)
