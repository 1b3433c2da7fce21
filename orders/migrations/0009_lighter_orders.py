"""References that others hold already."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('livestreams', '0004_lighter_rows'),
        ('orders', '0008_held_by_the_offer'),
    ]

    operations = [
        migrations.AlterField(
            model_name='buyershare',
            name='offer',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='buyer_shares', to='livestreams.offer'),
        ),
        migrations.AlterField(
            model_name='orderline',
            name='order',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='orders.order'),
        ),
    ]
