-- Takes back 20250110_create_appointments_table.
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

do $drop$
declare
  lost bigint;
begin
  if pg_catalog.to_regclass('public.appointments') is not null then
    -- Counted under the lock that dropping takes, so that no row slips in between.
    lock table public.appointments in access exclusive mode;
    select pg_catalog.count(*) into lost from public.appointments;
    if lost > 0 then
      if lower(pg_catalog.current_setting('tenantproof.allow_data_loss', true)) in ('on', 'true', 'yes', '1') then
        raise warning 'dropped % rows of public.appointments', lost;
      else
        raise exception 'rolling back would lose % rows of public.appointments', lost
          using errcode = 'object_not_in_prerequisite_state',
          hint = 'Save them, then: set tenantproof.allow_data_loss = ''on''; and run this script again. Nothing was changed.';
      end if;
    end if;
    drop table public.appointments;
  end if;

  if pg_catalog.to_regprocedure('public.appointments_before_write()') is not null then
    drop function public.appointments_before_write();
  end if;
  -- Only those that the migration created: it also accepts a type that was there, with the same labels.
  if pg_catalog.obj_description(pg_catalog.to_regtype('public.appointment_status'), 'pg_type') = 'pending -> confirmed -> in_progress -> completed; cancelled and no_show from pending or confirmed. Ends are final.' then
    drop type public.appointment_status;
  end if;
end
$drop$;

commit;
