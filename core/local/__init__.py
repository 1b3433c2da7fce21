"""The database and the broker that come with the platform, and what keeps processes running.

For one machine: `manage.py up` and the tests. Installations with servers of their own name them in
DATABASE_URL and REDIS_URL, and nothing here is started. Standard library only, so that the
environment is ready before Django reads its settings.
"""
