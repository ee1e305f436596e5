-- Locks right now: those of the session $1, granted or not, and those of others that wait.
-- Columns: pid, application, kind (of lock), mode, granted, oid (of the relation; null for another lock), since (ms since
-- 1970 when the wait began), now (likewise), behind (pids that are waited for), began (text: when the transaction did).
-- No order.
select
  lock.pid,
  coalesce(activity.application_name, '') as application,
  lock.locktype as kind,
  lock.mode,
  lock.granted,
  coalesce(index.indrelid, lock.relation)::bigint::float8 as oid,
  (extract(epoch from lock.waitstart) * 1000)::float8 as since,
  (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::float8 as now,
  case when lock.granted then '{}' else pg_catalog.pg_blocking_pids(lock.pid) end as behind,
  coalesce(activity.xact_start::text, '') as began
from pg_catalog.pg_locks as lock
left join pg_catalog.pg_stat_activity as activity on activity.pid = lock.pid
left join pg_catalog.pg_index as index on index.indexrelid = lock.relation
where (lock.pid = $1 and lock.locktype = 'relation')
   or not lock.granted;
