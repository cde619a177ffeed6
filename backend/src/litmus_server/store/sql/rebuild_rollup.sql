-- What rollup lacks, from the log and the rows of unit_state: a difference to be added, as for moments.
with folded as (
    select e.unit, e.unit_type, e.experiment, e.variant, e.metric, e.kind, e.value, e.occurred_at
    from event e
    where not e.is_bot
      and not exists (select from fold_queue q where q.batch = e.batch)
      and not exists (select from fold_fault f where f.event_id = e.event_id)
),
by_minute as (
    select experiment, variant, case kind when 1 then 0 else metric end as metric,
           date_bin('1 minute', occurred_at, '2000-01-01 00:00+00') as minute, count(*) as events,
           coalesce(sum(value) filter (where kind > 1), 0) as total, 0::bigint as units
    from folded
    where experiment is not null
    group by 1, 2, 3, 4
    union all
    select s.experiment, s.variant, e.metric, date_bin('1 minute', e.occurred_at, '2000-01-01 00:00+00'), count(*), sum(e.value), 0
    from folded e
    join unit_state s on s.unit = e.unit and s.first_at <= e.occurred_at
    join experiments x on x.no = s.experiment and x.unit_type = coalesce(e.unit_type, 'user')
    where e.experiment is null
    group by 1, 2, 3, 4
    union all
    select experiment, variant, metric, date_bin('1 minute', first_at, '2000-01-01 00:00+00'), 0, 0, count(*)
    from unit_contribution
    where n = 1
    group by 1, 2, 3, 4
)
select experiment, variant, metric, span, at, sum(events)::bigint as events, sum(total) as total, sum(units)::bigint as units
from (
    select t.experiment, t.variant, t.metric, s.span, s.at, t.events, t.total, t.units
    from by_minute t
    cross join fold_lock
    cross join lateral rollup_spans(t.minute, minutes_from) s
    union all
    select experiment, variant, metric, span, at, -events, -total, -units from rollup
) d
group by experiment, variant, metric, span, at
having sum(events) <> 0 or sum(total) <> 0 or sum(units) <> 0
