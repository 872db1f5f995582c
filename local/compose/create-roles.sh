#!/bin/sh
# The owner role and the databases, as local/services/postgres.py makes them, and the product's role with its login:
# the first migration leaves a role that is there as it is. Run once, by the image, when the data folder is new.
set -eu
psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE aluskort_owner LOGIN CREATEROLE CREATEDB PASSWORD :'owner_password';
ALTER ROLE aluskort_owner SET createrole_self_grant = 'set';
CREATE ROLE aluskort_app LOGIN PASSWORD :'app_password';
GRANT aluskort_app TO aluskort_owner WITH ADMIN OPTION;
CREATE DATABASE aluskort OWNER aluskort_owner;
CREATE DATABASE taskhub OWNER aluskort_owner;
SQL
