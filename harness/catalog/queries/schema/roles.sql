-- Every role of the cluster that is not the server's own.
select
  r.rolname as name,
  r.rolsuper as superuser,
  r.rolbypassrls as "bypassRls",
  r.rolinherit as inherit,
  r.rolcanlogin as login,
  coalesce((
    select pg_catalog.jsonb_agg(distinct pg_catalog.pg_get_userbyid(m.roleid))
    from pg_catalog.pg_auth_members m where m.member = r.oid), '[]') as "memberOf"
from pg_catalog.pg_roles r
where r.rolname !~ '^pg_'
order by 1;
