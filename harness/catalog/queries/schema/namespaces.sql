-- Schemas outside the system's, and who may use them or create in them.
-- $1 text[]: schemas, null for all; $2 text[]: roles, which exist, or `public`.
select
  n.nspname as name,
  pg_catalog.pg_get_userbyid(n.nspowner) as owner,
  coalesce((
    select pg_catalog.jsonb_agg(r.role order by r.place)
    from pg_catalog.unnest($2::text[]) with ordinality r (role, place)
    where pg_catalog.has_schema_privilege(r.role, n.oid, 'USAGE')), '[]') as "usableBy",
  coalesce((
    select pg_catalog.jsonb_agg(r.role order by r.place)
    from pg_catalog.unnest($2::text[]) with ordinality r (role, place)
    where pg_catalog.has_schema_privilege(r.role, n.oid, 'CREATE')), '[]') as "creatableBy"
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and ($1::text[] is null or n.nspname = any ($1))
order by 1;
