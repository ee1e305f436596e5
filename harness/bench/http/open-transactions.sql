-- The connections of the role that asks, in this database, that are inside a transaction and do nothing.
-- pid, begun: ascending
select
  pg_stat_activity.pid,
  pg_stat_activity.xact_start::text as begun
from pg_catalog.pg_stat_activity
where pg_stat_activity.usename = session_user
  and pg_stat_activity.datname = pg_catalog.current_database()
  and pg_stat_activity.state like 'idle in transaction%'
order by pg_stat_activity.pid
