-- The sums of one metric ($4; 0: the exposure) by the values of one dimension ($2) of experiment $1: cells as text, as reports read
-- them, exact. At most $3 values are told one by one (of days the newest, else those with most units); then place 0 is other values,
-- and -1 none. `what`: -1 the value's name; 0 moments; 1 joint sums; 2 of a sketch, buckets and their counts.
-- Rows of units are read once, and once more where something is derived of the metric; values are ranked and placed by their sums.
with plain as materialized (
    select slice_value($2, u.unit, u.exposed_at, a.attributes, $5) as value, u.metric, u.variant, u.epoch, u.cohort,
           sum(u.n) as n, sum(u.y) as s1, sum(u.y * u.y) as s2, sum(u.y * u.y * u.y) as s3,
           sum(u.x) as x1, sum(u.x * u.x) as x2, sum(u.x * u.y) as xy
    from unit_contribution u
    left join assignment a on a.unit = u.unit and a.experiment = u.experiment
    where u.experiment = $1 and u.metric in (0, $4)
    group by 1, u.metric, u.variant, u.epoch, u.cohort
),
ranked as (
    select value, row_number() over (
        order by case when $2 = 'day' then value end desc, case when $2 = 'bucket' then value end, sum(n) desc, value
    ) as place
    from plain
    where value is not null and metric = 0
    group by value
),
told as materialized (
    select value, place::integer as place from ranked where place <= $3
),
derived as materialized (
    select slice_value($2, u.unit, u.exposed_at, a.attributes, $5) as value, u.variant, u.epoch, u.cohort, u.sketch, u.bucket, u.vals,
           u.first, u.second, u.third
    from unit_derivation u
    left join assignment a on a.unit = u.unit and a.experiment = u.experiment
    where u.experiment = $1 and u.metric = $4 and u.whole
      and exists (select from derived_metric d where d.experiment = $1 and d.metric = $4)
),
placed as (
    select case when d.value is null then -1 else coalesce(t.place, 0) end as place, d.*
    from derived d
    left join told t using (value)
),
joint as (
    select place, variant, epoch, cohort, string_agg(total::text, ' ' order by term) as sums
    from (
        select d.place, d.variant, d.epoch, d.cohort, t.term,
               sum(d.vals[t.a] * coalesce(d.vals[t.b], 1) * coalesce(d.vals[t.c], 1)) as total
        from placed d
        cross join lateral unnest(d.first, d.second, d.third) with ordinality t (a, b, c, term)
        where not d.sketch
        group by d.place, d.variant, d.epoch, d.cohort, t.term
    ) e
    group by place, variant, epoch, cohort
)
select -1 as what, place, 0 as metric, 0 as variant, value as cells
from told
union all
select 0, place, metric, variant, string_agg(concat_ws(' ', epoch, cohort, n, s1, s2, s3, x1, x2, xy), ';')
from (
    select case when p.value is null then -1 else coalesce(t.place, 0) end as place, p.metric, p.variant, p.epoch, p.cohort,
           sum(p.n) as n, sum(p.s1) as s1, sum(p.s2) as s2, sum(p.s3) as s3, sum(p.x1) as x1, sum(p.x2) as x2, sum(p.xy) as xy
    from plain p
    left join told t using (value)
    group by 1, p.metric, p.variant, p.epoch, p.cohort
) s
group by place, metric, variant
union all
select 1, place, $4, variant, string_agg(concat_ws(' ', epoch, cohort, sums), ';')
from joint
group by place, variant
union all
select 2, place, $4, variant, string_agg(concat_ws(' ', bucket, n), ';')
from (
    select place, variant, bucket, count(*) as n from placed where sketch and bucket is not null group by place, variant, bucket
) b
group by place, variant
