from django.db import migrations, models

from kernel.migrating import IndexBuild


def built(dimension: str) -> IndexBuild:
    index = models.Index(fields=["connection", "object", dimension], name=f"record_{dimension}")
    return IndexBuild(model_name="record", index=index)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("connectors", "0004_ledger_indexes")]

    operations = [built(each) for each in ("warehouse", "department", "region", "supplier_group")]
