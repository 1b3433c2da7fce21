# One image for web, worker, beat and relay. Debian: the wheels here are for glibc.
FROM python:3.13-slim-bookworm AS build
WORKDIR /srv/chophien
COPY requirements.txt .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
# Readable in the end, whatever the modes of the clone are
RUN SECRET_KEY=only-while-the-image-is-being-built DATABASE_URL=postgresql://build@build/build REDIS_URL=redis://build/0 \
    STATIC_ROOT=/srv/chophien/static-files \
    sh -c '.venv/bin/python manage.py messages --compile && .venv/bin/python manage.py collectstatic --noinput -v0' \
    && chmod -R a+rX .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home /srv/chophien chophien \
    && install -d -o chophien /srv/media
WORKDIR /srv/chophien
COPY --from=build /srv/chophien /srv/chophien
ENV PATH=/srv/chophien/.venv/bin:$PATH PYTHONUNBUFFERED=1 MEDIA_ROOT=/srv/media STATIC_ROOT=/srv/chophien/static-files
USER chophien
CMD ["granian", "--interface", "rsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--no-ws", "--workers-kill-timeout", "3", "--backlog", "2048", "--backpressure", "8192", "config.mixed:application"]
