-- The database itself without its name and comment (a clone has its own), schemas, extensions, settings and default privileges.
select
  'database'::text, 'itself'::text, d.tableoid, d.oid, 0, null::oid, d.datdba, d.datacl, 'd'::"char",
  pg_catalog.jsonb_build_object('connections', nullif(d.datconnlimit, -1))
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()
union all
select
  null, null, n.tableoid, n.oid, 0, null, n.nspowner, n.nspacl, 'n', '{}'
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select
  null, null, e.tableoid, e.oid, 0, null, e.extowner, null, null,
  pg_catalog.jsonb_build_object('version', e.extversion, 'schema', n.nspname)
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
union all
select
  'setting',
  pg_catalog.split_part(s.line, '=', 1) || ' of this database'
    || case when r.setrole = 0 then '' else ' for role ' || pg_catalog.pg_get_userbyid(r.setrole) end,
  0, 0, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('value', pg_catalog.substr(s.line, pg_catalog.strpos(s.line, '=') + 1))
from pg_catalog.pg_db_role_setting r
join pg_catalog.pg_database d on d.oid = r.setdatabase and d.datname = pg_catalog.current_database()
cross join pg_catalog.unnest(r.setconfig) s (line)
union all
select
  'default privileges',
  (pg_catalog.pg_identify_object(a.tableoid, a.oid, 0)).identity,
  0, 0, 0, null, a.defaclrole, a.defaclacl, a.defaclobjtype, '{}'
from pg_catalog.pg_default_acl a
