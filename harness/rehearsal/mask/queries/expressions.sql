-- The SQL that a schema is made of, where strings may be spelled out; extensions' own functions and checks are left out.
with extensions as (
  select classid, objid from pg_catalog.pg_depend where deptype = 'e'
),
spaces as (
  select oid from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),
relations as (
  select c.oid, c.relkind, c.relpartbound
  from pg_catalog.pg_class c
  where c.relnamespace in (select oid from spaces)
    and (('pg_catalog.pg_class'::pg_catalog.regclass)::oid, c.oid) not in (select classid, objid from extensions)
)
select pg_catalog.pg_get_constraintdef(k.oid) as sql
from pg_catalog.pg_constraint k
where k.contype = 'c' and k.connamespace in (select oid from spaces)
  and (k.conrelid in (select oid from relations) or k.contypid <> 0)
union
select pg_catalog.pg_get_expr(e.tree, p.polrelid)
from pg_catalog.pg_policy p cross join lateral (values (p.polqual), (p.polwithcheck)) e (tree)
union
select pg_catalog.pg_get_indexdef(i.indexrelid)
from pg_catalog.pg_index i
where i.indrelid in (select oid from relations) and (i.indpred is not null or i.indexprs is not null)
union
select pg_catalog.pg_get_expr(d.adbin, d.adrelid)
from pg_catalog.pg_attrdef d where d.adrelid in (select oid from relations)
union
select t.typdefault from pg_catalog.pg_type t where t.typtype = 'd' and t.typnamespace in (select oid from spaces)
union
select pg_catalog.pg_get_viewdef(c.oid) from relations c where c.relkind in ('v', 'm')
union
select pg_catalog.pg_get_expr(c.relpartbound, c.oid) from relations c where c.relpartbound is not null
union
select pg_catalog.pg_get_triggerdef(t.oid)
from pg_catalog.pg_trigger t where not t.tgisinternal and t.tgrelid in (select oid from relations)
union
select pg_catalog.pg_get_ruledef(w.oid)
from pg_catalog.pg_rewrite w where w.rulename <> '_RETURN' and w.ev_class in (select oid from relations)
union
select pg_catalog.pg_get_functiondef(f.oid)
from pg_catalog.pg_proc f
where f.prokind in ('f', 'p') and f.pronamespace in (select oid from spaces)
  and (('pg_catalog.pg_proc'::pg_catalog.regclass)::oid, f.oid) not in (select classid, objid from extensions)
order by 1
