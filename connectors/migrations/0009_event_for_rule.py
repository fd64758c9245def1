from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connectors', '0008_payload_retention'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='for_rule_id',
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
    ]
