-- Takes back 20250110_add_org_id_to_processed_webhook_events, wherever it stopped: the old key, privileges and row
-- security as they were, the orphans back where they came from, org_id gone.
-- The old key is built under a lock that lets readers go on; ACCESS EXCLUSIVE follows, without a scan.
--
-- transaction: own

begin;
set local lock_timeout = '5s';
set local search_path = '';
-- Whoever row level security binds gets an error, not a count of the rows it may see.
set local row_security = off;

do $order$
declare
  first text;
begin
  select pg_catalog.string_agg(later.name, ', then ' order by later.position)
  into first
  from (
    values
      (1, '20250110_enable_pgaudit_logging', pg_catalog.to_regclass('public.audit_logs') is not null)
  ) as later (position, name, applied)
  where later.applied;
  if first is not null then
    raise exception 'roll back first: %', first
      using errcode = 'dependent_objects_still_exist', hint = 'They need what this script takes away. Nothing was changed.';
  end if;
end
$order$;

do $data$
declare
  uuid_text constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  nothing constant text := 'select null::pg_catalog.tid as event_row, 0 as part, null::uuid as org_id where false';
  links text;
  candidates text;
  columns text;
  before jsonb;
  single_key boolean;
  shared bigint := 0;
  unknown bigint := 0;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    return;
  end if;
  before := substring(
    pg_catalog.obj_description('public.processed_webhook_events_orphans'::pg_catalog.regclass, 'pg_class') from '\n(\{.*\})$')::jsonb;
  if before is null then
    raise exception 'the comment of public.processed_webhook_events_orphans no longer says what was there before';
  end if;

  -- From here on nobody writes, so that what is counted is what is lost.
  lock table public.processed_webhook_events in share row exclusive mode;
  lock table public.processed_webhook_events_orphans in access exclusive mode;

  single_key := exists (
    select from pg_catalog.jsonb_array_elements(before -> 'keys') as key
    where key ->> 'index' ~ '\(event_id\)( INCLUDE \(.*\))?$'
  );
  if single_key then
    select coalesce(pg_catalog.sum(event.times - 1), 0) into shared
    from (
      select pg_catalog.count(*) as times
      from (
        select kept.event_id from public.processed_webhook_events as kept
        union all
        select orphan.event_id from public.processed_webhook_events_orphans as orphan
      ) as every
      where every.event_id is not null
      group by every.event_id
      having pg_catalog.count(*) > 1
    ) as event;
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
    found as (
      select candidate.event_row, pg_catalog.array_agg(distinct candidate.org_id) as tenants
      from candidate
      where candidate.org_id is not null
      group by candidate.event_row
    )
    select pg_catalog.count(*)
    from public.processed_webhook_events as event
    left join found on found.event_row = event.ctid
    where event.org_id is not null and found.tenants is distinct from array[event.org_id]
  $query$, links, candidates)
  into unknown;

  if shared + unknown > 0 then
    if lower(pg_catalog.current_setting('tenantproof.allow_data_loss', true)) in ('on', 'true', 'yes', '1') then
      raise warning 'dropped % rows whose event_id another row has, and the org_id of % rows that no call gives',
        shared, unknown;
    else
      raise exception 'rolling back would lose % rows whose event_id another organization''s row has, '
        'and the org_id of % rows that no call gives', shared, unknown
        using errcode = 'object_not_in_prerequisite_state',
          hint = 'Save them, then: set tenantproof.allow_data_loss = ''on''; and run this script again. Nothing was changed.';
    end if;
  end if;
  if shared > 0 then
    -- An orphan stays before the rows that came after it; else whichever organization comes first.
    delete from public.processed_webhook_events as event
    using (
      select kept.ctid as event_row,
        pg_catalog.row_number() over (partition by kept.event_id order by kept.org_id) as position,
        exists (
          select from public.processed_webhook_events_orphans as orphan where orphan.event_id = kept.event_id
        ) as orphaned
      from public.processed_webhook_events as kept
      where kept.event_id is not null
    ) as ranked
    where event.ctid = ranked.event_row and (ranked.orphaned or ranked.position > 1);
  end if;
end
$data$;

do $restore$
declare
  before jsonb;
  old_key jsonb;
  held jsonb;
  columns text;
  application record;
  enable text[] := '{}';
  enabling text;
begin
  if pg_catalog.to_regclass('public.processed_webhook_events_orphans') is null then
    return;
  end if;
  before := substring(
    pg_catalog.obj_description('public.processed_webhook_events_orphans'::pg_catalog.regclass, 'pg_class') from '\n(\{.*\})$')::jsonb;

  -- The indexes first, while readers still read.
  for old_key in select pg_catalog.jsonb_array_elements(before -> 'keys') loop
    if pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(old_key ->> 'name')) is null then
      execute old_key ->> 'index';
    end if;
  end loop;

  lock table public.processed_webhook_events in access exclusive mode;

  drop trigger trg_processed_webhook_events_match_org_id on public.processed_webhook_events;
  drop trigger trg_processed_webhook_events_org_id_immutable on public.processed_webhook_events;
  if before ->> 'replica_identity' = 'd' and exists (
    select from pg_catalog.pg_class as class
    where class.oid = 'public.processed_webhook_events'::pg_catalog.regclass and class.relreplident = 'i'
  ) then
    alter table public.processed_webhook_events replica identity default;
  end if;
  if not (before ->> 'look_up')::boolean then
    drop index if exists public.idx_processed_webhook_events_event_id;
  end if;
  -- With it go its foreign key, its check, not null and the new key.
  alter table public.processed_webhook_events drop column org_id;

  -- Back as they were: triggers of the application must not take them for new events.
  for application in
    select trig.tgname, trig.tgenabled
    from pg_catalog.pg_trigger as trig
    where trig.tgrelid = 'public.processed_webhook_events'::pg_catalog.regclass
      and not trig.tgisinternal and trig.tgtype & 4 <> 0 and trig.tgenabled in ('O', 'A')
    order by trig.tgname
  loop
    execute pg_catalog.format('alter table public.processed_webhook_events disable trigger %I', application.tgname);
    enable := enable || pg_catalog.format('alter table public.processed_webhook_events enable %s trigger %I',
      case application.tgenabled when 'A' then 'always' else '' end, application.tgname);
  end loop;
  select pg_catalog.string_agg(pg_catalog.quote_ident(attribute.attname), ', ' order by attribute.attnum)
  into columns
  from pg_catalog.pg_attribute as attribute
  where attribute.attrelid = 'public.processed_webhook_events'::pg_catalog.regclass
    and attribute.attnum > 0 and not attribute.attisdropped and attribute.attgenerated = '';
  execute pg_catalog.format(
    'insert into public.processed_webhook_events (%1$s) overriding system value '
    'select %1$s from public.processed_webhook_events_orphans', columns);
  foreach enabling in array enable loop
    execute enabling;
  end loop;

  for old_key in select pg_catalog.jsonb_array_elements(before -> 'keys') loop
    if old_key ->> 'constraint' is not null and not exists (
      select from pg_catalog.pg_constraint as con
      where con.conrelid = 'public.processed_webhook_events'::pg_catalog.regclass and con.conname = old_key ->> 'name'
    ) then
      -- As it was defined, with the index in the place of the columns.
      execute pg_catalog.format('alter table public.processed_webhook_events add constraint %I %s',
        old_key ->> 'name',
        pg_catalog.regexp_replace(old_key ->> 'constraint',
          '^(PRIMARY KEY|UNIQUE)( NULLS NOT DISTINCT)? \([^)]*\)( INCLUDE \([^)]*\))?',
          pg_catalog.format('\1 using index %I', old_key ->> 'name')));
      if old_key ->> 'constraint_comment' is not null then
        execute pg_catalog.format('comment on constraint %I on public.processed_webhook_events is %L',
          old_key ->> 'name', old_key ->> 'constraint_comment');
      end if;
    end if;
    if old_key ->> 'index_comment' is not null then
      execute pg_catalog.format('comment on index public.%I is %L', old_key ->> 'name', old_key ->> 'index_comment');
    end if;
    if (old_key ->> 'replica_identity')::boolean then
      execute pg_catalog.format('alter table public.processed_webhook_events replica identity using index %I',
        old_key ->> 'name');
    end if;
    if (old_key ->> 'clustered')::boolean then
      execute pg_catalog.format('alter table public.processed_webhook_events cluster on %I', old_key ->> 'name');
    end if;
  end loop;

  if not (before ->> 'row_security')::boolean then
    alter table public.processed_webhook_events disable row level security;
  end if;
  for held in select pg_catalog.jsonb_array_elements(before -> 'grants') loop
    execute pg_catalog.format('grant %s%s on table public.processed_webhook_events to %s%s',
      held ->> 'privilege', ' (' || (held ->> 'column') || ')', held ->> 'grantee',
      case when (held ->> 'grantable')::boolean then ' with grant option' else '' end);
  end loop;

  drop table public.processed_webhook_events_orphans;
end
$restore$;

do $drop$
begin
  if pg_catalog.to_regprocedure('public.match_webhook_event_org_id()') is not null then
    drop function public.match_webhook_event_org_id();
  end if;
end
$drop$;

commit;
