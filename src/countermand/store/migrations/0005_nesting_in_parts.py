from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0004_loads"),
    ]

    operations = [
        migrations.AddField(
            model_name="groupnesting",
            name="since",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="groupnesting",
            name="until",
            field=models.IntegerField(default=2147483647),
        ),
    ]
