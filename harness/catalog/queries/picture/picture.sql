-- The picture: one row an object, named without OIDs, with its facts, owner, comment and privileges.
-- Every other file of this folder answers (kind, name, classid, objid, objsubid, holder, owner, acl, aclkind, facts) and
-- stands where the marker is. kind and name are null where pg_identify_object knows them; holder is the relation that an
-- object belongs to; aclkind is the letter of acldefault, so that an unset list equals its explicit twin.
with objects (kind, name, classid, objid, objsubid, holder, owner, acl, aclkind, facts) as (
  /* objects */
),
members as (
  select d.classid, d.objid from pg_catalog.pg_depend d where d.deptype = 'e'
)
select
  coalesce(o.kind, pg_catalog.regexp_replace(i.type, '^(table|foreign table|view|materialized view) (column|constraint)$', '\2'))
    as kind,
  -- `f(text)`, not `f(pg_catalog.text)`: a type of the system's needs no schema among arguments.
  pg_catalog.regexp_replace(coalesce(o.name, i.identity), '(?<=[(,])pg_catalog\.', '', 'g') as name,
  case when o.holder is not null then h.type || ' ' || h.identity end as holder,
  pg_catalog.jsonb_strip_nulls(o.facts || pg_catalog.jsonb_build_object(
    'owner', case when o.owner is not null then pg_catalog.pg_get_userbyid(o.owner) end,
    'comment', case when o.objid <> 0 then c.description end)) || coalesce(p.privileges, '{}') as facts
from objects o
cross join lateral pg_catalog.pg_identify_object(nullif(o.classid, 0), o.objid, o.objsubid) i
left join lateral pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, o.holder, 0) h
  on o.holder is not null
left join pg_catalog.pg_description c
  on c.classoid = o.classid and c.objoid = o.objid and c.objsubid = o.objsubid
left join lateral (
  select pg_catalog.jsonb_object_agg('privileges of ' || g.grantee, g.held) as privileges
  from (
    select
      case x.grantee when 0 then 'public' else pg_catalog.pg_get_userbyid(x.grantee) end as grantee,
      pg_catalog.jsonb_agg(x.privilege_type
        || case when x.is_grantable then ' with grant option' else '' end
        || case when x.grantor <> o.owner then ' by ' || pg_catalog.pg_get_userbyid(x.grantor) else '' end
        order by x.privilege_type, x.grantor) as held
    from pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.aclkind, o.owner))) x
    group by 1
  ) g
) p on o.aclkind is not null
where not exists (select from members m where m.classid = o.classid and m.objid = o.objid)
  -- Of an extension's table, policies and triggers are the project's own; the rest is the extension's.
  and (o.classid in ('pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass)
    or not exists (
      select from members m
      where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.objid = o.holder))
order by 1, 2
