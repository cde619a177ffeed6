-- The stay that each unit was in at a moment (null: now), and whether it was over by then; of a moment before the first stay, the
-- first. Nobody's clock goes ahead of this one. $4: how many seconds a stay lasts.
select t.place::int as place, a.unit, a.assigned_at + t.lasts * interval '1 second' <= t.at as over
from (
    select unit, experiment, least(coalesce(at, now()), now()) as at, lasts, place
    from unnest($1::text[], $2::int[], $3::timestamptz[], $4::int[]) with ordinality as t(unit, experiment, at, lasts, place)
) t
cross join lateral (
    (
        select unit, assigned_at, 1 as choice
        from assignment
        where stay_of = t.unit and experiment = t.experiment and assigned_at <= t.at
        order by assigned_at desc
        limit 1
    )
    union all
    (
        select unit, assigned_at, 2
        from assignment
        where stay_of = t.unit and experiment = t.experiment
        order by assigned_at
        limit 1
    )
    order by choice
    limit 1
) a
