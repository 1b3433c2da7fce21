"""A migrated database for the tests to begin with: every worker of every run takes a copy."""

import os

import psycopg2
from psycopg2 import sql

from bench import prepared
from core.local.paths import Places
from core.local.postgres import DATABASE, OWNER, Postgres

TEMPLATE = "prepared_for_tests"
PLACES = ("coops_province", "coops_commune", "coops_formercommune")  # each after what it names
COPY = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")


def start(server: Postgres) -> None:
    """Start `server` with two databases: one with all places, and the template without them."""
    prepared.start(server, os.environ)
    command("postgres", server.here, COPY.format(*map(sql.Identifier, (TEMPLATE, DATABASE))))
    tables = sql.SQL(", ").join(map(sql.Identifier, PLACES))
    emptied = sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables)
    command(TEMPLATE, server.here, emptied)


def copy(name: str, socket: str) -> None:
    """Make the database `name` as a copy of the template, unless it is there already."""
    line = psycopg2.connect(host=socket, port=5432, user=OWNER, dbname="postgres")
    line.autocommit = True
    with line.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(COPY.format(*map(sql.Identifier, (name, TEMPLATE))))
    line.close()


def command(database: str, here: Places, statement: sql.Composable) -> None:
    line = psycopg2.connect(here.database_url.replace("/app?", f"/{database}?"))
    line.autocommit = True
    with line.cursor() as cursor:
        cursor.execute(statement)
    line.close()
