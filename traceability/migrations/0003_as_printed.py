from django.db import migrations, models

FILL = """
UPDATE traceability_origincodebatch AS batch SET
    product_name = product.name, pack_name = variant.name,
    net_weight_g = variant.net_weight_g, cooperative_name = cooperative.name
FROM products_lot AS lot
JOIN products_variant AS variant ON variant.id = lot.variant_id
JOIN products_product AS product ON product.id = variant.product_id
JOIN coops_cooperative AS cooperative ON cooperative.id = product.cooperative_id
WHERE lot.id = batch.lot_id
"""


class Migration(migrations.Migration):
    dependencies = [("traceability", "0002_scans_of_people"), ("products", "0002_typed_so_far")]

    operations = [
        migrations.AddField(
            "origincodebatch",
            "product_name",
            models.CharField(max_length=120, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            "origincodebatch",
            "pack_name",
            models.CharField(max_length=60, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            "origincodebatch",
            "net_weight_g",
            models.PositiveIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.AddField(
            "origincodebatch",
            "cooperative_name",
            models.CharField(max_length=120, default=""),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
