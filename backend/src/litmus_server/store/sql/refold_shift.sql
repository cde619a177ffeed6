-- What the rows of these pairs add to moments and to rollup.units, $1 = 1 added, $1 = -1 taken away. $4: where the minutes
-- begin.
with part as materialized (
    select c.experiment, c.variant, c.epoch, c.cohort, c.metric, c.n, c.y, c.x, c.first_at
    from unnest($2::text[], $3::integer[]) p (unit, experiment)
    join unit_contribution c on c.unit = p.unit and c.experiment = p.experiment
),
summed as (
    insert into moments as o (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
    select d.experiment, d.variant, s.epoch_of, s.cohort_of, d.metric, s.span, $1::integer * sum(d.n), $1 * sum(d.s1), $1 * sum(d.s2),
           $1 * sum(d.s3), $1 * sum(d.x1), $1 * sum(d.x2), $1 * sum(d.xy)
    from (
        select experiment, variant, epoch, cohort, metric, sum(n) as n, sum(y) as s1, sum(y * y) as s2, sum(y * y * y) as s3,
               sum(x) as x1, sum(x * x) as x2, sum(x * y) as xy
        from part
        group by experiment, variant, epoch, cohort, metric
    ) d
    cross join lateral moments_spans(d.epoch, d.cohort) s
    group by d.experiment, s.span, d.metric, d.variant, s.epoch_of, s.cohort_of
    on conflict (experiment, span, metric, variant, epoch, cohort) do update
    set n = o.n + excluded.n, s1 = o.s1 + excluded.s1, s2 = o.s2 + excluded.s2, s3 = o.s3 + excluded.s3,
        x1 = o.x1 + excluded.x1, x2 = o.x2 + excluded.x2, xy = o.xy + excluded.xy
    returning n = 0 and x2 = 0 as empty
),
tallied as (
    insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
    select t.experiment, t.variant, t.metric, s.span, s.at, 0, 0, $1 * sum(t.units)
    from (
        select experiment, variant, metric, date_bin('1 minute', first_at, '2000-01-01 00:00+00') as minute, sum(n) as units
        from part
        where n > 0
        group by 1, 2, 3, 4
    ) t
    cross join lateral rollup_spans(t.minute, $4) s
    group by t.experiment, s.span, s.at, t.variant, t.metric
    on conflict (experiment, span, at, variant, metric) do update set units = r.units + excluded.units
    returning events = 0 and total = 0 and units = 0 as empty
)
select exists (select from summed where empty) or exists (select from tallied where empty) as emptied
