-- What metric events of the batches $1 (of the events $2 only, unless null) may change beside moments: rows of unit_state, each
-- with the metric that is derived of the one that the event is of.
with given as materialized (
    select unit, experiment, metric
    from event
    where batch = any($1::bigint[]) and kind > 1 and not is_bot and ($2::uuid[] is null or event_id = any($2))
)
select array_agg(unit) as units, array_agg(experiment) as experiments, array_agg(metric) as metrics
from (
    select distinct s.unit, s.experiment, d.metric
    from (select distinct unit, experiment, metric from given) g
    join unit_state s on s.unit = g.unit and s.first_at is not null and (g.experiment is null or s.experiment = g.experiment)
    cross join lateral (
        select slot from experiment_metric where experiment = s.experiment and metric = g.metric limit 1
    ) m
    cross join lateral (
        select metric from derived_metric where experiment = s.experiment and m.slot = any (totals || before || delay) offset 0
    ) d
) p
