-- Metric events of the batches $1 (of the events $2 only, unless null) onto rows that stand: each row is read and written
-- once, and moments get the difference from old and new in hand. Rows that are not exposed yet are only noted.
-- $3: where the minutes begin.
with given as materialized (
    select unit, experiment, variant, epoch, metric, value, occurred_at, received_at, coalesce(unit_type, 'user') as unit_type
    from event
    where batch = any($1::bigint[]) and kind > 1 and not is_bot and ($2::uuid[] is null or event_id = any($2))
),
-- One row per event and experiment that it is for, with what stands there.
met as materialized (
    select g.unit, g.experiment, g.variant, g.epoch, s.cohort, g.metric, g.value, g.occurred_at, true as named,
           s.ctid as place, s.first_at, m.slot, s.first_at + m.window_seconds * interval '1 second' as ends_at,
           coalesce(s.counts[m.slot], 0) as c, coalesce(s.totals[m.slot], 0) as y, coalesce(s.before[m.slot], 0) as x,
           s.firsts[m.slot] as f
    from given g
    left join lateral (
        select ctid, * from unit_state where unit = g.unit and experiment = g.experiment limit 1
    ) s on true
    left join lateral (
        select slot, window_seconds from experiment_metric where experiment = g.experiment and metric = g.metric limit 1
    ) m on true
    where g.experiment is not null
    union all
    select g.unit, s.experiment, s.variant, s.epoch, s.cohort, g.metric, g.value, g.occurred_at, false,
           s.ctid, s.first_at, m.slot, s.first_at + m.window_seconds * interval '1 second',
           coalesce(s.counts[m.slot], 0), coalesce(s.totals[m.slot], 0), coalesce(s.before[m.slot], 0), s.firsts[m.slot]
    from given g
    join unit_state s on s.unit = g.unit and s.first_at is not null
    cross join lateral (select unit_type from experiments where no = s.experiment limit 1) x
    left join lateral (
        select slot, window_seconds from experiment_metric where experiment = s.experiment and metric = g.metric limit 1
    ) m on true
    where g.experiment is null and x.unit_type = g.unit_type
),
noted as (
    insert into unit_state (unit, experiment, variant, epoch)
    select unit, experiment, min(variant), min(epoch) from met where place is null group by unit, experiment
    on conflict do nothing
),
marked as (
    insert into unit_state (unit, experiment)
    select distinct unit, 0 from given where experiment is null
    on conflict do nothing
),
-- What changes, per row and slot: c, y, x, f is what stood; dc, dy, dx the difference; df the earliest of the new events;
-- count, total, prior and first what is to stand.
change as materialized (
    select *, nullif(c + dc, 0)::integer as count, case when c + dc > 0 then y + dy end as total, nullif(x + dx, 0) as prior,
           least(f, df) as first, count(*) over (partition by place) as slots
    from (
        select place, slot, metric, experiment, variant, epoch, cohort, c, y, x, f,
               count(*) filter (where occurred_at >= first_at) as dc,
               coalesce(sum(value) filter (where occurred_at >= first_at), 0) as dy,
               coalesce(sum(value) filter (where occurred_at < first_at), 0) as dx,
               min(occurred_at) filter (where occurred_at >= first_at) as df
        from met
        where slot is not null and occurred_at >= first_at - interval '720 hours' and occurred_at < ends_at
        group by place, slot, metric, experiment, variant, epoch, cohort, c, y, x, f
    ) g
),
-- Most rows change in one place, and to set an element is half the work of building an array.
written_one as (
    update unit_state s
    set counts[d.slot] = d.count, totals[d.slot] = d.total, before[d.slot] = d.prior, firsts[d.slot] = d.first
    from change d
    where d.slots = 1 and s.ctid = d.place
),
written_many as (
    update unit_state s
    set (counts, totals, before, firsts) = (
        select array_agg(case when at is null then s.counts[k] else p.counts[at] end),
               array_agg(case when at is null then s.totals[k] else p.totals[at] end),
               array_agg(case when at is null then s.before[k] else p.priors[at] end),
               array_agg(case when at is null then s.firsts[k] else p.firsts[at] end)
        from generate_series(1, greatest(cardinality(s.counts), p.width)) k
        cross join lateral (select array_position(p.slots, k) as at) a
    )
    from (
        select place, max(slot) as width, array_agg(slot::integer) as slots, array_agg(count) as counts,
               array_agg(total) as totals, array_agg(prior) as priors, array_agg(first) as firsts
        from change
        where slots > 1
        group by place
    ) p
    where s.ctid = p.place
),
summed as (
    insert into moments as o (experiment, variant, epoch, cohort, metric, span, n, s1, s2, s3, x1, x2, xy)
    select d.experiment, d.variant, s.epoch_of, s.cohort_of, d.metric, s.span, sum(d.n), sum(d.s1), sum(d.s2), sum(d.s3),
           sum(d.x1), sum(d.x2), sum(d.xy)
    from (
        select experiment, variant, epoch, cohort, metric,
               count(*) filter (where c = 0 and dc > 0) as n,
               sum(dy) as s1,
               sum(dy * (2 * y + dy)) as s2,
               sum(dy * (3 * y * (y + dy) + dy * dy)) as s3,
               sum(dx) as x1,
               coalesce(sum(dx * (2 * x + dx)) filter (where dx <> 0), 0) as x2,
               coalesce(sum((x + dx) * (y + dy) - x * y) filter (where x <> 0 or dx <> 0), 0) as xy
        from change
        group by experiment, variant, epoch, cohort, metric
    ) d
    cross join lateral moments_spans(d.epoch, d.cohort) s
    where n <> 0 or s1 <> 0 or s2 <> 0 or s3 <> 0 or x1 <> 0 or x2 <> 0 or xy <> 0
    group by d.experiment, s.span, d.metric, d.variant, s.epoch_of, s.cohort_of
    on conflict (experiment, span, metric, variant, epoch, cohort) do update
    set n = o.n + excluded.n, s1 = o.s1 + excluded.s1, s2 = o.s2 + excluded.s2, s3 = o.s3 + excluded.s3,
        x1 = o.x1 + excluded.x1, x2 = o.x2 + excluded.x2, xy = o.xy + excluded.xy
    returning experiment, n = 0 and x2 = 0 as empty
),
tallied as (
    insert into rollup as r (experiment, variant, metric, span, at, events, total, units)
    select t.experiment, t.variant, t.metric, s.span, s.at, sum(t.events), sum(t.total), sum(t.units)
    from (
        select experiment, variant, metric, date_bin('1 minute', occurred_at, '2000-01-01 00:00+00') as minute,
               count(*) as events, sum(value) as total, 0 as units
        from met
        where named or occurred_at >= first_at
        group by 1, 2, 3, 4
        union all
        select experiment, variant, metric, date_bin('1 minute', df, '2000-01-01 00:00+00'), 0, 0, count(*)
        from change
        where df < f or (c = 0 and dc > 0)
        group by 1, 2, 3, 4
        union all
        select experiment, variant, metric, date_bin('1 minute', f, '2000-01-01 00:00+00'), 0, 0, -count(*)
        from change
        where df < f
        group by 1, 2, 3, 4
    ) t
    cross join lateral rollup_spans(t.minute, $3) s
    group by t.experiment, s.span, s.at, t.variant, t.metric
    on conflict (experiment, span, at, variant, metric) do update
    set events = r.events + excluded.events, total = r.total + excluded.total, units = r.units + excluded.units
    returning experiment
)
select (select count(*) from given) as events,
       (select max(received_at) from given) as newest,
       (select array_agg(experiment) from (select experiment from tallied union select experiment from summed) t) as experiments,
       exists (select from summed where empty) as emptied
