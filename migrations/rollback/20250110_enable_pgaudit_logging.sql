-- Takes back 20250110_enable_pgaudit_logging: triggers, audit tables, functions, the settings as they were, and the
-- extension, if the migration created it. The log lines that pgAudit wrote stay where they are.
--
-- transaction: own

begin;
set local lock_timeout = '5s';
set local search_path = '';
-- Whoever row level security binds gets an error, not a count of the rows it may see.
set local row_security = off;

do $triggers$
declare
  audit record;
begin
  for audit in
    select trig.tgname, trig.tgrelid::pg_catalog.regclass::text as table_name
    from pg_catalog.pg_trigger as trig
    where trig.tgfoid = pg_catalog.to_regprocedure('public.audit_tenant_change()')
    order by trig.tgrelid, trig.tgname
  loop
    execute pg_catalog.format('drop trigger %I on %s', audit.tgname, audit.table_name);
  end loop;
end
$triggers$;

do $drop$
declare
  note jsonb;
  lost bigint;
  lost_archived bigint;
  setting record;
begin
  if pg_catalog.to_regclass('public.audit_logs') is not null then
    -- Counted under the lock that dropping takes, so that no record slips in between.
    lock table public.audit_logs, public.audit_logs_archive in access exclusive mode;
    select pg_catalog.count(*) into lost from public.audit_logs;
    select pg_catalog.count(*) into lost_archived from public.audit_logs_archive;
    if lost + lost_archived > 0 then
      if lower(pg_catalog.current_setting('tenantproof.allow_data_loss', true)) in ('on', 'true', 'yes', '1') then
        raise warning 'dropped % rows of public.audit_logs and % of public.audit_logs_archive', lost, lost_archived;
      else
        raise exception 'rolling back would lose % rows of public.audit_logs and % of public.audit_logs_archive',
          lost, lost_archived
          using errcode = 'object_not_in_prerequisite_state',
          hint = 'Save them, then: set tenantproof.allow_data_loss = ''on''; and run this script again. Nothing was changed.';
      end if;
    end if;

    note := substring(pg_catalog.obj_description('public.audit_logs'::pg_catalog.regclass, 'pg_class')
      from '\n(\{.*\})$')::jsonb;
    if note is null then
      raise exception 'the comment of public.audit_logs no longer says what was there before the migration'
        using hint = 'Write {"created_extension": false, "settings": {}} as its last line, and reset by hand what must be.';
    end if;
    for setting in
      select role.key as role_name, entry.key as name, entry.value
      from pg_catalog.jsonb_each(note -> 'settings') as role
      cross join lateral pg_catalog.jsonb_each_text(role.value) as entry
      where exists (select from pg_catalog.pg_roles as existing where existing.rolname = role.key)
      order by role.key, entry.key
    loop
      if setting.value is null then
        execute pg_catalog.format('alter role %I in database %I reset %s',
          setting.role_name, pg_catalog.current_database(), setting.name);
      else
        execute pg_catalog.format('alter role %I in database %I set %s = %L',
          setting.role_name, pg_catalog.current_database(), setting.name, setting.value);
      end if;
    end loop;

    drop table public.audit_logs_archive;
    -- Returns its rows, so it goes before the table does.
    drop function public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean);
    drop table public.audit_logs;
    if (note ->> 'created_extension')::boolean
      and exists (select from pg_catalog.pg_extension as extension where extension.extname = 'pgaudit')
    then
      drop extension pgaudit;
    end if;
  end if;

  if pg_catalog.to_regprocedure('public.audit_tenant_change()') is not null then
    drop function public.audit_tenant_change();
  end if;
  if pg_catalog.to_regprocedure('public.log_audit_event(text, text, text, text, text, uuid, jsonb, text)') is not null then
    drop function public.log_audit_event(text, text, text, text, text, uuid, jsonb, text);
  end if;
  if pg_catalog.to_regprocedure('public.archive_old_audit_logs(integer)') is not null then
    drop function public.archive_old_audit_logs(integer);
  end if;
  if pg_catalog.to_regprocedure('public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean)') is not null then
    drop function public.get_org_audit_logs(uuid, timestamptz, timestamptz, integer, boolean);
  end if;
  if pg_catalog.to_regprocedure('public.detect_suspicious_activity(uuid, timestamptz, bigint, interval, numeric, bigint, integer, bigint)') is not null then
    drop function public.detect_suspicious_activity(uuid, timestamptz, bigint, interval, numeric, bigint, integer, bigint);
  end if;
  if pg_catalog.to_regprocedure('public.audit_context()') is not null then
    drop function public.audit_context();
  end if;
  if pg_catalog.to_regprocedure('public.audit_actor()') is not null then
    drop function public.audit_actor();
  end if;
  if pg_catalog.to_regprocedure('public.keep_audit_records()') is not null then
    drop function public.keep_audit_records();
  end if;
end
$drop$;

commit;
