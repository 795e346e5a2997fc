from django.db import migrations, models

import countermand.store.fields


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0001_foundation"),
    ]

    operations = [
        migrations.AddField(
            model_name="lineage",
            name="hold_told",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="lineage",
            name="hold_told_to",
            field=models.IntegerField(default=-1),
        ),
        migrations.AddField(
            model_name="lineage",
            name="last_halt",
            field=countermand.store.fields.When(null=True),
        ),
    ]
