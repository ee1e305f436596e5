-- Languages, casts, operators and their classes, collations, conversions, access methods, transforms and text search.
-- The system's own have OIDs below 16384, whatever schema they are in.
select
  null::text, null::text, k.tableoid, k.oid, 0, null::oid, null::oid, null::aclitem[], null::"char",
  pg_catalog.jsonb_build_object('context', k.castcontext, 'method', k.castmethod,
    'function', (nullif(k.castfunc, 0))::pg_catalog.regprocedure::text)
from pg_catalog.pg_cast k where k.oid >= 16384
union all
select
  null, null, o.tableoid, o.oid, 0, null, o.oprowner, null, null,
  pg_catalog.jsonb_build_object('function', o.oprcode::pg_catalog.regprocedure::text,
    'commutator', (nullif(o.oprcom, 0))::pg_catalog.regoperator::text,
    'negator', (nullif(o.oprnegate, 0))::pg_catalog.regoperator::text,
    'restrict', o.oprrest::text, 'join', o.oprjoin::text, 'merges', o.oprcanmerge, 'hashes', o.oprcanhash)
from pg_catalog.pg_operator o where o.oid >= 16384
union all
select
  null, null, f.tableoid, f.oid, 0, null, f.opfowner, null, null,
  pg_catalog.jsonb_build_object(
    'operators', (select pg_catalog.jsonb_agg(pg_catalog.format('%s %s', a.amopstrategy, a.amopopr::pg_catalog.regoperator)
      order by a.amopstrategy, a.amopopr::pg_catalog.regoperator::text) from pg_catalog.pg_amop a where a.amopfamily = f.oid),
    'functions', (select pg_catalog.jsonb_agg(pg_catalog.format('%s %s', a.amprocnum, a.amproc::oid::pg_catalog.regprocedure)
      order by a.amprocnum, a.amproc::text) from pg_catalog.pg_amproc a where a.amprocfamily = f.oid))
from pg_catalog.pg_opfamily f where f.oid >= 16384
union all
select
  null, null, c.tableoid, c.oid, 0, null, c.opcowner, null, null,
  pg_catalog.jsonb_build_object('for', pg_catalog.format_type(c.opcintype, null), 'default', c.opcdefault,
    'stores', pg_catalog.format_type(nullif(c.opckeytype, 0), null),
    'family', (pg_catalog.pg_identify_object('pg_catalog.pg_opfamily'::pg_catalog.regclass, c.opcfamily, 0)).identity)
from pg_catalog.pg_opclass c where c.oid >= 16384
union all
select
  null, null, l.tableoid, l.oid, 0, null, l.collowner, null, null,
  pg_catalog.to_jsonb(l) - '{oid,collname,collnamespace,collowner}'::text[]
from pg_catalog.pg_collation l where l.oid >= 16384
union all
select
  null, null, v.tableoid, v.oid, 0, null, v.conowner, null, null,
  pg_catalog.to_jsonb(v) - '{oid,conname,connamespace,conowner}'::text[]
from pg_catalog.pg_conversion v where v.oid >= 16384
union all
select
  null, null, m.tableoid, m.oid, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('kind', m.amtype, 'handler', m.amhandler::text)
from pg_catalog.pg_am m where m.oid >= 16384
union all
select
  null, null, x.tableoid, x.oid, 0, null, null, null, null,
  pg_catalog.jsonb_build_object('from', x.trffromsql::text, 'to', x.trftosql::text)
from pg_catalog.pg_transform x
union all
select
  null, null, c.tableoid, c.oid, 0, null, c.cfgowner, null, null,
  pg_catalog.jsonb_build_object(
    'parser', (pg_catalog.pg_identify_object('pg_catalog.pg_ts_parser'::pg_catalog.regclass, c.cfgparser, 0)).identity,
    'map', (select pg_catalog.jsonb_agg(pg_catalog.format('%s %s %s', m.maptokentype, m.mapseqno,
        m.mapdict::pg_catalog.regdictionary) order by m.maptokentype, m.mapseqno)
      from pg_catalog.pg_ts_config_map m where m.mapcfg = c.oid))
from pg_catalog.pg_ts_config c where c.oid >= 16384
union all
select
  null, null, d.tableoid, d.oid, 0, null, d.dictowner, null, null,
  pg_catalog.jsonb_build_object('options', d.dictinitoption,
    'template', (pg_catalog.pg_identify_object('pg_catalog.pg_ts_template'::pg_catalog.regclass, d.dicttemplate, 0)).identity)
from pg_catalog.pg_ts_dict d where d.oid >= 16384
union all
select
  null, null, l.tableoid, l.oid, 0, null, l.lanowner, null, null,
  pg_catalog.jsonb_build_object('trusted', l.lanpltrusted)
from pg_catalog.pg_language l where l.oid >= 16384
