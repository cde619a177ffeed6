-- Units of the batches $1 (of the events $2 only, unless null) wait to be learned from, where one of the experiments $3 is
-- contextual. Also when it is over: what its holdback says is counted to the end. An event that names no experiment is for all of them.
with contextual as materialized (
    select x.no
    from unnest($3::integer[]) t (no)
    cross join lateral (
        select no from experiments where no = t.no and (features is not null or type = 'squarecb') limit 1
    ) x
),
given as materialized (
    select unit, experiment
    from event
    where exists (select from contextual) and batch = any($1::bigint[]) and not is_bot and ($2::uuid[] is null or event_id = any($2))
)
insert into contextual_queue (experiment, unit)
select distinct c.no, g.unit
from contextual c
join given g on g.experiment is null or g.experiment = c.no
