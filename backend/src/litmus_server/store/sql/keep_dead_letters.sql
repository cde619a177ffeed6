-- Whoever sends garbage must not fill the disk: all are counted, the first thousand per hour, reason and key are kept.
with given as (
    select *
    from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::int[], $9::text[])
         as t(experiment, reason, message, event_id, unit, door, key_id, body)
),
counted as (
    insert into dead_letter_count as c (hour, experiment, reason, key_id, count)
    select date_trunc('hour', now(), 'UTC'), coalesce(experiment, 0), reason, coalesce(key_id, 0), count(*)
    from given
    group by 2, 3, 4
    order by 2, 3, 4
    on conflict (hour, experiment, reason, key_id) do update set count = c.count + excluded.count
    returning experiment, reason, key_id, count
)
insert into dead_letter (experiment, reason, message, event_id, unit, door, key_id, body)
select g.experiment, g.reason, g.message, g.event_id, g.unit, g.door, g.key_id, g.body
from given g
join counted c on c.experiment = coalesce(g.experiment, 0) and c.reason = g.reason and c.key_id = coalesce(g.key_id, 0)
where c.count <= $1
