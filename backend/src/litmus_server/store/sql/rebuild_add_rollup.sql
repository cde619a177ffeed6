-- Differences found by a recompute, added; none to minutes that were pruned since.
insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
select experiment, variant, metric, span, at, events, total, units
from unnest($1::integer[], $2::smallint[], $3::integer[], $4::smallint[], $5::timestamptz[], $6::bigint[], $7::numeric[], $8::bigint[])
     t (experiment, variant, metric, span, at, events, total, units)
where span <> 2 or at >= $9
on conflict (experiment, span, at, variant, metric) do update
set events = r.events + excluded.events, total = r.total + excluded.total, units = r.units + excluded.units
