insert into {raw}.trace_bookmark (exported_until, exported_at)
values (%(until)s, clock_timestamp())
on conflict (id) do update set
    exported_until = greatest(trace_bookmark.exported_until, excluded.exported_until),
    exported_at = excluded.exported_at
