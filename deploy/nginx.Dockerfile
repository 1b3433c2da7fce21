# Debian's nginx and its nchan module: the same that tests/deploy runs with nginx.conf.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl nginx libnginx-mod-nchan \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o www-data /var/cache/nginx \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
EXPOSE 80 443
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
