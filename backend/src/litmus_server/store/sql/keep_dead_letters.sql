-- Whoever sends garbage must not fill the disk: all are counted, the first $1 per hour, reason and key are kept.
with given as (
    select *, row_number() over (partition by experiment, reason, key_id order by place) as nth
    from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::int[], $9::text[]) with ordinality
         as t(experiment, reason, message, event_id, unit, door, key_id, body, place)
),
counted as (
    insert into dead_letter_count as c (hour, experiment, reason, key_id, count)
    select date_trunc('hour', now(), 'UTC'), coalesce(experiment, 0), reason, coalesce(key_id, 0), count(*) as count
    from given
    group by 2, 3, 4
    order by 2, 3, 4
    on conflict (hour, experiment, reason, key_id) do update set count = c.count + excluded.count
    returning experiment, reason, key_id, count
),
before as (
    select c.experiment, c.reason, c.key_id, c.count - count(*) as count
    from counted c
    join given g on c.experiment = coalesce(g.experiment, 0) and c.reason = g.reason and c.key_id = coalesce(g.key_id, 0)
    group by c.experiment, c.reason, c.key_id, c.count
)
insert into dead_letter (experiment, reason, message, event_id, unit, door, key_id, body)
select g.experiment, g.reason, g.message, g.event_id, g.unit, g.door, g.key_id, g.body
from given g
join before b on b.experiment = coalesce(g.experiment, 0) and b.reason = g.reason and b.key_id = coalesce(g.key_id, 0)
where b.count + g.nth <= $1
order by g.place
