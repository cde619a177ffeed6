-- Takes at most $2 entries of the queue of experiment $1, and answers of each of their units what is in the sums (was_…) and
-- what ought to be: variant, reward in micro-units, context. A row that is null ought not to be there. $3: the slot of the
-- metric that is learned from, $4: whether its reward is 1 for any event and not the sum of the values.
with taken as (
    delete from contextual_queue
    where ctid = any(array(select ctid from contextual_queue where experiment = $1 limit $2 for update skip locked))
    returning unit
)
select t.unit, o.variant as was_variant, o.reward as was_reward, a.context -> 'features' as features,
       a.bucket, a.context -> 'shares' as shares, a.context -> 'holdback' as holdback,
       case when s.first_at is not null and (a.context ? 'features' or a.context ? 'holdback') then s.variant end as variant,
       case when $4 then (s.counts[$3] is not null)::integer * 1000000::numeric else coalesce(s.totals[$3], 0) end as reward
from (select distinct unit from taken) t
left join lateral (
    select variant, reward from contextual_unit where experiment = $1 and unit = t.unit limit 1
) o on true
left join lateral (
    select variant, first_at, counts, totals from unit_state where unit = t.unit and experiment = $1 limit 1
) s on true
left join lateral (
    select bucket, context from assignment where unit = t.unit and experiment = $1 limit 1
) a on true
