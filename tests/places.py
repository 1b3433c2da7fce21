"""All provinces and communes, as load_places has written them, without its work."""

import io
import os

import psycopg2
from django.db import connection

from coops.places import find_cooperatives_by_todays_words
from tests.prepared_database import PLACES


def put_places() -> None:
    """The whole list into an empty table, out of the database that has it (prepared_database)."""
    line = psycopg2.connect(os.environ["DATABASE_URL"])
    with line.cursor() as there, connection.cursor() as here:
        for table in PLACES:
            rows = io.BytesIO()
            there.copy_expert(f"COPY {table} TO STDOUT (FORMAT binary)", rows)
            rows.seek(0)
            here.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", rows)
            here.execute(f"ANALYZE {table}")  # or searches are planned for an empty table
    line.close()
    find_cooperatives_by_todays_words()
