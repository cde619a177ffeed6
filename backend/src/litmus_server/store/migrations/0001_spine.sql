-- The spine: configuration, the log of assignments, the event log, its fold, policies, reports, jobs.
-- PostgreSQL 15 is the floor. Text that is an id is collate "C": its order must not depend on a locale.
-- `experiment` and `variant` in the hot tables are small integers: experiments.no and a variant's ordinal.

-- ── configuration ──────────────────────────────────────────────────────────────────────────────────────

-- What experiments share. `revision` is that of the change that made it what it is; keys never change.
create table audience (
    key         text collate "C" primary key,
    name        text not null,
    description text not null default '',
    condition   jsonb not null,                  -- may name other audiences
    revision    bigint not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

create table layer (
    no          integer generated always as identity primary key,
    key         text collate "C" not null unique,
    name        text not null,
    description text not null default '',
    salt        text not null,
    revision    bigint not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

-- One row, with one salt for ever: raising the share only takes units out, lowering it lets the same ones in again.
create table holdout (
    salt       text not null,
    share      integer not null check (share between 0 and 1000000),
    revision   bigint not null,
    updated_at timestamptz not null default now()
);
insert into holdout values (left(replace(gen_random_uuid()::text, '-', ''), 16), 0, 0);

create table experiments (
    no                integer generated always as identity unique,
    id                uuid primary key,
    key               text collate "C" not null unique,
    name              text collate "C" not null unique,
    description       text not null default '',
    hypothesis        text not null default '',
    owner             text not null default '',
    tags              text[] not null default '{}',
    type              text not null,
    status            text not null default 'draft' check (status in ('draft', 'running', 'paused', 'completed')),
    unit_type         text collate "C" not null default 'user',
    ttl_seconds       integer check (ttl_seconds > 0), -- after which a unit is drawn anew; null: never
    public            boolean not null default false,
    salt              text not null,
    traffic           integer not null check (traffic between 0 and 1000000),
    epoch             integer not null default 1,
    revision          bigint not null,
    parameters        jsonb not null default '{}',
    dimensions        text[] not null default '{country,device,browser,platform}',
    cohort_hours      smallint not null default 24 check (cohort_hours in (1, 24)),
    planned_units     bigint,
    min_sample_size   bigint,
    significance      double precision not null default 0.95,
    auto_promote      boolean not null default false,
    acting            jsonb not null default '{"guardrails": "pause", "sample_ratio": "sequential"}', -- what may be done to it by itself: domain/acting.py
    promotion         jsonb,                           -- the variant that a rule has promoted
    analysis          jsonb not null default '{}',     -- how it is judged: domain/plan.py
    audience          jsonb,                           -- a condition, with names of shared audiences in it
    layer             integer references layer (no),
    layer_from        integer,                         -- the range of the layer's buckets that it takes
    layer_to          integer,
    holdout           boolean not null default true,   -- whether the global holdout keeps units out of it
    holdback          jsonb,                           -- {"share", "to"}: of a bandit, who is drawn as if nothing had been learned
    forced            jsonb not null default '{}',     -- unit id → variant key, for people who test it
    starts_at         timestamptz,
    ends_at           timestamptz,
    start_failed      jsonb,                           -- a start that was due and could not be done
    ramp              jsonb,
    progress          jsonb,                           -- of the ramp, from the start until its last step
    due_at            timestamptz,                     -- when time changes it next: domain/schedule.py
    factors           jsonb,
    features          jsonb,                           -- of a contextual one: what it decides by
    value_type        text,                            -- of a flag
    cloned_from       uuid,
    winner_variant_id uuid,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    started_at        timestamptz,
    completed_at      timestamptz,
    archived_at       timestamptz,
    search            text not null default '',        -- lower-case, all that is looked through for a text
    check ((layer is null) = (layer_from is null) and (layer is null) = (layer_to is null)),
    check (0 <= layer_from and layer_from < layer_to and layer_to <= 1000000),
    -- No two experiments of a layer have a bucket in common. All layers lie side by side on one line, which needs no extension.
    constraint layer_is_exclusive exclude using gist
        (int8range(layer * 1000000::bigint + layer_from, layer * 1000000::bigint + layer_to) with &&)
        where (layer is not null and status <> 'completed' and archived_at is null)
);
-- Has all that the default list, and the list of everything, look at to find a page: the rows are wide.
create index experiments_by_status on experiments (status, created_at desc, id) include (no, archived_at);
create index experiments_by_revision on experiments (revision);
create index experiments_due on experiments (due_at) where due_at is not null;
create index experiments_ramping on experiments (no) where progress is not null;
create index experiments_by_layer on experiments (layer) where layer is not null;

-- Drafts that were deleted, for those who still have them in memory.
create table experiment_deleted (
    experiment integer primary key,
    revision   bigint not null
);
create index experiment_deleted_by_revision on experiment_deleted (revision);

create table experiment_variants (
    id            uuid primary key,
    experiment_id uuid not null references experiments (id) on delete cascade,
    key           text collate "C" not null,
    name          text not null,
    ordinal       smallint not null,
    is_control    boolean not null default false,
    weight        integer not null check (weight between 0 and 1000000),
    config        jsonb not null default '{}',
    factors       jsonb,
    state         text not null default 'active' check (state in ('active', 'paused', 'retired')),
    created_at    timestamptz not null default now(),
    unique (experiment_id, ordinal),
    unique (experiment_id, key)
);

-- What was found wrong with an experiment; it stands until it is cleared. A guardrail's says which metric.
create table alarm (
    id         bigint generated always as identity primary key,
    experiment integer not null references experiments (no) on delete cascade,
    kind       text not null check (kind in ('sample_ratio', 'guardrail')),
    metric     integer,
    message    text not null,
    evidence   jsonb not null default '{}',   -- the numbers that the rule went by
    raised_at  timestamptz not null default now(),
    cleared_at timestamptz check (cleared_at >= raised_at),
    cleared_by text,
    -- Of a guardrail that a person has acknowledged: the logarithm of the evidence then, by variant. What comes later is held against it.
    floors     jsonb
);
create unique index alarm_standing on alarm (experiment, kind, coalesce(metric, 0)) where cleared_at is null;

-- How far the rules that act by themselves have looked. `looks` are those that the promotion rule has taken.
create table rule_mark (
    experiment integer primary key references experiments (no) on delete cascade,
    seq        bigint not null default -1,    -- fold_mark and the configuration, when they were judged last
    revision   bigint not null default -1,
    looks      smallint not null default 0,
    looked_at  timestamptz not null default now()
) with (fillfactor = 50);

-- A planned look that was taken: a fact, kept for ever. `contrast` is what was compared, from which its interval can be computed
-- again at any level; `planned_units` is the plan that was in force at the first look, and stays.
create table look (
    experiment      integer not null references experiments (no) on delete cascade,
    metric          integer not null,
    variant         smallint not null,
    number          smallint not null,
    taken_at        timestamptz not null,
    fraction        double precision not null,
    final           boolean not null,
    planned_units   bigint not null,
    units           bigint not null,
    contrast        jsonb not null,
    estimate        double precision not null,
    lower           double precision,        -- null: unbounded
    upper           double precision,
    p_value         double precision not null,
    median_unbiased double precision,
    primary key (experiment, metric, variant, number)
);

-- Every name that any event ever used, as a small integer; 0 stands for "the exposure itself" in moments.
create table metric (
    id   integer generated always as identity primary key,
    name text collate "C" not null unique
);

-- The metrics an experiment declares: they have totals per unit, at the place `slot` of its arrays.
create table experiment_metric (
    experiment     integer not null references experiments (no) on delete cascade,
    metric         integer not null references metric (id),
    slot           smallint not null check (slot between 1 and 64),
    role           text not null check (role in ('primary', 'secondary', 'guardrail')),
    kind           text not null check (kind in ('conversion', 'mean', 'ratio', 'quantile')),
    direction      text not null default 'increase' check (direction in ('increase', 'decrease')),
    window_seconds bigint not null default 2592000 check (window_seconds between 1 and 3153600000),
    details        jsonb not null default '{}',  -- all else that a domain/metric.py Metric has; the fold reads none of it
    declared_at    timestamptz not null default now(),
    primary key (experiment, metric),
    unique (experiment, slot)
);

-- Which names came in undeclared, so that their number can be bounded. Experiment 0: events that name none.
create table metric_use (
    experiment integer not null,
    metric     integer not null references metric (id),
    primary key (experiment, metric)
);

-- One row: the revision of the whole configuration. Its lock puts all changes in one order.
create table configuration_head (revision bigint not null);
insert into configuration_head values (0);

-- What an experiment was at each revision, for ever: a decision that carries revision r is decided by this document.
create table configuration (
    experiment integer not null references experiments (no) on delete cascade,
    revision   bigint not null,
    document   jsonb not null,
    created_at timestamptz not null default now(),
    primary key (experiment, revision)
);

create table status_history (
    experiment integer not null references experiments (no) on delete cascade,
    at         timestamptz not null,
    status     text not null,
    primary key (experiment, at)
);

-- `subject` is what was changed (an experiment, an audience, a layer, …), `key` what it was called then. Nothing is ever
-- deleted here, the subject may be.
create table audit (
    id            bigint generated always as identity primary key,
    at            timestamptz not null default now(),
    subject       text not null default 'experiment',
    experiment_id uuid,
    key           text not null default '',
    action        text not null,
    principal     text not null,
    actor         text,
    reason        text,
    request_id    text,
    before        jsonb,
    after         jsonb,
    evidence      jsonb                 -- what a rule went by
);
create index audit_by_experiment on audit (experiment_id, id desc);

-- ── the log of assignments ─────────────────────────────────────────────────────────────────────────────

-- The first row of a unit wins, across processes and machines. `epoch` is the epoch of fixed weights or the
-- version of the policy; `batch` tells a repeated batch that the row is its own. Where units are drawn anew after a while, `unit`
-- is the name of a stay (domain/stickiness.py), here and in all tables below, and `stay_of` the unit whose it is.
create table assignment (
    unit        text collate "C" not null,
    experiment  integer not null,
    variant     smallint not null,
    door        smallint not null,
    epoch       integer not null,
    propensity  integer not null,
    bucket      integer not null,
    key_id      integer,
    revision    bigint not null,
    batch       bigint not null,
    assigned_at timestamptz not null default now(),
    attributes  jsonb,
    context     jsonb,                     -- of a draw of its own: features, shares in ppm, arms that were eligible
    stay_of     text collate "C",
    primary key (unit, experiment)
);
create index assignment_by_stay on assignment (stay_of, experiment, assigned_at) where stay_of is not null;
-- Which versions of a policy were not everybody's.
create index assignment_by_eligible on assignment (experiment, epoch) where context ? 'eligible';
-- Who was assigned of late: one entry for each 64 pages, so that an insert pays next to nothing.
create index assignment_by_time on assignment using brin (assigned_at) with (pages_per_range = 64, autosummarize = on);

-- ── the event log ──────────────────────────────────────────────────────────────────────────────────────

-- Identity: this narrow table alone decides what is a duplicate.
create table event_key (event_id uuid primary key);

-- Storage: no unique key, no foreign key, no trigger, no default partition. kind 1 exposure, 2 metric, 3 conversion.
-- occurred_at is corrected for the client's clock, and an exposure's is never before its assignment. value is in micro-units.
create table event (
    batch       bigint not null,
    value       bigint,
    occurred_at timestamptz not null,
    received_at timestamptz not null default now(),
    event_id    uuid not null,
    experiment  integer,
    metric      integer,
    epoch       integer,
    key_id      integer,
    kind        smallint not null,
    variant     smallint,
    claimed     smallint,
    door        smallint not null,
    is_bot      boolean not null default false,
    unit        text collate "C" not null,
    unit_type   text collate "C",
    metadata    jsonb
) partition by range (received_at);
create index event_by_batch on event (batch);
create index event_by_unit on event (unit, occurred_at);
-- For people who look at what came in. A batch has one time, so equal entries are many, and stored once: 11 bytes an event.
create index event_by_experiment on event (experiment, received_at);

-- Batches that are committed and not folded yet.
create table fold_queue (batch bigint primary key, received_at timestamptz not null default now());
-- The fold takes the oldest first, whichever node they came from.
create index fold_queue_by_age on fold_queue (received_at);

-- A process takes one number when it starts; its batches are number × 2^40 + a counter.
create sequence node_number;

-- Rejected events, bounded per key, reason and hour; `dead_letter_count` counts all of them.
create table dead_letter (
    id          bigint generated always as identity primary key,
    received_at timestamptz not null default now(),
    experiment  integer,
    reason      text not null,
    message     text not null,
    event_id    text,
    unit        text,
    door        smallint not null,
    key_id      integer,
    body        text not null
);
create index dead_letter_by_experiment on dead_letter (experiment, received_at, id);
create index dead_letter_by_unit on dead_letter (unit, received_at, id);
create index dead_letter_by_age on dead_letter (received_at);

create table dead_letter_count (
    hour       timestamptz not null,
    experiment integer not null,
    reason     text not null,
    key_id     integer not null,
    count      bigint not null,
    primary key (experiment, hour, reason, key_id)
);

-- ── the fold ───────────────────────────────────────────────────────────────────────────────────────────

-- Locked (exclusive mode) by whoever folds; its one row says up to where minutes were pruned.
create table fold_lock (minutes_from timestamptz not null);
insert into fold_lock values ('-infinity');

-- One row per unit and experiment. first_at is null, and the arrays are empty, while only metrics came. Experiment 0 marks
-- a unit that has events which name no experiment. Arrays have one place per declared metric, from the exposure on; null
-- stands for nothing and for zero, so that a row, and the log of its changes, is half as long.
create table unit_state (
    unit       text collate "C" not null,
    experiment integer not null,
    variant    smallint,
    epoch      integer,
    cohort     integer,                              -- where this row stands in moments
    first_at   timestamptz,
    counts     integer[] not null default '{}',      -- events inside the window
    totals     numeric[] not null default '{}',      -- their sum, micro-units
    before     numeric[] not null default '{}',      -- the sum in the 30 days before the exposure, micro-units
    firsts     timestamptz[] not null default '{}',  -- first event inside the window
    primary key (unit, experiment)
) with (fillfactor = 80);
-- No index by experiment: on a new table the fold's statements would be planned by it, and those who ask about one experiment
-- among many (slices, crossed) read the table once.

-- What each row of unit_state adds to moments and to rollup.units: the definition of both. `n` is 1 if the unit has an
-- event inside the window, `first_at` the time of its first one; y is its total, x its sum before the exposure at `exposed_at`.
create view unit_contribution as
select s.unit, s.experiment, s.variant, s.epoch, s.cohort, c.metric, c.n, c.y, c.x, c.first_at, s.first_at as exposed_at
from unit_state s
cross join lateral (
    select 0 as metric, 1 as n, 0::numeric as y, 0::numeric as x, s.first_at
    union all
    select m.metric, (s.counts[m.slot] is not null)::integer, coalesce(s.totals[m.slot], 0), coalesce(s.before[m.slot], 0),
           s.firsts[m.slot]
    from experiment_metric m
    where m.experiment = s.experiment and (s.counts[m.slot] is not null or s.before[m.slot] is not null)
) c
where s.first_at is not null;

-- Sums over exposed units, exact integers of micro-units. metric 0 holds only n, the exposed units.
-- span: 0 all epochs and cohorts together (both are 0 there), 1 one epoch and cohort. Whoever adds up must choose one.
-- cohort: hours since 1970 of the first exposure, rounded down to experiments.cohort_hours.
create table moments (
    experiment integer not null,
    variant    smallint not null,
    epoch      integer not null,
    cohort     integer not null,
    metric     integer not null,
    span       smallint not null,
    n          bigint not null,      -- metric 0: exposed units; else: units with at least one event inside the window
    s1         numeric not null,     -- Σ y, y = a unit's total
    s2         numeric not null,     -- Σ y²
    s3         numeric not null,     -- Σ y³
    x1         numeric not null,     -- Σ x, x = the unit's sum before its exposure
    x2         numeric not null,     -- Σ x²
    xy         numeric not null,     -- Σ x·y
    primary key (experiment, span, metric, variant, epoch, cohort)  -- one metric is one range
) with (fillfactor = 70);

-- The spans that units of this epoch and cohort count in.
create function moments_spans(epoch integer, cohort integer) returns table (span smallint, epoch_of integer, cohort_of integer)
language sql immutable parallel safe
begin atomic
    select * from (values (0::smallint, 0, 0), (1::smallint, epoch, cohort)) s;
end;

-- The bucket of a total in micro-units, as stats/quantiles.py has it: its 11 leading bits, and how many bits follow.
create function sketch_bucket(total numeric) returns integer
language sql immutable parallel safe
begin atomic
    select (sign(total) * (b.shift * 1024 + div(abs(total), power(2::numeric, b.shift))))::integer
    from (
        select width_bucket(abs(total), array[
            2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608,
            16777216, 33554432, 67108864, 134217728, 268435456, 536870912, 1073741824, 2147483648, 4294967296,
            8589934592, 17179869184, 34359738368, 68719476736, 137438953472, 274877906944, 549755813888,
            1099511627776, 2199023255552, 4398046511104, 8796093022208, 17592186044416, 35184372088832,
            70368744177664, 140737488355328, 281474976710656, 562949953421312, 1125899906842624, 2251799813685248,
            4503599627370496, 9007199254740992, 18014398509481984, 36028797018963968, 72057594037927936,
            144115188075855872, 288230376151711744, 576460752303423488, 1152921504606846976, 2305843009213693952,
            4611686018427387904, 9223372036854775808, 18446744073709551616, 36893488147419103232,
            73786976294838206464, 147573952589676412928, 295147905179352825856, 590295810358705651712,
            1180591620717411303424, 2361183241434822606848, 4722366482869645213696, 9444732965739290427392,
            18889465931478580854784, 37778931862957161709568, 75557863725914323419136, 151115727451828646838272,
            302231454903657293676544, 604462909807314587353088, 1208925819614629174706176,
            2417851639229258349412352, 4835703278458516698824704, 9671406556917033397649408,
            19342813113834066795298816, 38685626227668133590597632, 77371252455336267181195264,
            154742504910672534362390528, 309485009821345068724781056, 618970019642690137449562112,
            1237940039285380274899124224, 2475880078570760549798248448, 4951760157141521099596496896,
            9903520314283042199192993792, 19807040628566084398385987584, 39614081257132168796771975168,
            79228162514264337593543950336, 158456325028528675187087900672, 316912650057057350374175801344,
            633825300114114700748351602688, 1267650600228229401496703205376, 2535301200456458802993406410752,
            5070602400912917605986812821504, 10141204801825835211973625643008, 20282409603651670423947251286016,
            40564819207303340847894502572032, 81129638414606681695789005144064, 162259276829213363391578010288128,
            324518553658426726783156020576256, 649037107316853453566312041152512,
            1298074214633706907132624082305024, 2596148429267413814265248164610048,
            5192296858534827628530496329220096, 10384593717069655257060992658440192,
            20769187434139310514121985316880384, 41538374868278621028243970633760768,
            83076749736557242056487941267521536, 166153499473114484112975882535043072,
            332306998946228968225951765070086144, 664613997892457936451903530140172288,
            1329227995784915872903807060280344576, 2658455991569831745807614120560689152,
            5316911983139663491615228241121378304, 10633823966279326983230456482242756608,
            21267647932558653966460912964485513216, 42535295865117307932921825928971026432,
            85070591730234615865843651857942052864
        ]::numeric[]) as shift
    ) b;
end;

-- What the fold derives of a metric from each row of unit_state, beside moments: joint sums, or (sketch) counts of totals.
-- A unit's values are its totals at the slots `totals`, where `indicator` 1 or 0 for whether there is an event, and its sums before
-- the exposure at the slots `before`. No total, and no sum before of the same slot, counts beyond `cap`, in micro-units.
create table derived_metric (
    experiment integer not null references experiments (no) on delete cascade,
    metric     integer not null references metric (id),
    totals     smallint[] not null,
    indicator  boolean[] not null,
    before     smallint[] not null,
    cap        numeric,
    sketch     boolean not null,
    delay      smallint,               -- the slot of a conversion whose delays are summed
    first      smallint[] not null,    -- the terms of joint_moments.sums: products of the values at these places,
    second     smallint[] not null,    -- null where a term has no second
    third      smallint[] not null,    -- and no third factor
    revision   bigint not null,        -- of the configuration that says so
    whole      boolean not null,       -- false: what was folded before is not in its tables yet, or is of another declaration
    primary key (experiment, metric)
);

-- What each row of unit_state adds to the tables below: the definition of both. A unit whose values are all 0 adds nothing.
create view unit_derivation as
select s.unit, s.experiment, s.variant, s.epoch, s.cohort, d.metric, d.sketch, d.first, d.second, d.third, d.revision, d.whole,
       array(
           select case when t.indicator then (s.counts[t.slot] is not null)::integer * 1000000::numeric
                       else least(coalesce(s.totals[t.slot], 0), d.cap) end
           from unnest(d.totals, d.indicator) with ordinality t (slot, indicator, place)
           order by t.place
       ) || array(
           select case when b.slot = d.totals[1] then least(coalesce(s.before[b.slot], 0), d.cap)
                       else coalesce(s.before[b.slot], 0) end
           from unnest(d.before) with ordinality b (slot, place)
           order by b.place
       ) || case when d.delay is not null then
           array[coalesce((extract(epoch from s.firsts[d.delay] - s.first_at) * 1000000)::bigint::numeric, 0)]
       end as vals,
       case when d.sketch and s.counts[d.totals[1]] is not null then sketch_bucket(s.totals[d.totals[1]]) end as bucket,
       s.first_at as exposed_at
from unit_state s
join derived_metric d on d.experiment = s.experiment
where s.first_at is not null;

-- The value of one dimension that a unit has: the day of its exposure, the tenth of the hash that admits traffic (of this salt), or
-- one of its attributes; null where nobody said. The planner puts the body in place of the call.
create function slice_value(dimension text, unit text, exposed_at timestamptz, attributes jsonb, salt text) returns text
language sql stable parallel safe
begin atomic
    select case dimension
               when 'day' then to_char(exposed_at at time zone 'UTC', 'YYYY-MM-DD')
               when 'bucket' then lpad((
                   (('x' || encode(substring(sha256(convert_to('traffic:' || salt || ':' || unit, 'UTF8')) from 1 for 4), 'hex'))::bit(32)::bigint
                    * 10) >> 32
               )::text, 2, ' ')
               else left(attributes ->> dimension, 100)
           end;
end;

-- Sums and products of several values a unit, over exposed units, exact integers of micro-units to the power of their factors,
-- in the order of derived_metric's terms; the last one may be of delays, in microseconds. How many units there are is in moments, metric 0.
create table joint_moments (
    experiment integer not null,
    metric     integer not null,
    variant    smallint not null,
    epoch      integer not null,
    cohort     integer not null,
    sums       numeric[] not null,
    primary key (experiment, metric, variant, epoch, cohort)
) with (fillfactor = 70);

-- Units by the bucket of their total, of quantile metrics; those without an event are in none.
create table sketch (
    experiment integer not null,
    metric     integer not null,
    variant    smallint not null,
    bucket     integer not null,
    n          bigint not null,
    primary key (experiment, metric, variant, bucket)
) with (fillfactor = 70);

-- What adds up by event. span: 0 all time, 1 hour, 2 minute, 3 day. metric 0: events = exposures, units = first exposures;
-- else: events and their sum as they came in, units = first conversions inside the window (declared metrics only).
create table rollup (
    experiment integer not null,
    variant    smallint not null,
    metric     integer not null,
    span       smallint not null,
    at         timestamptz not null,  -- start of the day (UTC), hour or minute of occurred_at; '-infinity' for span 0
    events     bigint not null,
    total      numeric not null,
    units      bigint not null,
    primary key (experiment, span, metric, at, variant)  -- a series of one metric is one range
) with (fillfactor = 70);

-- The spans that something of this minute counts in: minutes before `minutes_from` are not kept. The planner puts the body
-- in place of the call, here and above; a test holds that.
create function rollup_spans(minute timestamptz, minutes_from timestamptz) returns table (span smallint, at timestamptz)
language sql immutable parallel safe
begin atomic
    select *
    from (
        values (0::smallint, '-infinity'::timestamptz),
               (1::smallint, date_bin('1 hour', minute, '2000-01-01 00:00+00')),
               (2::smallint, minute),
               (3::smallint, date_bin('1 day', minute, '2000-01-01 00:00+00'))
    ) s (span, at)
    where s.span <> 2 or s.at >= minutes_from;
end;

-- How far each experiment has been folded. seq grows with each fold that touched it: the watermark of reports.
create table fold_mark (
    experiment integer primary key,
    seq        bigint not null,
    units      bigint not null,       -- exposed units, all variants: what the learner's growth rule looks at
    folded_at  timestamptz not null   -- received_at of the newest folded event
) with (fillfactor = 50);

create table fold_fault (
    event_id  uuid primary key,
    batch     bigint not null,
    error     text not null,
    at        timestamptz not null default now()
);

-- ── learning, reports, jobs ────────────────────────────────────────────────────────────────────────────

create table policy (
    experiment   integer not null references experiments (no) on delete cascade,
    version      integer not null,
    revision     bigint not null,       -- the configuration whose arms it is for: (r, v) is one state
    parent       integer,
    propensities integer[] not null,    -- ppm, by ordinal
    state        jsonb not null,        -- what they were computed from: alpha, beta, win probability, units, watermark
    checksum     text not null,
    units        bigint not null,       -- matured outcomes at publication
    published_at timestamptz not null default now(),
    primary key (experiment, version)
);

create table policy_head (
    experiment integer primary key references experiments (no) on delete cascade,
    version    integer not null
);

-- The newest report of each experiment, and what it was computed from. json, not jsonb: it is served byte for byte.
create table report (
    experiment     integer primary key references experiments (no) on delete cascade,
    seq            bigint not null,       -- fold_mark
    revision       bigint not null,       -- configuration
    policy_version integer not null,      -- 0: none
    computed_at    timestamptz not null,
    changes_at     timestamptz,           -- when it says something else although nothing happens
    document       json not null,
    summary        json not null          -- of the document: what a list shows
);

create table job (
    id           bigint generated always as identity primary key,
    kind         text not null,
    payload      jsonb not null default '{}',
    dedupe_key   text,                  -- what the job is about; null: every one is a job of its own
    state        text not null default 'queued' check (state in ('queued', 'running', 'done', 'dead')),
    run_at       timestamptz not null default now(),
    lease_until  timestamptz,
    attempt      integer not null default 0,
    max_attempts integer not null default 5,
    owner        text,
    last_error   text,
    result       jsonb,
    created_at   timestamptz not null default now(),
    finished_at  timestamptz
);
create unique index job_once on job (kind, dedupe_key) where state = 'queued';
create unique index job_alone on job (kind, dedupe_key) where state = 'running';
create index job_due on job (run_at, id) where state = 'queued';
create index job_leased on job (lease_until) where state = 'running';
create index job_over on job (finished_at) where state in ('done', 'dead');

create table schedule (
    name          text primary key,
    kind          text not null,
    every_seconds integer not null check (every_seconds > 0),
    last_fired    timestamptz
);

-- ── contextual experiments ─────────────────────────────────────────────────────────────────────────────

-- Units whose row in unit_state has changed and may not be in the sums yet; a unit may wait more than once.
create table contextual_queue (experiment integer not null, unit text collate "C" not null);
create index contextual_queue_by_experiment on contextual_queue (experiment);

-- What of each unit is in the sums, so that exactly the difference can be added. reward: micro-units.
create table contextual_unit (
    experiment integer not null,
    unit       text collate "C" not null,
    variant    smallint not null,
    reward     numeric not null,
    primary key (experiment, unit)
);

-- Over exposed units, with x their vector in ten-thousandths and r their reward: outer is the lower triangle of Σ x·xᵀ row by
-- row, cross Σ r·x, squares Σ r². Exact: the same in whatever order and parts it was added up.
create table contextual_sums (
    experiment integer not null references experiments (no) on delete cascade,
    variant    smallint not null,
    units      bigint not null,
    outer_sum  bigint[] not null,
    cross_sum  numeric[] not null,
    squares    numeric not null,
    primary key (experiment, variant)
);

-- Of those units, where there is a holdback: units, those whose r is not zero, Σ r, Σ r² and Σ r³ by whether they were held back, for
-- each share (ppm) and baseline (what those get that are held back) that there has been.
create table contextual_held (
    experiment integer not null references experiments (no) on delete cascade,
    baseline   text not null,
    share      integer not null,
    held       boolean not null,
    units      bigint not null,
    seen       bigint not null,
    total      numeric not null,
    squares    numeric not null,
    cubes      numeric not null,
    primary key (experiment, baseline, share, held)
);

-- ── the names that the mission's documents print, to be queried ────────────────────────────────────────

create view experiment_assignments as
select x.id as experiment_id, x.key as experiment_key, a.unit as unit_id, a.unit as user_id, v.id as variant_id, v.key as variant_key,
       a.epoch, a.revision, a.propensity / 1e6 as propensity, a.bucket, a.attributes, a.assigned_at, a.context
from assignment a
join experiments x on x.no = a.experiment
join experiment_variants v on v.experiment_id = x.id and v.ordinal = a.variant;

create view experiment_exposures as
select e.event_id, x.id as experiment_id, x.key as experiment_key, e.unit as unit_id, e.unit as user_id, v.id as variant_id, v.key as variant_key,
       e.occurred_at, e.received_at, e.metadata
from event e
join experiments x on x.no = e.experiment
join experiment_variants v on v.experiment_id = x.id and v.ordinal = e.variant
where e.kind = 1;

create view experiment_observations as
select e.event_id, x.id as experiment_id, x.key as experiment_key, e.unit as unit_id, e.unit as user_id, v.id as variant_id, v.key as variant_key,
       m.name as metric_name, e.value / 1e6 as value, e.occurred_at, e.received_at, e.metadata
from event e
join metric m on m.id = e.metric
left join experiments x on x.no = e.experiment
left join experiment_variants v on v.experiment_id = x.id and v.ordinal = e.variant
where e.kind in (2, 3);

create view experiment_conversions as
select o.*
from experiment_observations o
where o.experiment_id is not null;

create view experiment_test_results as
select x.id as experiment_id, x.key as experiment_key, r.seq as watermark, r.computed_at, r.document
from report r
join experiments x on x.no = r.experiment;
