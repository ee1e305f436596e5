-- Foreign data wrappers, servers, user mappings (whose secrets only their owners read), publications and subscriptions.
select
  null::text, null::text, w.tableoid, w.oid, 0, null::oid, w.fdwowner, w.fdwacl, 'F'::"char",
  pg_catalog.jsonb_build_object('options', w.fdwoptions,
    'handler', (nullif(w.fdwhandler, 0))::pg_catalog.regproc::text,
    'validator', (nullif(w.fdwvalidator, 0))::pg_catalog.regproc::text)
from pg_catalog.pg_foreign_data_wrapper w
union all
select
  null, null, s.tableoid, s.oid, 0, null, s.srvowner, s.srvacl, 'S',
  pg_catalog.jsonb_build_object('wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion, 'options', s.srvoptions)
from pg_catalog.pg_foreign_server s
join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
union all
select
  'user mapping', pg_catalog.format('%I on server %I', u.usename, u.srvname), 0, 0, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('options', u.umoptions)
from pg_catalog.pg_user_mappings u
union all
select
  null, null, p.tableoid, p.oid, 0, null, p.pubowner, null, null,
  pg_catalog.to_jsonb(p) - '{oid,pubname,pubowner}'::text[]
from pg_catalog.pg_publication p
union all
select
  null, null, r.tableoid, r.oid, 0, null, null, null, null,
  pg_catalog.jsonb_build_object(
    'where', pg_catalog.pg_get_expr(r.prqual, r.prrelid),
    'columns', (select pg_catalog.jsonb_agg(a.attname order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[])))
from pg_catalog.pg_publication_rel r
union all
select null, null, s.tableoid, s.oid, 0, null, null, null, null, '{}'
from pg_catalog.pg_publication_namespace s
union all
select
  null, null, 'pg_catalog.pg_subscription'::pg_catalog.regclass, s.oid, 0, null, s.subowner, null, null,
  pg_catalog.jsonb_build_object('enabled', s.subenabled, 'publications', s.subpublications)
from pg_catalog.pg_subscription s
join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
