-- What the rows of these pairs add to joint_moments and sketch, $1 = 1 added, $1 = -1 taken away: of the metrics $4 beside them, or
-- (null) of all. `offset 0` keeps the planner from beginning with what is derived.
with part as materialized (
    select u.*
    from unnest($2::text[], $3::integer[], $4::integer[]) p (unit, experiment, metric)
    cross join lateral (
        select *
        from unit_derivation
        where unit = p.unit and experiment = p.experiment and (p.metric is null or metric = p.metric)
        offset 0
    ) u
),
summed as (
    insert into joint_moments as o (experiment, metric, variant, epoch, cohort, sums)
    select experiment, metric, variant, epoch, cohort, array_agg($1::integer * total order by term)
    from (
        select p.experiment, p.metric, p.variant, p.epoch, p.cohort, t.term,
               sum(p.vals[t.a] * coalesce(p.vals[t.b], 1) * coalesce(p.vals[t.c], 1)) as total
        from part p
        cross join lateral unnest(p.first, p.second, p.third) with ordinality t (a, b, c, term)
        where not p.sketch and 0 <> any (p.vals)
        group by p.experiment, p.metric, p.variant, p.epoch, p.cohort, t.term
    ) d
    group by experiment, metric, variant, epoch, cohort
    -- Of different lengths only while the declaration has changed and the log is not folded again.
    on conflict (experiment, metric, variant, epoch, cohort) do update
    set sums = array(
        select coalesce(t.mine, 0) + coalesce(t.more, 0)
        from unnest(o.sums, excluded.sums) with ordinality t (mine, more, term)
        order by t.term
    )
    returning 0 = all (sums) as empty
),
counted as (
    insert into sketch as o (experiment, metric, variant, bucket, n)
    select experiment, metric, variant, bucket, $1 * count(*)
    from part
    where sketch and bucket is not null
    group by experiment, metric, variant, bucket
    on conflict (experiment, metric, variant, bucket) do update set n = o.n + excluded.n
    returning n = 0 as empty
)
select exists (select from summed where empty) or exists (select from counted where empty) as emptied
