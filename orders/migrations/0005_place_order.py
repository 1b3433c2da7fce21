"""Room beside the hot rows. The function behind orders.services.placing: see orders/apps.py."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_standby_told_at"),
        ("livestreams", "0003_standby_and_refunds"),
        ("core", "0002_initial"),
    ]

    operations = [
        # A hot row is written anew at every order: room beside it keeps it on its page
        migrations.RunSQL(
            "ALTER TABLE livestreams_offer SET (fillfactor = 50)",
            "ALTER TABLE livestreams_offer RESET (fillfactor)",
        ),
    ]
