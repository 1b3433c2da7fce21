"""The function behind orders.services.placing, as placing.sql says it now.

A later change of that file takes a migration of its own that runs the file again.
"""

from pathlib import Path

from django.db import migrations

FUNCTION = Path(__file__).parents[1] / "services" / "placing.sql"
DROP = "DROP FUNCTION IF EXISTS orders_place_order"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_standby_told_at"),
        ("livestreams", "0003_standby_and_refunds"),
        ("core", "0002_initial"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION.read_text(encoding="utf-8"), DROP),
        # A hot row is written anew at every order: room beside it keeps it on its page
        migrations.RunSQL(
            "ALTER TABLE livestreams_offer SET (fillfactor = 50)",
            "ALTER TABLE livestreams_offer RESET (fillfactor)",
        ),
    ]
