-- What belongs to the whole cluster: roles, their memberships and settings, parameter privileges, ALTER SYSTEM.
select
  'role'::text, pg_catalog.quote_ident(r.rolname), 0::oid, 0::oid, 0, null::oid, null::oid, null::aclitem[], null::"char",
  pg_catalog.to_jsonb(r) - '{oid,rolname,rolpassword,rolconfig}'::text[] || pg_catalog.jsonb_build_object(
    'description', pg_catalog.shobj_description(r.oid, 'pg_authid'))
from pg_catalog.pg_roles r where r.oid >= 16384 or r.oid = 10
union all
select
  'membership',
  pg_catalog.format('%I in %I by %I', pg_catalog.pg_get_userbyid(m.member), pg_catalog.pg_get_userbyid(m.roleid),
    pg_catalog.pg_get_userbyid(m.grantor)),
  0, 0, 0, null, null, null, null,
  pg_catalog.to_jsonb(m) - '{oid,roleid,member,grantor}'::text[]
from pg_catalog.pg_auth_members m where m.member >= 16384
union all
select
  'setting',
  pg_catalog.split_part(s.line, '=', 1) || case when r.setrole = 0 then ' of every database'
    else ' for role ' || pg_catalog.pg_get_userbyid(r.setrole) end,
  0, 0, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('value', pg_catalog.substr(s.line, pg_catalog.strpos(s.line, '=') + 1))
from pg_catalog.pg_db_role_setting r
cross join pg_catalog.unnest(r.setconfig) s (line)
where r.setdatabase = 0
union all
select
  'parameter', p.parname, 0, 0, 0, null, 10, p.paracl, 'p', '{}'
from pg_catalog.pg_parameter_acl p
union all
select
  'setting', s.name || ' of the system', 0, 0, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('value', s.setting)
from pg_catalog.pg_settings s
where s.sourcefile ~ 'postgresql\.auto\.conf$'
