-- What a server holds that was there before us, and what it can do. One row; asked as any role. No parameters.
select
  pg_catalog.current_setting('server_version') as version,
  pg_catalog.current_setting('server_version_num')::int / 10000 as major,
  -- Shown to superusers only; the function would raise for anybody else.
  coalesce(
    (select setting from pg_catalog.pg_settings where name = 'shared_preload_libraries'), ''
  ) as preloaded,
  exists (
    select from pg_catalog.pg_available_extensions where name = 'pgaudit'
  ) as pgaudit_installed,
  (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
  array(
    select datname::text
    from pg_catalog.pg_database
    where datname not in ('postgres', 'template0', 'template1')
    order by datname
  ) as databases,
  array(
    select rolname::text from pg_catalog.pg_roles where rolname !~ '^pg_' order by rolname
  ) as roles,
  array(
    select rolname::text from pg_catalog.pg_roles where rolsuper order by rolname
  ) as superusers
