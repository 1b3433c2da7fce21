"""Words an order is found by, and indexes for lists that have grown long."""

import django.contrib.postgres.indexes
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coops', '0002_former_names'),
        ('livestreams', '0004_lighter_rows'),
        ('orders', '0010_one_limiter'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='parcel',
            name='parcel_by_cooperative',
        ),
        migrations.AddField(
            model_name='order',
            name='search_text',
            field=models.GeneratedField(db_persist=True, expression=models.Func(models.Func('buyer_name', 'code', arg_joiner=" || ' ' || ", output_field=models.TextField(), template="regexp_replace(regexp_replace(regexp_replace(normalize(translate(lower(%(expressions)s), 'đ', 'd'), NFD), '[̀-ͯ]', '', 'g'), '[!-/:-@\\[-`{-~[:space:]]+', ' ', 'g'), '(?<=[bcdfghjklmnpqrstvwxz]|qu)y', 'i', 'g')"), models.Func('buyer_phone', output_field=models.TextField(), template="right(%(expressions)s, 4) || ' ' || right(%(expressions)s, 3)"), arg_joiner=" || ' ' || ", output_field=models.TextField(), template="' ' || %(expressions)s || ' '"), output_field=models.TextField()),
        ),
        migrations.AddIndex(
            model_name='order',
            index=django.contrib.postgres.indexes.GinIndex(fields=['search_text'], gin_pending_list_limit=256, name='order_words', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(fields=['cooperative', 'state', '-id'], name='parcel_by_state'),
        ),
        migrations.AddIndex(
            model_name='parcel',
            index=models.Index(fields=['cooperative', '-id'], name='parcel_by_cooperative'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('state__in', ['left', 'closed'])), fields=['settled_at'], name='standby_past'),
        ),
        migrations.AddIndex(
            model_name='standbyentry',
            index=models.Index(condition=models.Q(('state', 'promoted'), ('told_at', None)), fields=['order'], name='standby_to_tell'),
        ),
    ]
