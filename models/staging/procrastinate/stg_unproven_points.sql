-- What can be told neither way now: whether a periodic task ticks of which nobody has said how often. The row of one
-- that was removed stays; it is taken for gone when others went on for a month without it.
{{ config(enabled=is_system('procrastinate')) }}

{{ unstated_schedules(ref('base_procrastinate_ticks'), 'procrastinate_periodic_defers') }}
