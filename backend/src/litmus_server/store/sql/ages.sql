-- What exposed units of experiment $1 did of metric $2 in the first $3 seconds after their exposure, from the log, as far as it is folded:
-- cells as text, exact. $4: the unit type; $5: of a conversion, the first event counts alone, as 1; $6: what a unit counts at most;
-- $7: where each age begins, in seconds; $8: the newest cohort of which the ages are told.
-- `what`: 0 moments, cells of (epoch, cohort); 1 for each (epoch, age, other age) the sum of their products; 2 for each (epoch, age)
-- the units with an event and their sum. `+ 0`: as in refold_rows.sql.
with happened as materialized (
    select s.unit, s.variant, s.epoch, s.cohort, e.age, e.y
    from unit_state s
    cross join lateral (
        select width_bucket(extract(epoch from v.occurred_at - s.first_at), $7::numeric[]) - 1 as age, sum(v.value) as y
        from event v
        where v.unit = s.unit and v.metric = $2
          and v.occurred_at >= s.first_at and v.occurred_at < s.first_at + $3::double precision * interval '1 second'
          and (v.experiment = $1 or (v.experiment is null and coalesce(v.unit_type, 'user') = $4))
          and not v.is_bot
          and not exists (select from fold_queue q where q.batch = v.batch + 0)
          and not exists (select from fold_fault f where f.event_id = v.event_id)
        group by 1
    ) e
    where s.experiment = $1 and s.first_at is not null
),
totals as (
    select unit, variant, epoch, cohort, min(age) as age,
           case when $5 then 1000000 else least(sum(y), $6::numeric) end as y
    from happened
    group by unit, variant, epoch, cohort
),
aged as materialized (
    select unit, variant, epoch, age, y from totals where $5 and cohort <= $8
    union all
    select unit, variant, epoch, age, least(y, $6::numeric) from happened where not $5 and cohort <= $8
)
select 0 as what, 0 as metric, variant, string_agg(concat_ws(' ', epoch, cohort, n, 0, 0, 0, 0, 0, 0), ';') as cells
from (
    select variant, epoch, cohort, count(*) as n
    from unit_state
    where experiment = $1 and first_at is not null
    group by variant, epoch, cohort
) u
group by variant
union all
select 0, $2, variant, string_agg(concat_ws(' ', epoch, cohort, n, s1, s2, s3, 0, 0, 0), ';')
from (
    select variant, epoch, cohort, count(*) as n, sum(y) as s1, sum(y * y) as s2, sum(y * y * y) as s3
    from totals
    group by variant, epoch, cohort
) t
group by variant
union all
select 1, $2, variant, string_agg(concat_ws(' ', epoch, age, other, product), ';')
from (
    select a.variant, a.epoch, a.age, b.age as other, sum(a.y * b.y) as product
    from aged a
    join aged b on b.unit = a.unit and b.age >= a.age
    group by a.variant, a.epoch, a.age, b.age
) p
group by variant
union all
select 2, $2, variant, string_agg(concat_ws(' ', epoch, age, seen, s1), ';')
from (
    select variant, epoch, age, count(*) as seen, sum(y) as s1 from aged group by variant, epoch, age
) s
group by variant
