-- processed_webhook_events: from one key for all, UNIQUE (event_id), to one for each organization,
-- UNIQUE (org_id, event_id), under traffic. The table is the application's; its shape may vary (see part 1).
--
-- Parts, each a transaction of its own, and each a no-op when it was done before. When one fails, the earlier ones stay
-- and are harmless: run the file again, or roll it back. The later ones then refuse.
--   1  column, foreign key (not validated), triggers, orphans table            ACCESS EXCLUSIVE, no scan
--   2  backfill: by call_log, by call, by vapi_call_id; the rest to orphans    row locks of one batch
--   3  check org_id is not null (not validated)                                ACCESS EXCLUSIVE, no scan
--   4  validate the check and the foreign key                                  SHARE UPDATE EXCLUSIVE, scans
--   5  indexes, of a small table                                               SHARE: writers wait, readers do not
--   6  not null, new key, without the old one                                  ACCESS EXCLUSIVE, no scan
-- A strong lock is waited for 200 ms at a time: whoever comes meanwhile queues behind it, and no longer than that.
-- Part 5 would hold up the writers of a large table for seconds. CREATE INDEX CONCURRENTLY does not, but cannot stand
-- here: a file that is sent whole may not hold it, nor may a block run it. So where there are more than 100,000 rows,
-- part 5 stops and says what to run by hand:
--   create unique index concurrently uq_processed_webhook_events_org_event
--     on public.processed_webhook_events (org_id, event_id);
--   create index concurrently idx_processed_webhook_events_event_id on public.processed_webhook_events (event_id);
-- and this file, run again, goes on from there. Whose writers can wait says so beforehand, and it builds them itself:
--   set tenantproof.allow_write_pause = 'on';
-- The second one serves whoever goes on looking an event up without its organization, as the old key did.
-- Sent whole as one query, part 2 cannot commit its batches: it then holds its row locks to its end, and nothing more.
-- statement_timeout is lifted for the session, since part 2 is one statement, and put back in the end.
--
-- requires: 20250110_create_organizations_table_foundation
-- requires: 20250110_create_org_id_immutability_triggers
-- requires: 20250110_create_auth_org_id_function
-- changes data: public.processed_webhook_events, because events of no one tenant move to its _orphans table
-- transaction: own

-- Part 1
begin;
set local lock_timeout = '200ms';
set local search_path = '';
-- Whoever row level security binds gets an error, not a part of the rows.
set local row_security = off;

do $precondition$
declare
  elsewhere text;
  found text;
begin
  if pg_catalog.to_regclass('public.organizations') is null then
    raise exception 'run 20250110_create_organizations_table_foundation.sql first: '
      'public.organizations does not exist';
  end if;
  if pg_catalog.to_regprocedure('public.prevent_org_id_change()') is null then
    raise exception 'run 20250110_create_org_id_immutability_triggers.sql first: '
      'function public.prevent_org_id_change() does not exist';
  end if;
  if pg_catalog.to_regprocedure('public.auth_org_id()') is null then
    raise exception 'run 20250110_create_auth_org_id_function.sql first: '
      'function public.auth_org_id() does not exist';
  end if;

  select pg_catalog.string_agg(pg_catalog.format('%I.%I', namespace.nspname, type.typname), ', ')
  into elsewhere
  from pg_catalog.pg_type as type
  join pg_catalog.pg_namespace as namespace on namespace.oid = type.typnamespace
  where type.typname in ('processed_webhook_events_orphans')
    and namespace.nspname not in ('public', 'information_schema')
    and namespace.nspname !~ '^pg_';
  if elsewhere is not null then
    raise exception 'the name is taken in another schema: %', elsewhere
      using hint = 'Whoever writes it without a schema would reach one or the other. Rename it first.';
  end if;

  if pg_catalog.to_regclass('public.processed_webhook_events') is null then
    raise exception 'public.processed_webhook_events does not exist'
      using hint = 'It is the application''s, with a unique event_id. Run the migration that creates it first.';
  end if;
  select 'public.processed_webhook_events is not an ordinary table' into found
  from pg_catalog.pg_class as class
  where class.oid = 'public.processed_webhook_events'::pg_catalog.regclass and class.relkind <> 'r';
  if found is not null then
    raise exception '%', found;
  end if;
  if not exists (
    select from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and attribute.attname = 'event_id' and not attribute.attisdropped
  ) then
    raise exception 'public.processed_webhook_events has no column event_id';
  end if;

  -- From here on: only what matters before the first run.
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is not null then
    if pg_catalog.obj_description('public.processed_webhook_events_orphans'::pg_catalog.regclass, 'pg_class')
      !~ '\n\{.*\}$'
    then
      found := 'its comment does not say what was there before';
    end if;
    select pg_catalog.string_agg(wanted.name || ' is ' || coalesce(
      pg_catalog.format_type(attribute.atttypid, attribute.atttypmod), 'missing') || ', expected ' || wanted.type, '; ')
    into elsewhere
    from (values ('event_id', null), ('orphan_reason', 'text'), ('orphaned_at', 'timestamp with time zone'))
      as wanted (name, type)
    left join pg_catalog.pg_attribute as attribute
      on attribute.attrelid = 'public.processed_webhook_events_orphans'::pg_catalog.regclass
      and attribute.attname = wanted.name and not attribute.attisdropped
    where attribute.attname is null
      or pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) <> wanted.type;
    if coalesce(found, elsewhere) is not null
      or pg_catalog.obj_description('public.processed_webhook_events_orphans'::pg_catalog.regclass, 'pg_class') is null
    then
      raise exception 'public.processed_webhook_events_orphans exists with another shape: %',
        coalesce(elsewhere, found, 'it has no comment')
        using hint = 'It is not of this migration. Rename it, then run this file again. Nothing was changed.';
    end if;
    return;
  end if;

  select pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) into found
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
    and attribute.attname in ('org_id', 'orphan_reason', 'orphaned_at') and not attribute.attisdropped;
  if found is not null then
    raise exception 'public.processed_webhook_events already has org_id, orphan_reason or orphaned_at, of type %, '
      'which this migration did not add', found
      using hint = 'Rename the column, then run this file again. Nothing was changed.';
  end if;

  -- What cannot be matched is moved away. With somebody pointing at it, that would fail, or take more along.
  select pg_catalog.string_agg(pg_catalog.format('%s of %s', con.conname, con.conrelid::pg_catalog.regclass), ', ')
  into found
  from pg_catalog.pg_constraint as con
  where con.contype = 'f' and con.confrelid = 'public.processed_webhook_events'::pg_catalog.regclass;
  if found is not null then
    raise exception 'foreign keys point at public.processed_webhook_events: %', found
      using hint = 'Drop them, run this file, and create them again on (org_id, event_id) or on another key.';
  end if;

  -- The backfill must leave the old columns as they are, so triggers of the application must not see it.
  select pg_catalog.string_agg(trig.tgname, ', ' order by trig.tgname)
  into found
  from pg_catalog.pg_trigger as trig
  where trig.tgrelid = 'public.processed_webhook_events'::pg_catalog.regclass
    and not trig.tgisinternal
    and trig.tgtype & 24 <> 0 -- update or delete
    and (
      trig.tgenabled in ('A', 'R')
      or trig.tgenabled = 'O'
        and not pg_catalog.has_parameter_privilege(current_user, 'session_replication_role', 'SET')
    );
  if found is not null then
    raise exception 'triggers of public.processed_webhook_events would fire for every row of the backfill: %', found
      using hint = 'Disable them while this file runs (alter table ... disable trigger ...).';
  end if;
end
$precondition$;

do $duplicates$
declare
  uuid_text constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  nothing constant text := 'select null::pg_catalog.tid as event_row, 0 as part, null::uuid as org_id where false';
  links text;
  candidates text;
  total bigint;
  listed text;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is not null
    or exists (
      select from pg_catalog.pg_index as index
      where index.indrelid = 'public.processed_webhook_events'::pg_catalog.regclass
        and index.indisunique and index.indisvalid and index.indpred is null
        and index.indnkeyatts = 1
        and index.indkey[0] = (
          select attribute.attnum from pg_catalog.pg_attribute as attribute
          where attribute.attrelid = index.indrelid and attribute.attname = 'event_id'
        )
    )
  then
    return;
  end if;

  -- An event finds its calls by whichever link columns and call tables there are. A text that should be a uuid is
  -- cast only when it is spelled as one. An empty text names no call, although there may be calls that have it too.
  select
    pg_catalog.string_agg(distinct pg_catalog.format('%1$s.%2$I as %2$I', 'event', way.link), ', '),
    pg_catalog.string_agg(way.query, ' union all ' order by way.part, way.call_table)
  into links, candidates
  from (
    select path.part, path.link, path.call_table,
      pg_catalog.format(
        'select batch.event_row, %s as part, %s as org_id from batch join public.%I as call on %s = %s',
        path.part,
        case
          when org.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype then 'call.org_id'
          else pg_catalog.format('case when call.org_id::text ~* %L then call.org_id::text::uuid end', uuid_text)
        end,
        path.call_table,
        -- The call's side stays bare wherever it can, for its index.
        pg_catalog.format(
          case when link.atttypid = key.atttypid or key_type.typname in ('uuid', 'text', 'varchar') then 'call.%I'
            else 'call.%I::text' end,
          path.call_key),
        case
          when link.atttypid = key.atttypid and key_type.typname not in ('text', 'varchar') then
            pg_catalog.format('batch.%I', path.link)
          when key_type.typname = 'uuid' then
            pg_catalog.format(
              'case when batch.%1$I::text ~* %2$L then batch.%1$I::text::uuid end', path.link, uuid_text)
          else pg_catalog.format('nullif(batch.%I::text, %L)', path.link, '')
        end) as query
    from (
      values
        (1, 'call_log_id', 'call_logs', 'id'),
        (2, 'call_id', 'calls', 'id'),
        (3, 'vapi_call_id', 'call_logs', 'vapi_call_id'),
        (3, 'vapi_call_id', 'calls', 'vapi_call_id')
    ) as path (part, link, call_table, call_key)
    join pg_catalog.pg_attribute as link
      on link.attrelid = pg_catalog.to_regclass('public.processed_webhook_events')
      and link.attname = path.link and not link.attisdropped
    join pg_catalog.pg_attribute as key
      on key.attrelid = pg_catalog.to_regclass('public.' || path.call_table)
      and key.attname = path.call_key and not key.attisdropped
    join pg_catalog.pg_type as key_type on key_type.oid = key.atttypid
    join pg_catalog.pg_attribute as org
      on org.attrelid = key.attrelid and org.attname = 'org_id' and not org.attisdropped
  ) as way;
  links := coalesce(', ' || links, '');
  candidates := coalesce(candidates, nothing);

  execute pg_catalog.format($query$
    with batch as (
      select event.ctid as event_row %s from public.processed_webhook_events as event
    ),
    candidate as (%s),
    resolution as (
      select candidate.event_row, pg_catalog.array_agg(distinct candidate.org_id) as tenants
      from candidate
      where candidate.org_id is not null
      group by candidate.event_row
    ),
    duplicate as (
      select resolution.tenants[1] as org_id, event.event_id::text as event_id, pg_catalog.count(*) as times
      from resolution
      join public.processed_webhook_events as event on event.ctid = resolution.event_row
      -- Those of an organization that is not there become orphans, which no key binds.
      join public.organizations as organization on organization.id = resolution.tenants[1]
      where pg_catalog.cardinality(resolution.tenants) = 1 and event.event_id is not null
      group by 1, 2
      having pg_catalog.count(*) > 1
    )
    select
      (select pg_catalog.count(*) from duplicate),
      (
        select pg_catalog.string_agg(
          pg_catalog.format('%%s (%%s times, organization %%s)', shown.event_id, shown.times, shown.org_id), ', '
          order by shown.event_id)
        from (select * from duplicate order by duplicate.event_id limit 20) as shown
      )
  $query$, links, candidates)
  into total, listed;

  if total > 0 then
    raise exception '% event_id(s) stand more than once in one organization: %', total, listed
      using errcode = 'unique_violation',
        hint = 'Delete all but one row of each (at most 20 are listed), then run this file again. Nothing was changed.';
  end if;
end
$duplicates$;

-- The trigger that finds the organization of an event that comes without one, and sees that an event with one points
-- to no call of another. Its text depends on which link columns and call tables there are.
do $function$
declare
  uuid_text constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  nothing constant text := 'select null::pg_catalog.tid as event_row, 0 as part, null::uuid as org_id where false';
  links text;
  candidates text;
  pointed text;
begin
  -- An event finds its calls by whichever link columns and call tables there are. A text that should be a uuid is
  -- cast only when it is spelled as one. An empty text names no call, although there may be calls that have it too.
  select
    pg_catalog.string_agg(distinct pg_catalog.format('%1$s.%2$I as %2$I', 'new', way.link), ', '),
    pg_catalog.string_agg(way.query, ' union all ' order by way.part, way.call_table),
    -- A vapi_call_id is a hint; the other two point to a row.
    pg_catalog.string_agg(way.query, ' union all ' order by way.part, way.call_table) filter (where way.part < 3)
  into links, candidates, pointed
  from (
    select path.part, path.link, path.call_table,
      pg_catalog.format(
        'select batch.event_row, %s as part, %s as org_id from batch join public.%I as call on %s = %s',
        path.part,
        case
          when org.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype then 'call.org_id'
          else pg_catalog.format('case when call.org_id::text ~* %L then call.org_id::text::uuid end', uuid_text)
        end,
        path.call_table,
        -- The call's side stays bare wherever it can, for its index.
        pg_catalog.format(
          case when link.atttypid = key.atttypid or key_type.typname in ('uuid', 'text', 'varchar') then 'call.%I'
            else 'call.%I::text' end,
          path.call_key),
        case
          when link.atttypid = key.atttypid and key_type.typname not in ('text', 'varchar') then
            pg_catalog.format('batch.%I', path.link)
          when key_type.typname = 'uuid' then
            pg_catalog.format(
              'case when batch.%1$I::text ~* %2$L then batch.%1$I::text::uuid end', path.link, uuid_text)
          else pg_catalog.format('nullif(batch.%I::text, %L)', path.link, '')
        end) as query
    from (
      values
        (1, 'call_log_id', 'call_logs', 'id'),
        (2, 'call_id', 'calls', 'id'),
        (3, 'vapi_call_id', 'call_logs', 'vapi_call_id'),
        (3, 'vapi_call_id', 'calls', 'vapi_call_id')
    ) as path (part, link, call_table, call_key)
    join pg_catalog.pg_attribute as link
      on link.attrelid = pg_catalog.to_regclass('public.processed_webhook_events')
      and link.attname = path.link and not link.attisdropped
    join pg_catalog.pg_attribute as key
      on key.attrelid = pg_catalog.to_regclass('public.' || path.call_table)
      and key.attname = path.call_key and not key.attisdropped
    join pg_catalog.pg_type as key_type on key_type.oid = key.atttypid
    join pg_catalog.pg_attribute as org
      on org.attrelid = key.attrelid and org.attname = 'org_id' and not org.attisdropped
  ) as way;
  links := coalesce(', ' || links, '');
  candidates := coalesce(candidates, nothing);
  pointed := coalesce(pointed, nothing);

  execute pg_catalog.format($create$
create or replace function public.match_webhook_event_org_id() returns trigger
language plpgsql
security definer
set search_path = ''
set row_security = off
as $body$
declare
  tenants uuid[];
begin
  if new.org_id is not null then
    with batch as (
      select null::pg_catalog.tid as event_row %1$s
    ),
    candidate as (%3$s)
    select pg_catalog.array_agg(candidate.org_id)
    into tenants
    from candidate
    where candidate.org_id <> new.org_id;

    if tenants is not null then
      raise exception 'the call of the event does not belong to its organization'
        using errcode = 'foreign_key_violation', schema = tg_table_schema, table = tg_table_name, column = 'org_id';
    end if;
    return new;
  end if;

  with batch as (
    select null::pg_catalog.tid as event_row %1$s
  ),
  candidate as (%2$s)
  select pg_catalog.array_agg(distinct candidate.org_id)
  into tenants
  from candidate
  where candidate.org_id is not null;

  if pg_catalog.cardinality(tenants) = 1 then
    new.org_id := tenants[1];
    return new;
  end if;
  -- An update that leaves org_id as empty as it was: a row that the backfill has not come to yet.
  if tg_op = 'UPDATE' then
    return new;
  end if;
  raise exception 'org_id was not given and cannot be found: the event matches %%',
    case when tenants is null then 'no call of an organization' else 'calls of more than one organization' end
    using errcode = 'not_null_violation', schema = tg_table_schema, table = tg_table_name, column = 'org_id',
      hint = 'Give org_id, or store the call first.';
end
$body$
$create$, links, candidates, pointed);
end
$function$;

revoke all on function public.match_webhook_event_org_id() from public, anon, authenticated, service_role;

comment on function public.match_webhook_event_org_id() is
  'Trigger function: gives an event without org_id that of its call, or fails when there is none, or more than one; '
  'refuses an event that points to a call of another organization.';

do $create$
declare
  before jsonb;
  revoked record;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is not null then
    return;
  end if;

  -- Waiting for a lock queues everybody else behind: short waits, many times, instead of one long one.
  for attempt in 1..30 loop
    begin
      -- The foreign key needs it, and it is the busier of the two.
      lock table public.organizations in share row exclusive mode;
      lock table public.processed_webhook_events in access exclusive mode;
      exit;
    exception when lock_not_available then
      if attempt = 30 then
        raise;
      end if;
    end;
    perform pg_catalog.pg_sleep(0.02 * attempt);
  end loop;

  -- Everything the rollback must restore and could not know.
  select pg_catalog.jsonb_build_object(
    'row_security', class.relrowsecurity,
    'look_up', pg_catalog.to_regclass('public.idx_processed_webhook_events_event_id') is not null,
    'replica_identity', class.relreplident,
    'grants', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'grantee', case held.grantee when 0 then 'public' else held.grantee::pg_catalog.regrole::text end,
        'privilege', held.privilege_type,
        'grantable', held.is_grantable,
        'column', granted.name)), '[]')
      from (
        select null as name, class.relacl as acl
        union all
        select pg_catalog.quote_ident(attribute.attname), attribute.attacl
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and not attribute.attisdropped
      ) as granted
      cross join lateral pg_catalog.aclexplode(granted.acl) as held
      where held.grantee = 0
        or held.grantee::pg_catalog.regrole::text in ('anon', 'authenticated')
    ),
    'keys', (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'name', index_class.relname,
        'index', pg_catalog.pg_get_indexdef(index.indexrelid),
        'index_comment', pg_catalog.obj_description(index.indexrelid, 'pg_class'),
        'clustered', index.indisclustered,
        'replica_identity', index.indisreplident,
        'constraint', pg_catalog.pg_get_constraintdef(con.oid),
        'constraint_comment', pg_catalog.obj_description(con.oid, 'pg_constraint'))
        order by index_class.relname), '[]')
      from pg_catalog.pg_index as index
      join pg_catalog.pg_class as index_class on index_class.oid = index.indexrelid
      left join pg_catalog.pg_constraint as con
        on con.conindid = index.indexrelid and con.contype in ('p', 'u')
      where index.indrelid = class.oid and index.indisunique
        -- On event_id alone, as a column or in an expression.
        and (
          select pg_catalog.array_agg(distinct attribute.attname::text)
          from pg_catalog.pg_attribute as attribute
          where attribute.attrelid = class.oid
            and (
              attribute.attnum = any (index.indkey[0:index.indnkeyatts - 1])
              or 0 = any (index.indkey[0:index.indnkeyatts - 1])
              and exists (
                select from pg_catalog.pg_depend as needed
                where needed.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                  and needed.objid = index.indexrelid
                  and needed.refobjid = class.oid and needed.refobjsubid = attribute.attnum
              )
            )
        ) = '{event_id}'
    ))
  into before
  from pg_catalog.pg_class as class
  where class.oid = 'public.processed_webhook_events'::pg_catalog.regclass;

  create table public.processed_webhook_events_orphans (
    like public.processed_webhook_events,
    orphan_reason text not null,
    orphaned_at timestamptz not null default now()
  );
  create index idx_processed_webhook_events_orphans_event_id on public.processed_webhook_events_orphans (event_id);
  alter table public.processed_webhook_events_orphans enable row level security;
  revoke all on table public.processed_webhook_events_orphans from public, anon, authenticated, service_role;
  grant select on table public.processed_webhook_events_orphans to service_role;
  -- No org_id here: that there is none is why a row is here.
  execute pg_catalog.format('comment on table public.processed_webhook_events_orphans is %L',
    'Events whose organization could not be found, as they were, with the reason and the time. For the service. '
    'Below: what the rollback of 20250110_add_org_id_to_processed_webhook_events restores.' || e'\n' || before::text);

  alter table public.processed_webhook_events add column org_id uuid;
  alter table public.processed_webhook_events
    add constraint fk_processed_webhook_events_org_id
    foreign key (org_id) references public.organizations (id) on delete cascade not valid;
  comment on column public.processed_webhook_events.org_id is
    'The organization of the event''s call. Left out of an insert, it is found as the migration found it.';

  execute pg_catalog.format(
    'create trigger trg_processed_webhook_events_match_org_id before insert%s on public.processed_webhook_events '
    'for each row execute function public.match_webhook_event_org_id()',
    (
      select ' or update of ' || pg_catalog.string_agg(attribute.attname, ', ' order by attribute.attnum)
      from pg_catalog.pg_attribute as attribute
      where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
        and attribute.attname in ('call_log_id', 'call_id') and not attribute.attisdropped
    ));
  create trigger trg_processed_webhook_events_org_id_immutable
    before update on public.processed_webhook_events
    for each row execute function public.prevent_org_id_change();
  -- Also when session_replication_role would skip triggers.
  alter table public.processed_webhook_events enable always trigger trg_processed_webhook_events_org_id_immutable;

  -- For the service only. Not forced: the application may well write as the owner. What is right already is left as
  -- it is, so that the rollback need not touch it either.
  if not (before ->> 'row_security')::boolean then
    alter table public.processed_webhook_events enable row level security;
  end if;
  for revoked in
    select distinct entry ->> 'grantee' as grantee
    from pg_catalog.jsonb_array_elements(before -> 'grants') as entry
  loop
    execute pg_catalog.format('revoke all on table public.processed_webhook_events from %s', revoked.grantee);
  end loop;
  if pg_catalog.has_table_privilege('anon', 'public.processed_webhook_events',
      'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    or pg_catalog.has_table_privilege('authenticated', 'public.processed_webhook_events',
      'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
  then
    raise exception 'anon or authenticated still reach public.processed_webhook_events, by a grant that % '
      'cannot revoke', current_user;
  end if;
end
$create$;

-- The backfill is one statement, and a long one.
do $timeout$
begin
  perform pg_catalog.set_config(
    'tenantproof.statement_timeout', pg_catalog.current_setting('statement_timeout'), false);
  perform pg_catalog.set_config('statement_timeout', '0', false);
end
$timeout$;

commit;

-- Part 2
do $backfill$
declare
  uuid_text constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  nothing constant text := 'select null::pg_catalog.tid as event_row, 0 as part, null::uuid as org_id where false';
  -- Who writes to a row of the batch waits for its end.
  blocks_a_batch constant integer := 16;
  passes constant integer := 20;
  may_commit boolean;
  commit_refusal text;
  rollback_refusal text;
  replication_role text := pg_catalog.current_setting('session_replication_role');
  links text;
  candidates text;
  columns text;
  batch text;
  blocks bigint;
  block bigint;
  filled bigint[];
  total bigint[] := array[0, 0, 0, 0];
  begun timestamptz := pg_catalog.clock_timestamp();
  wal_begun pg_catalog.pg_lsn := pg_catalog.pg_current_wal_insert_lsn();
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null
    or pg_catalog.obj_description(pg_catalog.to_regclass('public.processed_webhook_events_orphans'), 'pg_class')
      !~ '\n\{.*\}$'
  then
    raise exception 'part 1 did not complete; nothing was changed. Run this file again from its beginning';
  end if;
  if exists (
    select from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and attribute.attname = 'org_id' and attribute.attnotnull
  ) then
    return;
  end if;

  -- May this block commit? Inside a transaction both attempts are refused for the same reason; outside, each because
  -- of the block it stands in. So the texts differ exactly when committing is allowed, in any language.
  begin
    commit;
  exception when invalid_transaction_termination then
    commit_refusal := sqlerrm;
  end;
  begin
    rollback;
  exception when invalid_transaction_termination then
    rollback_refusal := sqlerrm;
  end;
  may_commit := commit_refusal <> rollback_refusal;

  -- An event finds its calls by whichever link columns and call tables there are. A text that should be a uuid is
  -- cast only when it is spelled as one. An empty text names no call, although there may be calls that have it too.
  select
    pg_catalog.string_agg(distinct pg_catalog.format('%1$s.%2$I as %2$I', 'event', way.link), ', '),
    pg_catalog.string_agg(way.query, ' union all ' order by way.part, way.call_table)
  into links, candidates
  from (
    select path.part, path.link, path.call_table,
      pg_catalog.format(
        'select batch.event_row, %s as part, %s as org_id from batch join public.%I as call on %s = %s',
        path.part,
        case
          when org.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype then 'call.org_id'
          else pg_catalog.format('case when call.org_id::text ~* %L then call.org_id::text::uuid end', uuid_text)
        end,
        path.call_table,
        -- The call's side stays bare wherever it can, for its index.
        pg_catalog.format(
          case when link.atttypid = key.atttypid or key_type.typname in ('uuid', 'text', 'varchar') then 'call.%I'
            else 'call.%I::text' end,
          path.call_key),
        case
          when link.atttypid = key.atttypid and key_type.typname not in ('text', 'varchar') then
            pg_catalog.format('batch.%I', path.link)
          when key_type.typname = 'uuid' then
            pg_catalog.format(
              'case when batch.%1$I::text ~* %2$L then batch.%1$I::text::uuid end', path.link, uuid_text)
          else pg_catalog.format('nullif(batch.%I::text, %L)', path.link, '')
        end) as query
    from (
      values
        (1, 'call_log_id', 'call_logs', 'id'),
        (2, 'call_id', 'calls', 'id'),
        (3, 'vapi_call_id', 'call_logs', 'vapi_call_id'),
        (3, 'vapi_call_id', 'calls', 'vapi_call_id')
    ) as path (part, link, call_table, call_key)
    join pg_catalog.pg_attribute as link
      on link.attrelid = pg_catalog.to_regclass('public.processed_webhook_events')
      and link.attname = path.link and not link.attisdropped
    join pg_catalog.pg_attribute as key
      on key.attrelid = pg_catalog.to_regclass('public.' || path.call_table)
      and key.attname = path.call_key and not key.attisdropped
    join pg_catalog.pg_type as key_type on key_type.oid = key.atttypid
    join pg_catalog.pg_attribute as org
      on org.attrelid = key.attrelid and org.attname = 'org_id' and not org.attisdropped
  ) as way;
  links := coalesce(', ' || links, '');
  candidates := coalesce(candidates, nothing);

  select pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' order by attribute.attnum)
  into columns
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
    and attribute.attnum > 0 and not attribute.attisdropped and attribute.attname <> 'org_id';

  -- Calls of one organization, however found: that is it. Calls of none, or of two: nothing is guessed.
  batch := pg_catalog.format($query$
    with batch as (
      select event.ctid as event_row %1$s
      from public.processed_webhook_events as event
      where event.ctid >= $1 and event.ctid < $2
        -- Not a plain condition: the planner would take the rows for few, by statistics that this very loop outdates.
        and case when event.org_id is null then true end
    ),
    candidate as (
      select batch.event_row, null::integer as part, null::uuid as org_id from batch
      union all
      %2$s
    ),
    resolution as (
      select candidate.event_row,
        pg_catalog.min(candidate.part) filter (where candidate.org_id is not null) as part,
        pg_catalog.count(candidate.part) as calls,
        pg_catalog.array_agg(distinct candidate.org_id) filter (where candidate.org_id is not null) as tenants
      from candidate
      group by candidate.event_row
    ),
    verdict as (
      select resolution.event_row, resolution.part, resolution.tenants[1] as org_id,
        case
          when resolution.calls = 0 then 'matches no call'
          when resolution.tenants is null then 'its call has no organization'
          when pg_catalog.cardinality(resolution.tenants) > 1 then 'matches calls of more than one organization'
          when organization.id is null then 'the organization of its call does not exist'
        end as reason
      from resolution
      left join public.organizations as organization on organization.id = resolution.tenants[1]
    ),
    filled as (
      update public.processed_webhook_events as event
      set org_id = verdict.org_id
      from verdict
      where event.ctid >= $1 and event.ctid < $2
        and event.ctid = verdict.event_row and verdict.reason is null and event.org_id is null
      returning verdict.part
    ),
    removed as (
      delete from public.processed_webhook_events as event
      using verdict
      where event.ctid >= $1 and event.ctid < $2
        and event.ctid = verdict.event_row and verdict.reason is not null and event.org_id is null
      returning event.*, verdict.reason as orphan_reason
    ),
    kept as (
      insert into public.processed_webhook_events_orphans (%3$s, orphan_reason)
      select %3$s, orphan_reason from removed
      returning 1
    )
    select array[
      (select pg_catalog.count(*) from filled where filled.part = 1),
      (select pg_catalog.count(*) from filled where filled.part = 2),
      (select pg_catalog.count(*) from filled where filled.part = 3),
      (select pg_catalog.count(*) from kept)]
  $query$, links, candidates, columns);

  if exists (
    select from pg_catalog.pg_trigger as trig
    where trig.tgrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and not trig.tgisinternal and trig.tgtype & 24 <> 0 and trig.tgenabled = 'O'
  ) then
    replication_role := 'replica';
  end if;

  for pass in 1..passes loop
    blocks := pg_catalog.pg_relation_size('public.processed_webhook_events'::pg_catalog.regclass)
      / pg_catalog.current_setting('block_size')::bigint;
    block := 0;
    while block < blocks loop
      perform pg_catalog.set_config('search_path', '', true), pg_catalog.set_config('row_security', 'off', true),
        pg_catalog.set_config('lock_timeout', '2s', true),
        -- A batch is small beside its calls: where their keys have an index, it beats reading all calls every time.
        pg_catalog.set_config('random_page_cost', '1.1', true);
      if replication_role <> pg_catalog.current_setting('session_replication_role') then
        perform pg_catalog.set_config('session_replication_role', replication_role, true);
      end if;
      begin
        execute batch into filled
        using pg_catalog.format('(%s,0)', block)::pg_catalog.tid,
          pg_catalog.format('(%s,0)', block + blocks_a_batch)::pg_catalog.tid;
        for part in 1..4 loop
          total[part] := total[part] + filled[part];
        end loop;
      exception when lock_not_available or deadlock_detected or serialization_failure then
        null; -- The traffic was first. The next pass comes back to these rows.
      end;
      if may_commit then
        commit;
      end if;
      block := block + blocks_a_batch;
    end loop;

    exit when not exists (select from public.processed_webhook_events as event where event.org_id is null);
    if pass = passes then
      raise exception 'rows of public.processed_webhook_events stay locked or keep coming; run this file again later';
    end if;
    perform pg_catalog.pg_sleep(0.1 * pass);
  end loop;

  if total <> array[0, 0, 0, 0]::bigint[] then
    raise notice 'backfill part 1, by call_log: % rows', total[1];
    raise notice 'backfill part 2, by call: % rows', total[2];
    raise notice 'backfill part 3, by vapi_call_id: % rows', total[3];
    raise notice 'moved to processed_webhook_events_orphans: % rows', total[4];
    raise notice 'backfill took % s and wrote % of WAL',
      pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - begun), 1),
      pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), wal_begun));
  end if;
end
$backfill$;

-- Sent whole, the block above is part of whatever transaction comes next. This is it, so that part 3 begins afresh.
begin;
commit;

-- Part 3
begin;
set local lock_timeout = '200ms';
set local search_path = '';
set local row_security = off;

do $check$
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    raise exception 'part 1 did not complete; nothing was changed. Run this file again from its beginning';
  end if;
  if exists (
    select from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and attribute.attname = 'org_id' and attribute.attnotnull
  ) or exists (
    select from pg_catalog.pg_constraint as con
    where con.conrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and con.conname = 'chk_processed_webhook_events_org_id'
  ) then
    return;
  end if;
  -- The check binds from now on also whoever updates an old row, so there must be none left without.
  if exists (select from public.processed_webhook_events as event where event.org_id is null) then
    raise exception 'part 2, the backfill, did not complete. Run this file again from its beginning';
  end if;

  -- Waiting for a lock queues everybody else behind: short waits, many times, instead of one long one.
  for attempt in 1..30 loop
    begin
      lock table public.processed_webhook_events in access exclusive mode;
      exit;
    exception when lock_not_available then
      if attempt = 30 then
        raise;
      end if;
    end;
    perform pg_catalog.pg_sleep(0.02 * attempt);
  end loop;

  alter table public.processed_webhook_events
    add constraint chk_processed_webhook_events_org_id check (org_id is not null) not valid;
end
$check$;

commit;

-- Part 4
begin;
set local lock_timeout = '5s';
set local search_path = '';

do $validate$
declare
  pending record;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    raise exception 'part 1 did not complete; nothing was changed. Run this file again from its beginning';
  end if;
  for pending in
    select con.conname
    from pg_catalog.pg_constraint as con
    where con.conrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and con.conname in ('chk_processed_webhook_events_org_id', 'fk_processed_webhook_events_org_id')
      and not con.convalidated
    order by con.conname
  loop
    execute pg_catalog.format('alter table public.processed_webhook_events validate constraint %I', pending.conname);
  end loop;
end
$validate$;

commit;

-- Part 5
begin;
set local lock_timeout = '200ms';
set local search_path = '';
set local maintenance_work_mem = '256MB';

do $index$
declare
  writers_can_wait_for constant integer := 100000;
  missing text[] := array[
    'create unique index uq_processed_webhook_events_org_event on public.processed_webhook_events (org_id, event_id)'
  ];
  command text;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    raise exception 'part 1 did not complete; nothing was changed. Run this file again from its beginning';
  end if;
  if pg_catalog.to_regclass('public.uq_processed_webhook_events_org_event') is not null then
    missing := '{}';
  end if;
  -- Any index that begins with event_id will do, but for those that go with the old key.
  if not exists (
    select from pg_catalog.pg_index as index
    join pg_catalog.pg_attribute as attribute
      on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
    where index.indrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and attribute.attname = 'event_id' and index.indpred is null and index.indisvalid
      and not (index.indisunique and index.indnkeyatts = 1)
  ) then
    missing := missing
      || 'create index idx_processed_webhook_events_event_id on public.processed_webhook_events (event_id)'::text;
  end if;
  if missing = '{}' then
    return;
  end if;
  if lower(coalesce(pg_catalog.current_setting('tenantproof.allow_write_pause', true), ''))
      not in ('on', 'true', 'yes', '1')
    and (
      select pg_catalog.count(*) > writers_can_wait_for
      from (select from public.processed_webhook_events limit writers_can_wait_for + 1) as counted
    )
  then
    raise exception 'public.processed_webhook_events has more than % rows: its writers would wait for seconds while '
      'indexes are built', writers_can_wait_for
      using errcode = 'object_not_in_prerequisite_state',
        hint = pg_catalog.format('Run: %s; then this file again, which goes on from here. Or let them wait: '
          'set tenantproof.allow_write_pause = ''on''; before this file.',
          pg_catalog.replace(pg_catalog.array_to_string(missing, '; '), ' index ', ' index concurrently '));
  end if;

  -- Waiting for a lock queues everybody else behind: short waits, many times, instead of one long one.
  for attempt in 1..30 loop
    begin
      lock table public.processed_webhook_events in share mode;
      exit;
    exception when lock_not_available then
      if attempt = 30 then
        raise;
      end if;
    end;
    perform pg_catalog.pg_sleep(0.02 * attempt);
  end loop;

  foreach command in array missing loop
    execute command;
  end loop;
end
$index$;

commit;

-- Part 6
begin;
set local lock_timeout = '200ms';
set local search_path = '';

do $verify$
declare
  difference text;
begin
  -- What this file makes further down needs no comparing. The new key is the last thing made.
  if not exists (
    select from pg_catalog.pg_constraint as con
    where con.conrelid = pg_catalog.to_regclass('public.processed_webhook_events')
      and con.conname = 'uq_processed_webhook_events_org_event'
  ) then
    return;
  end if;

  with subject (relation) as (
    select 'public.processed_webhook_events'::pg_catalog.regclass::oid
  ),
  expected (item, shape) as (
    values
      ('column org_id', 'uuid not null'),
      ('constraint fk_processed_webhook_events_org_id',
        'FOREIGN KEY (org_id) REFERENCES public.organizations(id) ON DELETE CASCADE'),
      ('constraint uq_processed_webhook_events_org_event', 'UNIQUE (org_id, event_id)'),
      ('trigger trg_processed_webhook_events_match_org_id',
        'BEFORE INSERT ON public.processed_webhook_events FOR EACH ROW '
        'EXECUTE FUNCTION public.match_webhook_event_org_id()'),
      ('trigger trg_processed_webhook_events_org_id_immutable',
        'BEFORE UPDATE ON public.processed_webhook_events FOR EACH ROW '
        'EXECUTE FUNCTION public.prevent_org_id_change() (always)')
  ),
  actual (item, shape) as (
    select 'column ' || attribute.attname,
      pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
      || case when attribute.attnotnull then ' not null' else '' end
    from subject join pg_catalog.pg_attribute as attribute on attribute.attrelid = subject.relation
    where not attribute.attisdropped
    union all
    select 'constraint ' || con.conname, pg_catalog.pg_get_constraintdef(con.oid)
    from subject join pg_catalog.pg_constraint as con on con.conrelid = subject.relation
    union all
    select 'trigger ' || trig.tgname,
      -- Of which columns an update fires the first one depends on which there were.
      pg_catalog.regexp_replace(
        pg_catalog.regexp_replace(pg_catalog.pg_get_triggerdef(trig.oid), '^CREATE TRIGGER \S+ ', ''),
        ' OR UPDATE OF call(_log)?_id(, call(_log)?_id)?', '')
      || case trig.tgenabled when 'O' then '' when 'A' then ' (always)' else ' (not enabled)' end
    from subject join pg_catalog.pg_trigger as trig on trig.tgrelid = subject.relation
  )
  select pg_catalog.string_agg(
    pg_catalog.format('%s is %s, expected %s', expected.item, coalesce(actual.shape, 'missing'), expected.shape), '; '
    order by expected.item)
  into difference
  from expected left join actual on actual.item = expected.item
  where expected.shape is distinct from actual.shape;

  if difference is not null then
    raise exception 'public.processed_webhook_events has another shape: %', difference
      using hint = 'Make it equal, then run this file again. This part changed nothing.';
  end if;
end
$verify$;

do $finish$
declare
  before jsonb;
  definition text;
  old_key jsonb;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    raise exception 'part 1 did not complete; nothing was changed. Run this file again from its beginning';
  end if;

  select pg_catalog.pg_get_indexdef(index.indexrelid) || case when index.indisvalid then '' else ' (invalid)' end
  into definition
  from pg_catalog.pg_index as index
  where index.indexrelid = pg_catalog.to_regclass('public.uq_processed_webhook_events_org_event');
  if definition is distinct from
    'CREATE UNIQUE INDEX uq_processed_webhook_events_org_event ON public.processed_webhook_events USING btree (org_id, event_id)'
  then
    raise exception 'index uq_processed_webhook_events_org_event is %', coalesce(definition, 'missing')
      using hint = 'Drop it, then run this file again.';
  end if;

  -- The unique constraint is the last thing made, so its presence says that all is done.
  if exists (
    select from pg_catalog.pg_constraint as con
    where con.conrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and con.conname = 'uq_processed_webhook_events_org_event'
  ) then
    return;
  end if;

  if not exists (
    select from pg_catalog.pg_constraint as con
    where con.conrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and con.conname = 'chk_processed_webhook_events_org_id' and con.convalidated
  ) then
    raise exception 'part 3 or 4, the check of org_id, did not complete. Run this file again from its beginning';
  end if;

  before := substring(
    pg_catalog.obj_description('public.processed_webhook_events_orphans'::pg_catalog.regclass, 'pg_class')
    from '\n(\{.*\})$')::jsonb;

  -- Waiting for a lock queues everybody else behind: short waits, many times, instead of one long one.
  for attempt in 1..30 loop
    begin
      lock table public.processed_webhook_events in access exclusive mode;
      exit;
    exception when lock_not_available then
      if attempt = 30 then
        raise;
      end if;
    end;
    perform pg_catalog.pg_sleep(0.02 * attempt);
  end loop;

  -- Proved by the check, hence without a scan.
  alter table public.processed_webhook_events alter column org_id set not null;
  alter table public.processed_webhook_events drop constraint chk_processed_webhook_events_org_id;
  for old_key in select pg_catalog.jsonb_array_elements(before -> 'keys') loop
    if old_key ->> 'constraint' is not null then
      execute pg_catalog.format(
        'alter table public.processed_webhook_events drop constraint %I', old_key ->> 'name');
    else
      execute pg_catalog.format('drop index public.%I', old_key ->> 'name');
    end if;
    -- Replicas told rows apart by this key; now they do by the new one.
    if old_key ->> 'constraint' like 'PRIMARY KEY%' and before ->> 'replica_identity' = 'd'
      or (old_key ->> 'replica_identity')::boolean
    then
      alter table public.processed_webhook_events
        replica identity using index uq_processed_webhook_events_org_event;
    end if;
  end loop;
  alter table public.processed_webhook_events
    add constraint uq_processed_webhook_events_org_event
    unique using index uq_processed_webhook_events_org_event;
end
$finish$;

do $timeout$
begin
  perform pg_catalog.set_config(
    'statement_timeout', pg_catalog.current_setting('tenantproof.statement_timeout'), false);
end
$timeout$;

commit;
