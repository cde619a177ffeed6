-- How far each experiment is folded: what reports and learners look at to see whether there is something new.
insert into fold_mark as k (experiment, seq, units, folded_at)
select experiment, 1, units, coalesce($3::timestamptz, '-infinity') from unnest($1::integer[], $2::bigint[]) t (experiment, units)
on conflict (experiment) do update
set seq = k.seq + 1, units = k.units + excluded.units, folded_at = greatest(k.folded_at, excluded.folded_at)
