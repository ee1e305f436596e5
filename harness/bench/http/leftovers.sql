-- What requests have left on this connection: a role, claims, settings, and whatever else outlives a transaction.
-- pid, what: a row of what is left, and one whose what is null.
-- A setting that was local to a transaction that has ended is empty, not absent.
select
  pg_catalog.pg_backend_pid() as pid,
  found.what
from (
  select null::text as what
  union all
  select 'role ' || current_user
  where current_user <> session_user
  union all
  select request.name
  from pg_catalog.unnest(array[
    'request.jwt.claims',
    'request.jwt.claim.sub',
    'request.jwt.claim.role',
    'request.method',
    'request.path',
    'request.headers',
    'request.cookies'
  ]) as request (name)
  where coalesce(pg_catalog.current_setting(request.name, true), '') <> ''
  union all
  select 'setting ' || pg_settings.name
  from pg_catalog.pg_settings
  where pg_settings.source = 'session'
  union all
  select 'cursor ' || pg_cursors.name
  from pg_catalog.pg_cursors
  where pg_cursors.is_holdable
  union all
  select 'channel ' || channel
  from pg_catalog.pg_listening_channels() as channel
  union all
  select 'advisory lock'
  from pg_catalog.pg_locks
  where pg_locks.locktype = 'advisory' and pg_locks.pid = pg_catalog.pg_backend_pid()
  union all
  select 'table ' || pg_class.relname
  from pg_catalog.pg_class
  where pg_class.relnamespace = pg_catalog.pg_my_temp_schema()
) as found
order by found.what
