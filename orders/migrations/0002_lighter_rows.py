"""Indexes that Django makes and nobody reads: a migration of its own, they come at the end of one."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0001_initial'),
    ]

    operations = [
        # For LIKE 'abc%': nobody looks for a code, a token or a commune that way
        migrations.RunSQL(
            """
            DROP INDEX IF EXISTS orders_order_code_20afc605_like;
            DROP INDEX IF EXISTS orders_order_token_6d467ae5_like;
            DROP INDEX IF EXISTS orders_order_commune_id_e811aa5e_like;
            """,
            migrations.RunSQL.noop,
        ),
    ]
