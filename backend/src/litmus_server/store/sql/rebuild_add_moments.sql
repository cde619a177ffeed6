-- Differences found by a recompute, added.
insert into moments as o (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
select *
from unnest($1::integer[], $2::smallint[], $3::integer[], $4::integer[], $5::integer[], $6::smallint[], $7::bigint[],
            $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[], $13::numeric[])
on conflict (experiment, span, metric, variant, epoch, cohort) do update
set n = o.n + excluded.n, s1 = o.s1 + excluded.s1, s2 = o.s2 + excluded.s2, s3 = o.s3 + excluded.s3,
    x1 = o.x1 + excluded.x1, x2 = o.x2 + excluded.x2, xy = o.xy + excluded.xy
