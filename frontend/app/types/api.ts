// Made by `npm run types` from the OpenAPI document 2e9f7b84a760870a68e3eba508869684d99b6d4538bc8b3f75747653818445a0. Do not edit.

export interface paths {
    "/api/v1/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Assign many units at once */
        post: operations["assignMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audiences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All named audiences */
        get: operations["listAudiences"];
        put?: never;
        /** Name a condition that experiments share */
        post: operations["createAudience"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audiences/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One, and who names it */
        get: operations["getAudience"];
        put?: never;
        post?: never;
        /** Remove one that nobody names */
        delete: operations["deleteAudience"];
        options?: never;
        head?: never;
        /** Change it, and with it every experiment that means it */
        patch: operations["editAudience"];
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what and why, of everything, deleted drafts included; newest first */
        get: operations["getTrail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rejected events that name no experiment that there is, or those of one; and how many by hour */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/definitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All definitions that are not archived, as documents that can be applied elsewhere */
        get: operations["listDefinitions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/definitions/apply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bring everything to what these documents say, in one transaction or not at all; nothing is deleted */
        post: operations["applyDefinitions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/definitions/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What applying these documents would change */
        post: operations["planDefinitions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send events: many in an envelope, or one bare */
        post: operations["sendEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List experiments: the running ones, or those of a status, or all */
        get: operations["listExperiments"];
        put?: never;
        /** Create an experiment */
        post: operations["createExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/conversions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Record a conversion */
        post: operations["recordConversion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One experiment with its variants */
        get: operations["getExperiment"];
        put?: never;
        post?: never;
        /** Delete a draft; what has started can be archived */
        delete: operations["deleteExperiment"];
        options?: never;
        head?: never;
        /** Change a draft, or what is safe to change once it has started */
        patch: operations["editExperiment"];
        trace?: never;
    };
    "/api/v1/experiments/{id}/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was found wrong with it: the alarms that stand and those that stood, newest first */
        get: operations["listAlarms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/alarms/{alarm}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Bear with what an alarm says: it stands no longer, until there is as much evidence anew */
        post: operations["acknowledgeAlarm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/analysis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The inferential part of the report alone: verdict, plan, health, effects, tests by name */
        get: operations["getAnalysis"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a draft or a completed experiment away */
        post: operations["archiveExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Assign a unit to a variant */
        post: operations["assignUnit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/assignments/{unit_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a unit was assigned */
        get: operations["getAssignment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who changed what and why, newest first */
        get: operations["getAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/bandit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Posteriors, shares, and every published policy version with the state that it follows from */
        get: operations["getBandit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/breakdown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One metric by the values of one dimension: effects, what differs between them, whose sample ratio is wrong */
        get: operations["getBreakdown"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/clone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A new draft that says the same, also of an archived one */
        post: operations["cloneExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/cohorts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether an effect lasts: by when units came, and by how long they have been there */
        get: operations["getCohorts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/conclude": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Complete it, or name the winner of a completed one: everybody gets that variant */
        post: operations["concludeExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/definition": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What people chose about an experiment, as a document */
        get: operations["getDefinition"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/evaluate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What another policy would have earned on the units of the log, or why that cannot be said */
        post: operations["evaluatePolicy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came in for an experiment, accepted and rejected, newest first */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Why a unit gets what it gets: every step of the decision; nothing is assigned */
        post: operations["explainDecision"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The report with all that it was computed from, as one JSON document, or one table of it as CSV or Parquet */
        get: operations["exportReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/export/units": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every exposed unit: variant, first exposure, and of each metric events, sum, and sum before the exposure */
        get: operations["exportUnits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/interactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether an effect depends on the variant of another experiment that has the same units */
        get: operations["getInteractions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/launch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same as start */
        post: operations["launchExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Raw counters: events as they came in, distinct exposed units */
        get: operations["getMetrics"];
        put?: never;
        /** Declare one more metric, also of a running experiment */
        post: operations["declareMetric"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause: control for everybody until it is resumed */
        post: operations["pauseExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/power": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same for an experiment as it is planned, from what control has shown so far */
        get: operations["getPower"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/previews": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A token that shows one variant, for people who check it; nothing is logged */
        post: operations["createPreview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/ramp/hold": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Hold the ramp: the share of traffic stays until it is resumed */
        post: operations["holdRamp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/ramp/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let the ramp go on */
        post: operations["resumeRamp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The report: what is known of each variant, computed once for everybody who asks */
        get: operations["getReport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take it out of the archive */
        post: operations["restoreExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One metric over time, at most 500 points */
        get: operations["getResults"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resume after a pause */
        post: operations["resumeExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start: from now on units are assigned */
        post: operations["startExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the status */
        put: operations["setExperimentStatus"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop for ever: control for everybody */
        post: operations["stopExperiment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments/{id}/winner": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ship another winner of a completed experiment, or (null) none: then everybody gets the control */
        post: operations["shipWinner"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holdout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The share of units that no experiment has */
        get: operations["getHoldout"];
        /** Keep this share of units out of every experiment that takes part; those that are in stay */
        put: operations["setHoldout"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/layers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All layers, with who has which part */
        get: operations["listLayers"];
        put?: never;
        /** A layer, whose experiments will never share a unit */
        post: operations["createLayer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/layers/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who has which part, and what is free */
        get: operations["getLayer"];
        put?: never;
        post?: never;
        /** Remove one that no experiment names */
        delete: operations["deleteLayer"];
        options?: never;
        head?: never;
        /** Change its name or description */
        patch: operations["editLayer"];
        trace?: never;
    };
    "/api/v1/meta": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this deployment is */
        get: operations["getMeta"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/power": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sample size, detectable effect, power and duration; from typed-in numbers or an experiment's own history */
        post: operations["computePower"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that is needed to decide */
        get: operations["getSnapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/targeting/count": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** How many of the units of the last day a condition, or a named audience, means */
        post: operations["countAudience"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/targeting/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Whether a condition, or a named audience, matches these attributes, and why */
        post: operations["testAudience"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/units/{unit_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One unit: its assignments, what they counted, and its newest events */
        get: operations["getUnit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether this process can answer, and what worries it */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** For Prometheus */
        get: operations["prometheus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether traffic may come */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ActingBody
         * @description What may be done to it by itself.
         */
        ActingBody: {
            guardrails: components["schemas"]["GuardrailAction"];
            sample_ratio: components["schemas"]["RatioTest"];
        };
        /**
         * Adjusted
         * @description The same answer when the questions of its family count together; what `significant` goes by.
         *
         *     `method` is holm or benjamini_hochberg, `family` the number of questions in it; the intervals are at the level at which one
         *     leaves out zero exactly where the adjusted p-value is at most alpha.
         */
        Adjusted: {
            /** P Value */
            p_value: number;
            /** Method */
            method: string;
            /** Family */
            family: number;
            difference: components["schemas"]["Estimate"];
            lift: components["schemas"]["Estimate"];
        };
        /**
         * Adjustment
         * @description How what units did before their exposure makes the effect more precise.
         * @enum {string}
         */
        Adjustment: "none" | "cuped" | "ancova" | "lin";
        /**
         * AfterBandit
         * @description What can be said of the arms although the data chose how often each was drawn. `batches` are stretches of one policy.
         *
         *     `saved` is how much more these units brought than an equal split of them would have (less, where lower is better), in
         *     conversions or in the metric's units; its interval may be watched. `exploring` is the share of the traffic that the
         *     leading arm does not get.
         */
        AfterBandit: {
            /** Metric Name */
            metric_name: string;
            /** Batches */
            batches: number;
            /** Units */
            units: number;
            /** Arms */
            arms: components["schemas"]["BanditArm"][];
            saved: components["schemas"]["Estimate"];
            holdback: components["schemas"]["HoldbackReport"] | null;
            /** Exploring */
            exploring: number | null;
            floor: components["schemas"]["FloorReport"];
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * AlarmBody
         * @description Something that was found wrong. It stands while `cleared_at` is null.
         *
         *     `kind` is sample_ratio or guardrail, and `metric` names the guardrail. `evidence` has the numbers that the rule went by.
         *     `acknowledged_by` is the person who bore with it; null where it stands, or became right by itself.
         */
        AlarmBody: {
            /** Id */
            id: number;
            kind: components["schemas"]["AlarmKind"];
            /** Metric */
            metric: string | null;
            /**
             * Raised At
             * Format: date-time
             */
            raised_at: string;
            /** Message */
            message: string;
            /** Evidence */
            evidence: {
                [key: string]: unknown;
            };
            /** Cleared At */
            cleared_at: string | null;
            /** Acknowledged By */
            acknowledged_by: string | null;
        };
        /**
         * AlarmKind
         * @description What is wrong: units are not split as they should be, or a metric that must not suffer does.
         * @enum {string}
         */
        AlarmKind: "sample_ratio" | "guardrail";
        /**
         * AlarmList
         * @description Newest first. `next_cursor` is null on the last page.
         */
        AlarmList: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Alarms */
            alarms: components["schemas"]["AlarmBody"][];
            /** Count */
            count: number;
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * Alternative
         * @description The same question answered otherwise, for comparison; never what the verdict goes by. `why` says what it is for.
         *
         *     `name`: unadjusted, raw (without the cap), sample_mean (biased after a bandit), narrow (after a bandit), always_valid.
         */
        Alternative: {
            /** Name */
            name: string;
            difference: components["schemas"]["Estimate"];
            lift: components["schemas"]["Estimate"];
            /** P Value */
            p_value: number | null;
            /** Biased */
            biased: boolean;
            /** Why */
            why: string;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * AnalysisBody
         * @description How it is judged. `method` null: hybrid when planned_units are set, else always_valid.
         */
        AnalysisBody: {
            method: components["schemas"]["Method"] | null;
            /** Looks */
            looks: number;
            spending: components["schemas"]["SpendingShape"];
            correction: components["schemas"]["Correction"];
            scope: components["schemas"]["Scope"];
            adjustment: components["schemas"]["Adjustment"];
            /** Minimum Effect */
            minimum_effect: number | null;
            /** Power */
            power: number;
            /** Minimum Days */
            minimum_days: number;
            /** Prior */
            prior: components["schemas"]["NamedPrior"] | components["schemas"]["NormalPrior"];
        };
        /**
         * ArmRatio
         * @description How many units one variant has, against what the weights say.
         *
         *     `residual` is (counted − expected) in standard deviations, null where the weight leaves chance no room; `p_value` is
         *     always valid, adjusted over the variants. `stray`: it has units while its weight was 0.
         */
        ArmRatio: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Counted */
            counted: number;
            /** Expected */
            expected: number;
            /** Residual */
            residual: number | null;
            /** P Value */
            p_value: number;
            /** Stray */
            stray: boolean;
        };
        /**
         * AudienceBody
         * @description A named condition. `condition` may name others.
         */
        AudienceBody: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Condition */
            condition: {
                [key: string]: unknown;
            };
            /** Revision */
            revision: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * AudienceList
         * @description By key.
         */
        AudienceList: {
            /** Audiences */
            audiences: components["schemas"]["AudienceBody"][];
            /** Count */
            count: number;
        };
        /**
         * AuditBody
         * @description One change. `principal` is proven by the token, `actor` is what the caller said.
         *
         *     `subject` says what was changed, `key` what that was called then. `before` and `after` hold what differs, and null where
         *     there was nothing.
         */
        AuditBody: {
            /** Id */
            id: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Subject */
            subject: string;
            /** Experiment Id */
            experiment_id: string | null;
            /** Key */
            key: string;
            /** Action */
            action: string;
            /** Principal */
            principal: string;
            /** Actor */
            actor: string | null;
            /** Reason */
            reason: string | null;
            /** Request Id */
            request_id: string | null;
            /** Before */
            before: {
                [key: string]: unknown;
            } | null;
            /** After */
            after: {
                [key: string]: unknown;
            } | null;
            /** Evidence */
            evidence: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * AuditList
         * @description Newest first. `next_cursor` is null on the last page.
         */
        AuditList: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Entries */
            entries: components["schemas"]["AuditBody"][];
            /** Count */
            count: number;
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * AveragedEffect
         * @description The effect of a variant where the variants of the other come as its weights in force say, whoever was in which so far.
         */
        AveragedEffect: {
            /** Variant Key */
            variant_key: string;
            difference: components["schemas"]["Estimate"];
        };
        /**
         * Axis
         * @description The curves of all variants but control along one axis, judged together: `questions` is how many were asked.
         *
         *     `refused` says in a sentence why there is none; empty where there are some, and `missing` then has no `curves`.
         */
        Axis: {
            /** Alpha */
            alpha: number;
            /** Questions */
            questions: number;
            /** Curves */
            curves: components["schemas"]["Curve"][];
            /** Refused */
            refused: string;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Bandit
         * @description Posteriors, shares and what the bandit has brought, as in the report; and the published versions, newest first: the state of
         *     each has what was known and believed of every variant then.
         */
        Bandit: {
            /** Schema Version */
            schema_version: number;
            /** Stale */
            stale: boolean;
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Type */
            type: string;
            /** Status */
            status: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            watermark: components["schemas"]["Mark"];
            /** Lag Seconds */
            lag_seconds: number;
            /** Revision */
            revision: number;
            /** Policy Version */
            policy_version: number | null;
            /** Level */
            level: number;
            prior: components["schemas"]["Prior"];
            primary_metric: components["schemas"]["MetricDeclaration"] | null;
            /** Exposures */
            exposures: number;
            /** Exposed Units */
            exposed_units: number;
            leader: components["schemas"]["Leader"] | null;
            /** Variants */
            variants: components["schemas"]["VariantReport"][];
            bandit: components["schemas"]["AfterBandit"] | null;
            contextual: components["schemas"]["ContextualReport"] | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
            /** Versions */
            versions: components["schemas"]["PublishedVersion"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * BanditArm
         * @description One arm on the primary metric: `mean` by inverse propensities (AIPW), which holds after a bandit, and the plain
         *     `sample_mean`, which is biased: an arm that began badly was not looked at again.
         *
         *     `posterior` is what the policy goes by: the mean that is expected of the arm, and the interval that holds it with
         *     probability `level`, with old units faded and delays corrected for as the parameters say. `at_floor`: it would get less
         *     without the floor. `arrived` is the share of its units' expected conversions that is in, `to_come` how many are still
         *     expected, and `mean_delay_hours` how long they take, as declared or as learned of this arm; all are null where no delay is
         *     declared or learned.
         */
        BanditArm: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Units */
            units: number;
            mean: components["schemas"]["Estimate"];
            sample_mean: components["schemas"]["Estimate"];
            posterior: components["schemas"]["Estimate"];
            /** At Floor */
            at_floor: boolean;
            /** Arrived */
            arrived: number | null;
            /** To Come */
            to_come: number | null;
            /** Mean Delay Hours */
            mean_delay_hours: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Baseline
         * @description What units get that are held back: any variant alike, or the control.
         * @enum {string}
         */
        Baseline: "uniform" | "control";
        /**
         * BaselineAnswer
         * @description What control is taken to show. `source`: `typed` or `history`; then `units` are the exposed ones that it is from.
         *
         *     `explained` is the part of the variance that adjustment by what came before the exposure removes.
         */
        BaselineAnswer: {
            /** Source */
            source: string;
            /** Kind */
            kind: string;
            /** Metric */
            metric: string | null;
            /** Mean */
            mean: number;
            /** Sd */
            sd: number;
            /** Explained */
            explained: number;
            /** Units */
            units: number | null;
        };
        /**
         * Belief
         * @description What is believed of an effect, given the prior of the lift.
         *
         *     `chance_to_win` is the probability that the variant is better than control. `expected_loss` is how much worse than control
         *     choosing the variant is expected to be, counting as 0 where it is better, in the metric's units; `expected_loss_of_control`
         *     the other way round. `interval` is of the lift, equal-tailed. `rope` is the half-width of the region of lifts that
         *     are as good as none, `in_rope`, `benefit` and `harm` the probabilities of being inside, better and worse.
         */
        Belief: {
            /** Chance To Win */
            chance_to_win: number;
            /** Expected Loss */
            expected_loss: number;
            /** Expected Loss Of Control */
            expected_loss_of_control: number;
            interval: components["schemas"]["CredibleInterval"];
            /** Rope */
            rope: number;
            /** In Rope */
            in_rope: number;
            /** Benefit */
            benefit: number;
            /** Harm */
            harm: number;
            prior: components["schemas"]["LiftPrior"];
        };
        /**
         * Breakdown
         * @description One metric by the values of one dimension.
         *
         *     Intervals and p-values of slices are always valid, or fixed where the experiment is: nobody has planned looks at slices. All exposed
         *     units count, whether their window has closed or not. `refused` is a sentence where there is no answer.
         */
        Breakdown: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Dimension */
            dimension: string;
            /** Metric */
            metric: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Seq */
            seq: number;
            /** Correction */
            correction: string;
            /** Slices */
            slices: components["schemas"]["Slice"][];
            /** Heterogeneity */
            heterogeneity: components["schemas"]["Heterogeneity"][];
            /** Overall */
            overall: components["schemas"]["Overall"][];
            /** Guilty */
            guilty: components["schemas"]["Guilty"][];
        };
        /**
         * CapBody
         * @description What a unit's total counts at most. Of a quantile the value is null until it is frozen.
         */
        CapBody: {
            /** Value */
            value: number | null;
            /** Quantile */
            quantile: number | null;
            /** Frozen At */
            frozen_at: string | null;
        };
        /**
         * Changed
         * @description What the experiment is after the change, or was already.
         */
        Changed: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            status: components["schemas"]["Status"];
            /** Revision */
            revision: number;
            /** Winner Variant Id */
            winner_variant_id: string | null;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Archived At */
            archived_at: string | null;
        };
        /**
         * Check
         * @description One thing that could be wrong. `name` is one of a closed list: see docs/statistics/report.md.
         */
        Check: {
            /** Name */
            name: string;
            status: components["schemas"]["CheckStatus"];
            /** Sentence */
            sentence: string;
        };
        /**
         * CheckStatus
         * @description How a check ended.
         * @enum {string}
         */
        CheckStatus: "ok" | "warning" | "failed" | "unknown";
        /**
         * Choice
         * @description One variant that could be shipped now, and what choosing it is expected to cost on the primary metric.
         *
         *     `expected_loss` is how much worse than the best variant it is expected to be, counting as 0 where it is the best, in the
         *     metric's units; `lift` is that as a fraction of control's mean.
         */
        Choice: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Is Control */
            is_control: boolean;
            /** Expected Loss */
            expected_loss: number | null;
            /** Expected Loss Lift */
            expected_loss_lift: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * CohortHeterogeneity
         * @description Do the cohorts differ more than chance lets them? Cochran's Q of the scale on which they differ less; p-values as of `Slope`.
         */
        CohortHeterogeneity: {
            /** Statistic */
            statistic: number;
            /** Df */
            df: number;
            /** I Squared */
            i_squared: number;
            /** P Value */
            p_value: number;
            /** Fixed P Value */
            fixed_p_value: number;
        };
        /**
         * Cohorts
         * @description Whether the effect on one metric lasts.
         *
         *     `cohorts`: by the day on which units came, all of them seen for the same time after it, `age_seconds`. `ages`: by the day after their
         *     exposure, of units that have been there that long.
         */
        Cohorts: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Metric */
            metric: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Seq */
            seq: number;
            /** Window Seconds */
            window_seconds: number;
            /** Age Seconds */
            age_seconds: number;
            cohorts: components["schemas"]["Axis"];
            ages: components["schemas"]["Axis"];
        };
        /**
         * ContextualReport
         * @description What a policy has brought that decides by features, and so by shares of each unit's own: no variant has a mean to compare.
         *
         *     Units that are held back are a random share of all, whatever their features: `learned` is the mean of the primary metric of all
         *     others, `held` that of theirs (conversions a unit, or the metric's units), with intervals for one look; those of `holdback` may be
         *     watched. `learned_units` and `held_units` are exposed ones. All four are of those whose holdback had the same `to`.
         */
        ContextualReport: {
            /** Metric Name */
            metric_name: string;
            /** Learned Units */
            learned_units: number;
            /** Held Units */
            held_units: number;
            learned: components["schemas"]["Estimate"];
            held: components["schemas"]["Estimate"];
            holdback: components["schemas"]["HoldbackReport"];
        };
        /**
         * ConversionCounters
         * @description Events of one metric as they came in. `mean` is sum ÷ count, `conversion_rate` count ÷ exposures.
         */
        ConversionCounters: {
            /** Count */
            count: number;
            /** Sum */
            sum: number;
            /** Mean */
            mean: number | null;
            /** Conversion Rate */
            conversion_rate: number | null;
        };
        /**
         * Correction
         * @description What is held at alpha when several questions are asked: nothing, any false alarm, the share of false alarms.
         * @enum {string}
         */
        Correction: "none" | "holm" | "benjamini_hochberg";
        /**
         * Counted
         * @description Of the `units` that experiments assigned since `since`, at most a day ago, how many match the condition.
         *
         *     Of `unknown` it cannot be said: the log keeps the attributes that experiments' dimensions name, and no others. Nobody was
         *     assigned: `units` is 0. `whole`: all since then were looked at; else as many as are looked at, which is enough for a share.
         */
        Counted: {
            /** Units */
            units: number;
            /** Matching */
            matching: number;
            /** Not Matching */
            not_matching: number;
            /** Unknown */
            unknown: number;
            /**
             * Not Kept
             * @description Attributes that the condition asks for, and that none of their experiments keeps
             */
            not_kept: string[];
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** Whole */
            whole: boolean;
        };
        /**
         * Created
         * @description `variants` is their number, as the mission prints it.
         */
        Created: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            status: components["schemas"]["Status"];
            /** Variants */
            variants: number;
            /** Variant Ids */
            variant_ids: {
                [key: string]: string;
            };
            /** Revision */
            revision: number;
        };
        /**
         * CredibleInterval
         * @description Equal-tailed credible interval: the rate is inside with probability `level`.
         */
        CredibleInterval: {
            /** Lower */
            lower: number;
            /** Upper */
            upper: number;
            /** Level */
            level: number;
        };
        /**
         * Curve
         * @description The effect of one variant along one axis. `points` in their order; `left_out_units` are those of groups that are too small as yet.
         *
         *     `pattern` goes by the always-valid p-values, each times the number of `questions`, at most `alpha`; `sentence` says it. Of ages
         *     there is no `heterogeneity`: units are in all of them.
         */
        Curve: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            pattern: components["schemas"]["Pattern"];
            /** Sentence */
            sentence: string;
            /** Points */
            points: components["schemas"]["CurvePoint"][];
            /** Left Out Units */
            left_out_units: number;
            slope: components["schemas"]["Slope"] | null;
            heterogeneity: components["schemas"]["CohortHeterogeneity"] | null;
            thirds: components["schemas"]["Thirds"] | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * CurvePoint
         * @description The effect on one group of units, whose intervals hold for that group alone.
         *
         *     Of cohorts: the units whose first exposure was from `since` to before `until`, days since the first cohort being `day`. Of ages: what all
         *     units did on this `day` after their exposure (0: the first 24 hours), `since` and `until` being null. `lift` is a fraction of control.
         */
        CurvePoint: {
            /** Since */
            since: string | null;
            /** Until */
            until: string | null;
            /** Day */
            day: number;
            /** Units */
            units: number;
            /** Control Units */
            control_units: number;
            /** Mean */
            mean: number;
            /** Control Mean */
            control_mean: number;
            difference: components["schemas"]["Estimate"];
            lift: components["schemas"]["Estimate"];
        };
        /**
         * DeadLetters
         * @description Rejected events, newest first, and how many there were by hour, newest first.
         */
        DeadLetters: {
            /** Dead Letters */
            dead_letters: components["schemas"]["SeenEvent"][];
            /** Counts */
            counts: components["schemas"]["ReasonCount"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * Deleted
         * @description A draft that is no more; its name and key are free.
         */
        Deleted: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /**
             * Deleted
             * @default true
             * @constant
             */
            deleted: true;
            /** Revision */
            revision: number;
        };
        /**
         * DesignAnswer
         * @description The test as it is planned. `alpha_each` is that of one comparison: `alpha` over the treatments where they are corrected.
         *
         *     `inflation`: how many times the units of a single look it needs at most.
         */
        DesignAnswer: {
            method: components["schemas"]["Method"];
            /** Looks */
            looks: number;
            spending: components["schemas"]["SpendingShape"] | null;
            /** Alpha */
            alpha: number;
            /** Alpha Each */
            alpha_each: number;
            /** Power */
            power: number;
            /** One Sided */
            one_sided: boolean;
            /** Margin */
            margin: number | null;
            correction: components["schemas"]["Correction"];
            /** Shares */
            shares: number[];
            /** Inflation */
            inflation: number;
        };
        /**
         * Detectable
         * @description The smallest effect that so many units in all find with the wanted power.
         */
        Detectable: {
            /** Units */
            units: number;
            effect: components["schemas"]["litmus_server__domain__power__Effect"];
        };
        /**
         * DifferenceBody
         * @description One value that changes; null where there was, or will be, nothing.
         */
        DifferenceBody: {
            /** Pointer */
            pointer: string;
            /** Before */
            before: unknown;
            /** After */
            after: unknown;
        };
        /**
         * Direction
         * @description Which way is better.
         * @enum {string}
         */
        Direction: "increase" | "decrease";
        /**
         * EffectDifference
         * @description By how much the effect of a variant differs where the other has this variant instead of its control, in the metric's units.
         *
         *     The intervals of one other experiment hold together, and agree with its test.
         */
        EffectDifference: {
            /** Variant Key */
            variant_key: string;
            /** Other Variant Key */
            other_variant_key: string;
            difference: components["schemas"]["Estimate"];
        };
        /**
         * EffectSeries
         * @description How one variant's lift over control, and the interval around it, moved.
         *
         *     `by` cohort: the k-th point is of all units that were first exposed before `at[k]`, with what is known of them now. `by` time:
         *     it is what was known at `at[k]`. The interval is always valid: all points hold at once with probability `level`. That of
         *     `fixed_lower` to `fixed_upper` holds at one point that was planned, and for no other: what is outside it is the price of
         *     looking often. Null where there was nothing to say yet, ends that are unbounded too. Plain figures, without adjustment.
         */
        EffectSeries: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Metric Name */
            metric_name: string;
            /** By */
            by: string;
            /** Level */
            level: number;
            /** At */
            at: string[];
            /** Units */
            units: number[];
            /** Lift */
            lift: (number | null)[];
            /** Lower */
            lower: (number | null)[];
            /** Upper */
            upper: (number | null)[];
            /** Fixed Lower */
            fixed_lower: (number | null)[];
            /** Fixed Upper */
            fixed_upper: (number | null)[];
        };
        /**
         * EffectWithin
         * @description The effect of a variant against control among the units that have this variant of the other. `level` is of each by itself.
         */
        EffectWithin: {
            /** Variant Key */
            variant_key: string;
            /** Other Variant Key */
            other_variant_key: string;
            difference: components["schemas"]["Estimate"];
        };
        /**
         * Estimate
         * @description A figure and its interval, which holds the truth with probability `level`. A null end: every value beyond is possible.
         */
        Estimate: {
            /** Estimate */
            estimate: number | null;
            /** Lower */
            lower: number | null;
            /** Upper */
            upper: number | null;
            /** Level */
            level: number;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * EventType
         * @description As the log stores them; a `reward` is a metric.
         * @enum {string}
         */
        EventType: "exposure" | "metric" | "conversion";
        /**
         * Expectation
         * @description All variants in their order; null where `missing` says why.
         */
        Expectation: {
            /** Variants */
            variants: components["schemas"]["VariantExpectation"][] | null;
            missing: components["schemas"]["NoExpectation"] | null;
        };
        /**
         * ExperimentBody
         * @description An experiment as it is at `revision`.
         */
        ExperimentBody: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Hypothesis */
            hypothesis: string;
            /** Owner */
            owner: string;
            /** Tags */
            tags: string[];
            type: components["schemas"]["ExperimentType"];
            status: components["schemas"]["Status"];
            /** Unit Type */
            unit_type: string;
            sticky: components["schemas"]["Sticky"];
            /** Ttl Seconds */
            ttl_seconds: number | null;
            /** Public */
            public: boolean;
            /** Traffic Allocation */
            traffic_allocation: number;
            /** Starts At */
            starts_at: string | null;
            /** Ends At */
            ends_at: string | null;
            start_failed: components["schemas"]["StartFailed"] | null;
            /** Ramp */
            ramp: components["schemas"]["RampStepBody"][] | null;
            ramp_progress: components["schemas"]["RampProgress"] | null;
            /** Factors */
            factors: components["schemas"]["FactorBody"][] | null;
            /** Features */
            features: {
                [key: string]: unknown;
            }[] | null;
            value_type: components["schemas"]["ValueType"] | null;
            /** Salt */
            salt: string;
            /** Epoch */
            epoch: number;
            /** Revision */
            revision: number;
            /** Primary Metric */
            primary_metric: string | null;
            /** Metrics */
            metrics: components["schemas"]["MetricBody"][];
            /** Parameters */
            parameters: {
                [key: string]: number | boolean;
            };
            /** Dimensions */
            dimensions: string[];
            /** Planned Units */
            planned_units: number | null;
            /** Min Sample Size */
            min_sample_size: number | null;
            /** Significance Threshold */
            significance_threshold: number;
            /** Auto Promote Winner */
            auto_promote_winner: boolean;
            acting: components["schemas"]["ActingBody"];
            analysis: components["schemas"]["AnalysisBody"];
            promotion: components["schemas"]["PromotionBody"] | null;
            /** Audience */
            audience: {
                [key: string]: unknown;
            } | null;
            layer: components["schemas"]["LayerShareBody"] | null;
            /** Holdout */
            holdout: boolean;
            holdback: components["schemas"]["HoldbackBody"] | null;
            /** Forced */
            forced: {
                [key: string]: string;
            };
            /** Winner Variant Id */
            winner_variant_id: string | null;
            /** Cloned From */
            cloned_from: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Started At */
            started_at: string | null;
            /** Completed At */
            completed_at: string | null;
            /** Archived At */
            archived_at: string | null;
            /** Variants */
            variants: components["schemas"]["VariantBody"][];
        };
        /**
         * ExperimentEvents
         * @description What came in for one experiment, newest first.
         */
        ExperimentEvents: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Events */
            events: components["schemas"]["SeenEvent"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * ExperimentList
         * @description One page; `count` experiments are on it, `total` on all. `next_cursor` is null on the last.
         *
         *     `summaries` by experiment id, where they are asked for, of those that have a report.
         */
        ExperimentList: {
            /** Experiments */
            experiments: components["schemas"]["ExperimentBody"][];
            /** Count */
            count: number;
            /** Total */
            total: number;
            /** Next Cursor */
            next_cursor: string | null;
            /** Summaries */
            summaries: {
                [key: string]: components["schemas"]["Summary"];
            } | null;
        };
        /**
         * ExperimentType
         * @description How the shares of the variants come about.
         * @enum {string}
         */
        ExperimentType: "ab" | "bayesian_ab" | "thompson_sampling" | "ucb" | "ucb1" | "ucb_tuned" | "epsilon_greedy" | "top_two" | "exploration_sampling" | "linucb" | "lints" | "squarecb" | "segmented_thompson" | "flag";
        /**
         * ExplainedStep
         * @description One step of a decision. Exactly one of all has the outcome `settled`, and the reason, variant and propensity.
         *
         *     `not_set`: the experiment has no such step, or nothing of the kind was asked; `not_reached`: an earlier one settled the
         *     matter. A step that draws has the `bucket` where the unit fell, of 0 to 999,999, and [start, stop), the buckets that pass
         *     or, in the last step, those of the variant. `finding` is what the audience came to.
         */
        ExplainedStep: {
            /**
             * Name
             * @enum {string}
             */
            name: "status" | "forced" | "stored" | "holdout" | "layer" | "audience" | "traffic" | "variant";
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "passed" | "settled" | "not_reached" | "not_set";
            /** Reason */
            reason: string | null;
            /** Variant Key */
            variant_key: string | null;
            /** Propensity */
            propensity: number | null;
            /** Bucket */
            bucket: number | null;
            /** Start */
            start: number | null;
            /** Stop */
            stop: number | null;
            finding: components["schemas"]["Finding"] | null;
        };
        /**
         * Explanation
         * @description What a unit would get now, why, and every step on the way there. Nothing was assigned, and nothing logged.
         *
         *     `revision` and `policy_version` are what it was drawn by, so of a stored assignment those of its time; the latter is null
         *     under fixed weights. `expectation` is what the model in force expects of the unit under each variant; null where features decide
         *     nothing. `logged` is the draw of the unit's stored assignment; null when it has none.
         */
        Explanation: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Unit Id */
            unit_id: string;
            /** In Experiment */
            in_experiment: boolean;
            /** Reason */
            reason: string;
            /** Variant Key */
            variant_key: string;
            /** Propensity */
            propensity: number;
            /** Revision */
            revision: number;
            /** Policy Version */
            policy_version: number | null;
            /** Steps */
            steps: components["schemas"]["ExplainedStep"][];
            expectation: components["schemas"]["Expectation"] | null;
            logged: components["schemas"]["LoggedDecision"] | null;
        };
        /**
         * Export
         * @description The report, and all that it was computed from, of one moment.
         *
         *     `experiment` is the document that was in force. Cohorts are hours since 1970 at which the stretch of first exposures begins, which is
         *     `experiment.cohort_hours` long. Each table has its `columns`, and `rows` in that order.
         */
        Export: {
            /** Schema Version */
            schema_version: number;
            /** Experiment */
            experiment: {
                [key: string]: unknown;
            };
            /** Report */
            report: {
                [key: string]: unknown;
            };
            /** Tables */
            tables: {
                [key: string]: components["schemas"]["Rows"];
            };
        };
        /**
         * FactorBody
         * @description Something that is varied. Its first level is how it is without the experiment.
         */
        FactorBody: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Levels */
            levels: components["schemas"]["LevelBody"][];
        };
        /**
         * FactorChange
         * @description One factor at `level` instead of at `base`.
         */
        FactorChange: {
            /** Factor */
            factor: string;
            /** Level */
            level: string;
            /** Base */
            base: string;
        };
        /**
         * FactorEffect
         * @description Of a multivariate experiment: the main effect of one change, or the interaction of two.
         *
         *     An interaction is how much the first change's effect differs where the second is made too. `p_value` counts all effects
         *     of the metric as one family. `combinations` of the other factors are averaged over.
         */
        FactorEffect: {
            /** Changes */
            changes: components["schemas"]["FactorChange"][];
            difference: components["schemas"]["Estimate"];
            /** P Value */
            p_value: number | null;
            /** Significant */
            significant: boolean;
            /** Combinations */
            combinations: number;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * FaultBody
         * @description Why a document is refused; the pointer is into the document.
         */
        FaultBody: {
            /** Pointer */
            pointer: string;
            /** Message */
            message: string;
        };
        /**
         * Finding
         * @description What a condition came to for these attributes. All its parts were looked at, also those that settle nothing.
         */
        Finding: {
            /** Word */
            word: string;
            /** Matched */
            matched: boolean;
            /** Attribute */
            attribute: string | null;
            /** Wanted */
            wanted: unknown;
            /** Found */
            found: unknown;
            /**
             * Parts
             * @default []
             */
            parts: components["schemas"]["Finding"][];
        };
        /**
         * FloorReport
         * @description The floor: the least `share` of each active arm, what all of them keep from the leader (`given_away`), and what that
         *     buys: half the width of the 95 % interval of an arm that was at the floor for all units so far, in the metric's units.
         */
        FloorReport: {
            /** Share */
            share: number;
            /** Given Away */
            given_away: number;
            /** Half Width */
            half_width: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Format
         * @description How it is written.
         * @enum {string}
         */
        Format: "json" | "csv" | "parquet";
        /**
         * FreeBody
         * @description A part of the layer that nobody has.
         */
        FreeBody: {
            /** From */
            from: number;
            /** To */
            to: number;
            /** Share */
            share: number;
        };
        /**
         * GuardrailAction
         * @description What evidence of harm to a guardrail does.
         * @enum {string}
         */
        GuardrailAction: "pause" | "alarm" | "off";
        /**
         * GuardrailState
         * @description `state`: ok (worse by less than the margin, shown), harmed (worse by more, shown), or unclear. `margin` is a lift ≥ 0.
         */
        GuardrailState: {
            /** Margin */
            margin: number;
            /** State */
            state: string;
        };
        /**
         * Guilty
         * @description A slice whose units do not arrive as the weights say, although no other slice is looked at.
         *
         *     `p_value` counts all slices; `p_value_of_the_rest` is that of all others together: not small any more if this one alone is guilty.
         */
        Guilty: {
            kind: components["schemas"]["SliceKind"];
            /** Value */
            value: string | null;
            /** Units */
            units: number;
            /** Share Of Units */
            share_of_units: number;
            /** Largest Deviation */
            largest_deviation: number;
            /** P Value */
            p_value: number;
            /** P Value Of The Rest */
            p_value_of_the_rest: number;
        };
        /**
         * Health
         * @description Whether the figures below can be trusted. `status` is the worst of the checks that could be made.
         *
         *     `crossovers` are events that claimed another variant than the stored one; `rejected` counts all rejected events of this
         *     experiment by reason.
         */
        Health: {
            status: components["schemas"]["CheckStatus"];
            sample_ratio: components["schemas"]["SampleRatioReport"];
            /** Checks */
            checks: components["schemas"]["Check"][];
            /** Crossovers */
            crossovers: number;
            /** Rejected */
            rejected: {
                [key: string]: number;
            };
            /** Alarms */
            alarms: components["schemas"]["StandingAlarm"][];
        };
        /**
         * Heterogeneity
         * @description Does the effect of this variant differ between slices? Cochran's Q of the differences, by chi-squared.
         *
         *     Right for one look at a planned moment, and for no other. `i_squared` is the part of the spread between slices that chance does
         *     not explain. `slices` took part; `left_out` have too few units for a standard error that can be trusted.
         */
        Heterogeneity: {
            /** Variant Key */
            variant_key: string;
            /** Statistic */
            statistic: number | null;
            /** Df */
            df: number | null;
            /** P Value */
            p_value: number | null;
            /** I Squared */
            i_squared: number | null;
            /** Slices */
            slices: number;
            /** Left Out */
            left_out: number;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * History
         * @description What the experiment has shown so far. `units_left` and `days_left` are until `sample_size` is reached; null where that has no answer.
         */
        History: {
            /** Experiment Id */
            experiment_id: string;
            /** Units */
            units: number;
            /** Days */
            days: number;
            /** Units Per Day */
            units_per_day: number | null;
            /** Units Left */
            units_left: number | null;
            /** Days Left */
            days_left: number | null;
        };
        /**
         * HoldbackBody
         * @description The share of a bandit's units that is drawn as if nothing had been learned, and what they get.
         */
        HoldbackBody: {
            /** Share */
            share: number;
            to: components["schemas"]["Baseline"];
        };
        /**
         * HoldbackReport
         * @description What the bandit has brought against its holdback, the `share` of units that is drawn as if nothing had been learned: any active
         *     variant alike (`to` is uniform) or the control.
         *
         *     `brought` is of all units so far, in conversions or in the metric's units (less, where lower is better); `per_unit` is the same
         *     for one unit that is not held back. Both intervals may be watched.
         */
        HoldbackReport: {
            /** Share */
            share: number;
            /** To */
            to: string;
            brought: components["schemas"]["Estimate"];
            per_unit: components["schemas"]["Estimate"];
        };
        /**
         * HoldoutBody
         * @description The share of all units that no experiment has. The salt never changes, so that the same units come first.
         */
        HoldoutBody: {
            /** Share */
            share: number;
            /** Salt */
            salt: string;
            /** Revision */
            revision: number;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
        };
        /**
         * Inference
         * @description The inferential part of the report alone, with the same numbers. `bandit` is null under fixed weights,
         *     `contextual` where features do not decide.
         */
        Inference: {
            /** Schema Version */
            schema_version: number;
            /** Stale */
            stale: boolean;
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Type */
            type: string;
            /** Status */
            status: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            watermark: components["schemas"]["Mark"];
            /** Lag Seconds */
            lag_seconds: number;
            /** Revision */
            revision: number;
            /** Policy Version */
            policy_version: number | null;
            verdict: components["schemas"]["Verdict"];
            plan: components["schemas"]["PlanReport"];
            health: components["schemas"]["Health"];
            primary_metric: components["schemas"]["MetricDeclaration"] | null;
            /** Metrics */
            metrics: components["schemas"]["MetricAnalysis"][];
            bandit: components["schemas"]["AfterBandit"] | null;
            contextual: components["schemas"]["ContextualReport"] | null;
        };
        /**
         * InteractionFinding
         * @description What was found of one other experiment; a closed list, part of the API.
         * @enum {string}
         */
        InteractionFinding: "depends" | "not_shown" | "unequal_split" | "refused";
        /**
         * InteractionRefusal
         * @description Why nothing is said of the interaction with an experiment; a closed list, part of the API.
         * @enum {string}
         */
        InteractionRefusal: "other_unit_type" | "never_together" | "same_layer" | "nothing_exposed" | "drawn_anew" | "learned_weights" | "no_units_in_both" | "too_few_units" | "too_skewed" | "no_variance" | "no_baseline" | "no_sums" | "not_supported";
        /**
         * InteractionTest
         * @description Are all differences of differences zero? Wald's test of all of them at once.
         *
         *     `p_value` by `method`, of this other experiment alone; `fixed_p_value` is that of a single look, whatever the method;
         *     `adjusted_p_value` counts all of this answer as one family of `family`, and `significant` goes by it.
         */
        InteractionTest: {
            /** Statistic */
            statistic: number;
            /** Df */
            df: number;
            /** Method */
            method: string;
            /** P Value */
            p_value: number;
            /** Fixed P Value */
            fixed_p_value: number;
            /** Adjusted P Value */
            adjusted_p_value: number;
            /** Family */
            family: number;
            /** Significant */
            significant: boolean;
        };
        /**
         * Interactions
         * @description One metric of an experiment, against every experiment that ran beside it on units of the same type.
         *
         *     What depends comes first, then what is wrong, then what was not shown, then what is refused. `method` is always_valid: looking often
         *     is safe; or fixed where the experiment is. `not_looked_at` is how many more there are: ask for one of them `with` its key.
         */
        Interactions: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Metric */
            metric: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Method */
            method: string;
            /** Alpha */
            alpha: number;
            /** Correction */
            correction: string;
            /** Exposed Units */
            exposed_units: number;
            /** Not Looked At */
            not_looked_at: number;
            /** Others */
            others: components["schemas"]["OtherExperiment"][];
        };
        /**
         * Interval
         * @description The length of one point, in UTC. Minutes are kept for two days, hours for ever.
         * @enum {string}
         */
        Interval: "minute" | "hour" | "day";
        /**
         * ItemBody
         * @description What becomes of a document: `create`, `update`, `unchanged` or `refused`. `revision` is the one before.
         */
        ItemBody: {
            /** Document */
            document: number;
            /** Kind */
            kind: string | null;
            /** Key */
            key: string | null;
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "create" | "update" | "unchanged" | "refused";
            /** Revision */
            revision: number | null;
            /** Differences */
            differences: components["schemas"]["DifferenceBody"][];
            /** Errors */
            errors: components["schemas"]["FaultBody"][];
        };
        /**
         * JointSplit
         * @description Do the units in both arrive in the pairs of variants as the product of both weights says?
         *
         *     `p_value` is always valid and counts all other experiments of this answer; `mismatch`: it is at most 0.01 and a share is off by 0.2
         *     percentage points. Pearson's test is right for one look, and null where a pair is expected to have fewer than five units.
         */
        JointSplit: {
            /** Mismatch */
            mismatch: boolean;
            cause: components["schemas"]["SplitCause"] | null;
            /** P Value */
            p_value: number;
            /** Largest Deviation */
            largest_deviation: number;
            /** Chi Squared */
            chi_squared: number | null;
            /** Df */
            df: number | null;
            /** Fixed P Value */
            fixed_p_value: number | null;
        };
        /**
         * LayerBody
         * @description Who has which part of it, in its order. `free` is what is left in all, `largest_free` the most that one can get.
         */
        LayerBody: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Salt */
            salt: string;
            /** Revision */
            revision: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            /** Allocations */
            allocations: components["schemas"]["PlaceBody"][];
            /** Free */
            free: number;
            /** Largest Free */
            largest_free: number;
            /** Free Ranges */
            free_ranges: components["schemas"]["FreeBody"][];
        };
        /**
         * LayerList
         * @description By key.
         */
        LayerList: {
            /** Layers */
            layers: components["schemas"]["LayerBody"][];
            /** Count */
            count: number;
        };
        /**
         * LayerShareBody
         * @description How much of which layer it has; which part of it that is, the layer tells.
         */
        LayerShareBody: {
            /** Key */
            key: string;
            /** Share */
            share: number;
        };
        /**
         * Leader
         * @description The active variant with the highest win probability. It leads; whether it is better is another question.
         */
        Leader: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Variant Name */
            variant_name: string;
            /** Win Probability */
            win_probability: number;
            /** Expected Rate */
            expected_rate: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * LevelBody
         * @description One setting of a factor; `config` is what it adds to the config of each cell that has it.
         */
        LevelBody: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Config */
            config: {
                [key: string]: unknown;
            };
        };
        /**
         * LiftPrior
         * @description Normal(mean, sd) of a lift; what beliefs start from. `flat`: every lift is equally probable, and `sd` is null.
         *
         *     Under a flat prior looking often is no longer safe: the more looks, the more chances to be wrong.
         */
        LiftPrior: {
            /** Mean */
            mean: number;
            /** Sd */
            sd: number | null;
            /** Flat */
            flat: boolean;
        };
        /**
         * LoggedDecision
         * @description An assignment as the log has it, and made again from the archive: the configuration of its revision, the policy of its
         *     version, and the attributes that the log kept.
         *
         *     `verdict` is what `litmus replay` says of it: `same`, `differs`, or why it cannot be said. `epoch` counts changes of fixed
         *     weights; a bandit has a `policy` instead. `context` is what the log keeps of a draw that was the unit's own: features, shares
         *     in ppm, eligible arms; `expectation` what the archived model expected of it. `ranges` and `steps` are empty where the archive
         *     lacks what it was drawn by.
         */
        LoggedDecision: {
            /**
             * Assigned At
             * Format: date-time
             */
            assigned_at: string;
            /** Variant Key */
            variant_key: string;
            /** Propensity */
            propensity: number;
            /** Bucket */
            bucket: number;
            /** Revision */
            revision: number;
            /** Epoch */
            epoch: number | null;
            policy: components["schemas"]["PolicyOfDecision"] | null;
            /** Attributes */
            attributes: {
                [key: string]: unknown;
            } | null;
            /** Context */
            context: {
                [key: string]: unknown;
            } | null;
            /** Verdict */
            verdict: string;
            /** Ranges */
            ranges: components["schemas"]["VariantRange"][];
            /** Steps */
            steps: components["schemas"]["ExplainedStep"][];
            expectation: components["schemas"]["Expectation"] | null;
        };
        /**
         * Look
         * @description A look that was taken; a fact, kept for ever. `information_fraction` is of the plan; the interval is of the difference, at
         *     the planned looks' share of alpha.
         */
        Look: {
            /** Number */
            number: number;
            /**
             * Taken At
             * Format: date-time
             */
            taken_at: string;
            /** Information Fraction */
            information_fraction: number;
            /** Units */
            units: number;
            /** Estimate */
            estimate: number;
            /** Lower */
            lower: number | null;
            /** Upper */
            upper: number | null;
            /** P Value */
            p_value: number;
        };
        /**
         * Mark
         * @description How far the log is folded into this document. `seq` grows with each fold that touched the experiment.
         *
         *     `folded_at` is when the newest folded event was received; null before the first.
         */
        Mark: {
            /** Seq */
            seq: number;
            /** Folded At */
            folded_at: string | null;
        };
        /**
         * Meta
         * @description What this deployment is.
         */
        Meta: {
            /**
             * Name
             * @default litmus
             * @constant
             */
            name: "litmus";
            /** Version */
            version: string;
            /**
             * Api Version
             * @default v1
             * @constant
             */
            api_version: "v1";
            /**
             * Environment
             * @enum {string}
             */
            environment: "production" | "development";
            /** Dashboard Url */
            dashboard_url: string | null;
            /** Features */
            features: string[];
        };
        /**
         * Method
         * @description How often one may look, and what an interval then is worth.
         * @enum {string}
         */
        Method: "hybrid" | "group_sequential" | "always_valid" | "fixed";
        /**
         * MetricAnalysis
         * @description What is inferred of one declared metric, as in the report.
         */
        MetricAnalysis: {
            metric: components["schemas"]["MetricDeclaration"];
            /** Effects */
            effects: components["schemas"]["litmus_server__domain__report__Effect"][];
            /** Factors */
            factors: components["schemas"]["FactorEffect"][];
            /** Tests */
            tests: components["schemas"]["NamedTest"][];
        };
        /**
         * MetricBody
         * @description A declared metric. `covariates` is null for the default: its own total before the exposure.
         */
        MetricBody: {
            /** Name */
            name: string;
            role: components["schemas"]["Role"];
            kind: components["schemas"]["MetricKind"];
            direction: components["schemas"]["Direction"];
            /** Window Seconds */
            window_seconds: number;
            /** Numerator */
            numerator: string | null;
            /** Denominator */
            denominator: string | null;
            /** Quantile */
            quantile: number | null;
            cap: components["schemas"]["CapBody"] | null;
            /** Margin */
            margin: number | null;
            /** Minimum Effect */
            minimum_effect: number | null;
            /** Unit */
            unit: string;
            /** Description */
            description: string;
            /** Covariates */
            covariates: string[] | null;
        };
        /**
         * MetricDeclaration
         * @description A metric that the experiment declares, and how long after its exposure a unit's events count.
         */
        MetricDeclaration: {
            /** Name */
            name: string;
            /** Role */
            role: string;
            /** Kind */
            kind: string;
            /** Direction */
            direction: string;
            /** Window Seconds */
            window_seconds: number;
            /**
             * Description
             * @default
             */
            description: string;
            /**
             * Unit
             * @default
             */
            unit: string;
            /** Margin */
            margin: number | null;
        };
        /**
         * MetricKind
         * @description How a unit's events become its number.
         * @enum {string}
         */
        MetricKind: "conversion" | "mean" | "ratio" | "quantile";
        /**
         * MetricReport
         * @description One declared metric; variants by ordinal.
         *
         *     `effects` are those of all variants but control, by ordinal. `factors` are the effects of a multivariate experiment's
         *     factors, empty for others. `tests` are the textbook's, by name. `series` is how each lift and its interval moved.
         */
        MetricReport: {
            metric: components["schemas"]["MetricDeclaration"];
            /** Variants */
            variants: components["schemas"]["VariantMetric"][];
            /** Effects */
            effects: components["schemas"]["litmus_server__domain__report__Effect"][];
            /** Factors */
            factors: components["schemas"]["FactorEffect"][];
            /** Tests */
            tests: components["schemas"]["NamedTest"][];
            /** Series */
            series: components["schemas"]["EffectSeries"][];
        };
        /**
         * Metrics
         * @description The raw document of the A/B API: nothing inferred, nothing rounded.
         */
        Metrics: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Variant Metrics */
            variant_metrics: {
                [key: string]: components["schemas"]["VariantCounters"];
            };
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
        };
        /**
         * Missing
         * @description Why a field is null; a closed list, part of the API.
         * @enum {string}
         */
        Missing: "no_exposures" | "no_events" | "no_primary_metric" | "not_a_rate" | "variant_inactive" | "fixed_weights" | "not_learned" | "no_delay" | "no_floor" | "no_holdback" | "too_few_units" | "windows_open" | "not_open" | "no_variance" | "no_baseline" | "unbounded" | "not_significant" | "not_stopped" | "contradiction" | "not_planned" | "no_minimum_effect" | "no_rule" | "no_family" | "no_forecast" | "not_a_guardrail" | "not_supported" | "own_shares" | "same_shares" | "no_sums" | "not_computed";
        /**
         * NamedPrior
         * @description Priors that have no numbers: every lift alike, or what the past experiments of this server suggest.
         * @enum {string}
         */
        NamedPrior: "flat" | "fitted";
        /**
         * NamedTest
         * @description A test that people ask for by its name: welch_t, student_t, two_proportion_z (of one variant) or chi_squared (of all).
         *
         *     Right for one look at a planned moment, and for no other: the verdict never goes by it. `variant_key` is null for all variants
         *     together; `df` null where the statistic is normal.
         */
        NamedTest: {
            /** Name */
            name: string;
            /** Variant Key */
            variant_key: string | null;
            /** Statistic */
            statistic: number | null;
            /** Df */
            df: number | null;
            /** P Value */
            p_value: number | null;
            /** Reason */
            reason: string;
        };
        /**
         * NoExpectation
         * @description Why there is no expectation of a unit in a contextual experiment.
         * @enum {string}
         */
        NoExpectation: "no_model" | "not_drawn" | "not_archived";
        /**
         * NormalPrior
         * @description What is believed of a lift before the first unit: Normal(mean, sd).
         */
        NormalPrior: {
            /**
             * Mean
             * @default 0
             */
            mean: number;
            /**
             * Sd
             * @default 0.05
             */
            sd: number;
        };
        /**
         * Order
         * @description By what a list is sorted; a minus sign means descending.
         * @enum {string}
         */
        Order: "-created_at" | "created_at" | "-updated_at" | "updated_at" | "-started_at" | "started_at" | "name" | "-name";
        /**
         * OtherExperiment
         * @description One experiment that was held against this one.
         *
         *     `units` were exposed to both, `share` is their part of this experiment's units; `left_out` of them fell in times when a variant was
         *     not drawn, and take no part in the test. Where `finding` is refused, `test` is null and what needs it empty; `split` is null where
         *     no unit is in both, or weights are learned.
         */
        OtherExperiment: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Status */
            status: string;
            /** Units */
            units: number;
            /** Share */
            share: number;
            /** Left Out */
            left_out: number;
            finding: components["schemas"]["InteractionFinding"];
            refused: components["schemas"]["InteractionRefusal"] | null;
            /** Sentence */
            sentence: string;
            split: components["schemas"]["JointSplit"] | null;
            /** Cells */
            cells: components["schemas"]["PairCell"][];
            test: components["schemas"]["InteractionTest"] | null;
            /** Differences */
            differences: components["schemas"]["EffectDifference"][];
            /** Within */
            within: components["schemas"]["EffectWithin"][];
            /** Averaged */
            averaged: components["schemas"]["AveragedEffect"][];
        };
        /**
         * Overall
         * @description The effect on all units, plain and post-stratified: each slice counting by its part of all units, whatever the split in it was.
         *
         *     The second is narrower where slices differ in what they yield. Null with its reason where a slice has too few units of a variant.
         */
        Overall: {
            /** Variant Key */
            variant_key: string;
            plain: components["schemas"]["litmus_server__domain__report__Effect"];
            difference: components["schemas"]["Estimate"] | null;
            lift: components["schemas"]["Estimate"] | null;
            /** P Value */
            p_value: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * PairCell
         * @description The units in one variant of each. `mean` of the metric (of a ratio, the ratio); null where there is none.
         */
        PairCell: {
            /** Variant Key */
            variant_key: string;
            /** Other Variant Key */
            other_variant_key: string;
            /** Units */
            units: number;
            /** Mean */
            mean: number | null;
        };
        /**
         * Pattern
         * @description How an effect changes; a closed list.
         * @enum {string}
         */
        Pattern: "novelty" | "primacy" | "uneven" | "steady" | "unknown";
        /**
         * PlaceBody
         * @description The part of the layer that an experiment has: from `from` up to before `to`.
         */
        PlaceBody: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Status */
            status: string;
            /** From */
            from: number;
            /** To */
            to: number;
            /** Share */
            share: number;
        };
        /**
         * PlanBody
         * @description What becomes of the documents, in their order. `changes` and `refused` count them; `token` is also the ETag.
         */
        PlanBody: {
            /** Applied */
            applied: boolean;
            /** Token */
            token: string;
            /** Changes */
            changes: number;
            /** Refused */
            refused: number;
            /** Items */
            items: components["schemas"]["ItemBody"][];
        };
        /**
         * PlanReport
         * @description How this experiment is judged, and how far it is.
         *
         *     `method`, `alpha`, `power`, `looks` (planned ones), `spending`, `correction`, `scope`, `adjustment`, `minimum_effect` (a lift) and
         *     `prior` are the settings `analysis` in force. `minimum_seconds` is the time that it runs at least, `ready_at` when that is
         *     over. `units_left` and `seconds_left` say how many more exposed units, and how long at the present pace, until the plan's
         *     end; without planned units, until an effect of `minimum_effect` would be found with `power`. `false_alarm_rate` is that
         *     of the rule that acts by itself, over the whole plan.
         */
        PlanReport: {
            /** Method */
            method: string;
            /** Alpha */
            alpha: number;
            /** Power */
            power: number;
            /** Looks */
            looks: number;
            /** Spending */
            spending: string;
            /** Correction */
            correction: string;
            /** Scope */
            scope: string;
            /** Adjustment */
            adjustment: string;
            prior: components["schemas"]["LiftPrior"];
            /** Minimum Effect */
            minimum_effect: number | null;
            /** Minimum Seconds */
            minimum_seconds: number;
            /** Ready At */
            ready_at: string | null;
            /** Planned Units */
            planned_units: number | null;
            /** Units Left */
            units_left: number | null;
            /** Seconds Left */
            seconds_left: number | null;
            /** False Alarm Rate */
            false_alarm_rate: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Point
         * @description The probability that so many units in all find the effect.
         */
        Point: {
            /** Units */
            units: number;
            /** Power */
            power: number;
        };
        /**
         * PolicyOfDecision
         * @description The archived policy that a decision was drawn by. `genuine`: its checksum is that of what the archive holds.
         */
        PolicyOfDecision: {
            /** Version */
            version: number;
            /** Revision */
            revision: number;
            /**
             * Published At
             * Format: date-time
             */
            published_at: string;
            /** Checksum */
            checksum: string;
            /** Genuine */
            genuine: boolean;
        };
        /**
         * PreviewBody
         * @description `token` is what `assign` takes as `preview`; `url` is the page with it, and null without a page.
         */
        PreviewBody: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Variant Key */
            variant_key: string;
            /** Token */
            token: string;
            /** Url */
            url: string | null;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * Prior
         * @description Beta(alpha, beta): what was believed of the primary metric's rate before the first unit.
         */
        Prior: {
            /** Alpha */
            alpha: number;
            /** Beta */
            beta: number;
        };
        /**
         * PromotionBody
         * @description The variant that a rule has promoted, which is no proof: how often it is wrong, `POST /power` says.
         *
         *     `confidence` is the probability of being the best that the rule went by at its look `look` of `looks`. `concluded`: the experiment was
         *     completed with it as the winner; else it is recommended.
         */
        PromotionBody: {
            /**
             * Variant Id
             * Format: uuid
             */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Confidence */
            confidence: number;
            /** Rule */
            rule: string;
            /** Look */
            look: number;
            /** Looks */
            looks: number;
            /** Units */
            units: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Concluded */
            concluded: boolean;
        };
        /**
         * PublishedVersion
         * @description One published policy: fractions by ordinal, and the state from which they can be computed again.
         *
         *     `checksum` is the SHA-256 of the canonical JSON (RFC 8785) of {experiment_id, version, revision, propensities in ppm,
         *     state}. `units` are the outcomes that it was computed from.
         */
        PublishedVersion: {
            /** Version */
            version: number;
            /** Parent */
            parent: number | null;
            /** Revision */
            revision: number;
            /** Propensities */
            propensities: number[];
            /** Units */
            units: number;
            /**
             * Published At
             * Format: date-time
             */
            published_at: string;
            /** Checksum */
            checksum: string;
            /** State */
            state: {
                [key: string]: unknown;
            };
        };
        /**
         * RampProgress
         * @description Where the ramp is (`step` from 1), and when it goes on; null before the start and from the last step on.
         *
         *     While it is held or paused, `next_at` is null. `held_by` is who held it, `edit` where the traffic was set by hand, or `alarm`.
         */
        RampProgress: {
            /** Step */
            step: number;
            /** Of */
            of: number;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** Next At */
            next_at: string | null;
            /** Held By */
            held_by: string | null;
            /** Held Reason */
            held_reason: string | null;
            /** Held At */
            held_at: string | null;
            /** Alarm */
            alarm: string | null;
        };
        /**
         * RampStepBody
         * @description A share of traffic, and for how many hours; the last one stays.
         */
        RampStepBody: {
            /** Traffic */
            traffic: number;
            /** Hours */
            hours: number | null;
        };
        /**
         * RatioTest
         * @description How it is tested whether units arrive in the variants as the weights say. It never ends anything.
         * @enum {string}
         */
        RatioTest: "sequential" | "fixed" | "off";
        /**
         * ReasonCount
         * @description How many events were rejected for this reason in the hour that begins then; all of them, kept or not.
         */
        ReasonCount: {
            /**
             * Hour
             * Format: date-time
             */
            hour: string;
            /** Reason */
            reason: string;
            /** Count */
            count: number;
        };
        /**
         * Refusal
         * @description Why the log cannot say what the policy would have earned.
         * @enum {string}
         */
        Refusal: "no_overlap" | "too_few_units" | "metric_kind" | "not_ready" | "features";
        /**
         * Refused
         * @description Why there is no value; which variants, and how many units, where that says more.
         */
        Refused: {
            reason: components["schemas"]["Refusal"];
            /** Message */
            message: string;
            /**
             * Variants
             * @default []
             */
            variants: string[];
            /** Needed */
            needed: number | null;
            /** Got */
            got: number | null;
        };
        /**
         * Removed
         * @description It is no more; its key is free.
         */
        Removed: {
            /** Key */
            key: string;
            /**
             * Deleted
             * @default true
             * @constant
             */
            deleted: true;
            /** Revision */
            revision: number;
        };
        /**
         * Report
         * @description Computed once for each state of an experiment: watermark, revision, policy version.
         *
         *     `stale` true: something newer is known, and nobody has computed the report of it yet. `lag_seconds` is the age of the
         *     oldest event that was not folded when this was computed; 0 when all were. `policy_version` is null under fixed
         *     weights. `epoch` counts, from 1, the changes of fixed weights and of the audience: above it, units were drawn with
         *     different shares, or from others. `level` is that of the credible intervals of rates.
         *     `changes_at`: when it will say something else although nothing happens, because a window closes or a time is over; null:
         *     never. `variants` by ordinal.
         */
        Report: {
            /** Schema Version */
            schema_version: number;
            /** Stale */
            stale: boolean;
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Type */
            type: string;
            /** Status */
            status: string;
            /** Archived */
            archived: boolean;
            /** Unit Type */
            unit_type: string;
            /** Started At */
            started_at: string | null;
            /** Completed At */
            completed_at: string | null;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Changes At */
            changes_at: string | null;
            watermark: components["schemas"]["Mark"];
            /** Lag Seconds */
            lag_seconds: number;
            /** Revision */
            revision: number;
            /** Epoch */
            epoch: number;
            /** Policy Version */
            policy_version: number | null;
            verdict: components["schemas"]["Verdict"];
            plan: components["schemas"]["PlanReport"];
            health: components["schemas"]["Health"];
            /** Level */
            level: number;
            prior: components["schemas"]["Prior"];
            primary_metric: components["schemas"]["MetricDeclaration"] | null;
            /** Exposures */
            exposures: number;
            /** Exposed Units */
            exposed_units: number;
            leader: components["schemas"]["Leader"] | null;
            /** Variants */
            variants: components["schemas"]["VariantReport"][];
            /** Metrics */
            metrics: components["schemas"]["MetricReport"][];
            bandit: components["schemas"]["AfterBandit"] | null;
            contextual: components["schemas"]["ContextualReport"] | null;
            undeclared: components["schemas"]["Undeclared"];
            series: components["schemas"]["Series"] | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Results
         * @description One metric over time; `series` is null where nothing was counted in the time asked for.
         *
         *     `effects` are the lifts of the report's variants and how their intervals moved, over all of the time; null while no worker
         *     has computed them, and for metrics that are not declared.
         */
        Results: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            series: components["schemas"]["Series"] | null;
            /** Effects */
            effects: components["schemas"]["EffectSeries"][] | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * Role
         * @description What the metric is for: one primary decides, secondaries explain, guardrails must not suffer.
         * @enum {string}
         */
        Role: "primary" | "secondary" | "guardrail";
        /**
         * Rows
         * @description One table.
         */
        Rows: {
            /** Columns */
            columns: string[];
            /** Rows */
            rows: unknown[][];
        };
        /**
         * RuleAnswer
         * @description `false_alarm_rate`: how often the rule promotes some variant when all are alike. `exact`: by integration, else by simulation.
         */
        RuleAnswer: {
            /** False Alarm Rate */
            false_alarm_rate: number;
            /** Exact */
            exact: boolean;
            /** Looks */
            looks: components["schemas"]["RuleLook"][];
        };
        /**
         * RuleLook
         * @description From so many exposed units in all a look is taken, and this probability of being the best promotes.
         */
        RuleLook: {
            /** Units */
            units: number;
            /** Threshold */
            threshold: number;
        };
        /**
         * SampleRatioReport
         * @description Do units arrive in the variants as the weights, or the propensities of each policy version, say?
         *
         *     `p_value` is always valid: looking often is safe. `mismatch`: it is at most `alpha` and some share is off by 0.2 percentage
         *     points, or a variant is stray. `largest_deviation` is of a share. `chi_squared`, `df` and `fixed_p_value` are Pearson's test,
         *     which is right for one look at a planned moment, and for no other.
         */
        SampleRatioReport: {
            /** Mismatch */
            mismatch: boolean | null;
            /** Alpha */
            alpha: number;
            /** P Value */
            p_value: number | null;
            /** Largest Deviation */
            largest_deviation: number | null;
            /** Chi Squared */
            chi_squared: number | null;
            /** Df */
            df: number | null;
            /** Fixed P Value */
            fixed_p_value: number | null;
            /** Arms */
            arms: components["schemas"]["ArmRatio"][];
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * SampleSize
         * @description How many exposed units find `effect` with the wanted power, in all and by variant; at most, where the plan may stop earlier.
         *
         *     `days` until they have come at `units_per_day`, and as many whole weeks as that takes; null without a rate.
         */
        SampleSize: {
            effect: components["schemas"]["litmus_server__domain__power__Effect"];
            /** Units */
            units: number;
            /** Units Per Variant */
            units_per_variant: number[];
            /** Days */
            days: number | null;
            /** Weeks */
            weeks: number | null;
        };
        /**
         * Scope
         * @description Which questions are one family: all variants of a metric, everything but guardrails, the primary metric.
         * @enum {string}
         */
        Scope: "metric" | "experiment" | "primary";
        /**
         * SeenEvent
         * @description One event that came in. Of a rejected one there is what could be read of it, `reason`, `message`, and the `body`.
         *
         *     `event_id` of an accepted one is the UUID by which it is remembered. `variant_key` of an accepted one is the variant that
         *     is stored for its unit, of a rejected one what it said.
         */
        SeenEvent: {
            outcome: components["schemas"]["Side"];
            /** Event Id */
            event_id: string | null;
            /** Type */
            type: string | null;
            /** Experiment Id */
            experiment_id: string | null;
            /** Experiment Key */
            experiment_key: string | null;
            /** Unit Id */
            unit_id: string | null;
            /** Unit Type */
            unit_type: string | null;
            /** Variant Key */
            variant_key: string | null;
            /** Metric Name */
            metric_name: string | null;
            /** Value */
            value: number | string | null;
            /** Occurred At */
            occurred_at: string | null;
            /**
             * Received At
             * Format: date-time
             */
            received_at: string;
            /** Door */
            door: string | null;
            /** Metadata */
            metadata: unknown;
            /** Reason */
            reason: string | null;
            /** Message */
            message: string | null;
            /** Body */
            body: string | null;
        };
        /**
         * Series
         * @description At most 500 points, the newest ones; `at` are the times at which their intervals begin.
         *
         *     `declared` false: nobody declared this metric, so its events are counted, but not which units converted.
         */
        Series: {
            interval: components["schemas"]["Interval"];
            /** Metric Name */
            metric_name: string | null;
            /** Declared */
            declared: boolean;
            /** Truncated */
            truncated: boolean;
            /** At */
            at: string[];
            /** Variants */
            variants: components["schemas"]["VariantSeries"][];
        };
        /**
         * Side
         * @description Where something ended that came in: in the event log, or among the dead letters.
         * @enum {string}
         */
        Side: "accepted" | "rejected";
        /**
         * Slice
         * @description The units that have one value. `value` is null for those of other values, and for those of none.
         *
         *     `effects` are of each variant against control, as in the report; `adjusted` counts all slices and variants of this answer as one
         *     family, and `significant` goes by it.
         */
        Slice: {
            kind: components["schemas"]["SliceKind"];
            /** Value */
            value: string | null;
            /** Exposed Units */
            exposed_units: number;
            /** Share */
            share: number;
            /** Variants */
            variants: components["schemas"]["SliceVariant"][];
            sample_ratio: components["schemas"]["SliceRatio"];
            /** Effects */
            effects: components["schemas"]["litmus_server__domain__report__Effect"][];
        };
        /**
         * SliceKind
         * @description What the units of a slice have in common.
         * @enum {string}
         */
        SliceKind: "value" | "other" | "unknown";
        /**
         * SliceRatio
         * @description Do the units of this slice arrive in the variants as the weights say?
         *
         *     `p_value` is always valid, for this slice alone; who is guilty is in `Breakdown.guilty`. `largest_deviation` is of a share.
         */
        SliceRatio: {
            /** Mismatch */
            mismatch: boolean | null;
            /** P Value */
            p_value: number | null;
            /** Largest Deviation */
            largest_deviation: number | null;
        };
        /**
         * SliceVariant
         * @description Exposed units of one variant in one slice.
         */
        SliceVariant: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Exposed Units */
            exposed_units: number;
        };
        /**
         * Slope
         * @description How the effect changes with ln(1 + day), by weighted least squares.
         *
         *     `difference` is in the metric's units, `log_ratio` of ln(mean ÷ control's mean); null where means are not well above zero. `p_value` is of
         *     no change on either scale (the larger of the two), and may be looked at as often as one likes; `fixed_p_value` may be looked at once.
         */
        Slope: {
            difference: components["schemas"]["Estimate"];
            log_ratio: components["schemas"]["Estimate"] | null;
            /** P Value */
            p_value: number;
            /** Fixed P Value */
            fixed_p_value: number;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * SpendingShape
         * @description How planned looks use up alpha.
         * @enum {string}
         */
        SpendingShape: "obrien_fleming" | "pocock";
        /**
         * SplitCause
         * @description What a wrong split of the units in both comes from.
         * @enum {string}
         */
        SplitCause: "this_reaches_other" | "other_reaches_this" | "drawn_together";
        /**
         * StandingAlarm
         * @description Something that was found wrong, and is not right again. `kind` is sample_ratio or guardrail; `metric` names the guardrail.
         */
        StandingAlarm: {
            /** Id */
            id: number;
            /** Kind */
            kind: string;
            /** Metric */
            metric: string | null;
            /**
             * Raised At
             * Format: date-time
             */
            raised_at: string;
            /** Message */
            message: string;
        };
        /**
         * Start
         * @description Whether monitoring may begin. `reason` is a sentence, empty when it may.
         */
        Start: {
            /** Open */
            open: boolean;
            /** Reason */
            reason: string;
        };
        /**
         * StartFailed
         * @description A start that was due and could not be done; it is not tried again.
         */
        StartFailed: {
            /** Due At */
            due_at: string;
            /** At */
            at: string;
            /** Message */
            message: string;
        };
        /**
         * Status
         * @description Four words for ever; being archived is a date, not a status.
         * @enum {string}
         */
        Status: "draft" | "running" | "paused" | "completed";
        /**
         * Sticky
         * @description What keeps a unit's variant.
         * @enum {string}
         */
        Sticky: "forever" | "ttl" | "none";
        /**
         * Summary
         * @description Out of the newest report that was computed, at `computed_at`; `stale`: more is known by now, and a newer one was asked for.
         *
         *     `problems` are sentences of what failed or should be looked at, alarms first. `propensities` by variant key are those of the
         *     next decisions. `effect` is null without a primary metric or a treatment, `leader` under fixed weights.
         */
        Summary: {
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Stale */
            stale: boolean;
            /** Exposed Units */
            exposed_units: number;
            verdict: components["schemas"]["SummaryVerdict"];
            health: components["schemas"]["CheckStatus"];
            /** Problems */
            problems: string[];
            effect: components["schemas"]["SummaryEffect"] | null;
            leader: components["schemas"]["SummaryLeader"] | null;
            /** Propensities */
            propensities: {
                [key: string]: number;
            };
            plan: components["schemas"]["SummaryPlan"];
        };
        /**
         * SummaryEffect
         * @description One variant against control on the primary metric: the verdict's subject, or the one that looks best.
         */
        SummaryEffect: {
            /** Metric */
            metric: string;
            /** Direction */
            direction: string;
            /** Variant Key */
            variant_key: string;
            lift: components["schemas"]["Estimate"];
            /** Better */
            better: boolean | null;
        };
        /**
         * SummaryLeader
         * @description Of an adaptive experiment: the variant with the highest win probability, which is no proof.
         */
        SummaryLeader: {
            /** Variant Key */
            variant_key: string;
            /** Win Probability */
            win_probability: number;
        };
        /**
         * SummaryPlan
         * @description How far it is, in the words of the report's plan.
         */
        SummaryPlan: {
            /** Ready At */
            ready_at: string | null;
            /** Planned Units */
            planned_units: number | null;
            /** Units Left */
            units_left: number | null;
            /** Seconds Left */
            seconds_left: number | null;
        };
        /**
         * SummaryVerdict
         * @description The report's verdict without its reasons.
         */
        SummaryVerdict: {
            value: components["schemas"]["VerdictValue"];
            /** Sentence */
            sentence: string;
            /** Subject */
            subject: string | null;
        };
        /**
         * Table
         * @description Which sums; one row a cell.
         * @enum {string}
         */
        Table: "moments" | "measures" | "joint_moments" | "sketch" | "shares" | "propensities" | "looks" | "counters" | "rollup" | "past" | "held";
        /**
         * Tested
         * @description Whether the condition matches, and what each of its parts came to.
         */
        Tested: {
            /** Matches */
            matches: boolean;
            finding: components["schemas"]["Finding"];
        };
        /**
         * Thirds
         * @description The effect on the first and on the last third of the groups, as lifts where `lift`, else as differences.
         *
         *     `change` is last − first. Its p-value is for one look at a planned moment: which groups are meant changes when more come.
         */
        Thirds: {
            /** Lift */
            lift: boolean;
            first: components["schemas"]["Estimate"];
            last: components["schemas"]["Estimate"];
            change: components["schemas"]["Estimate"];
            /** Fixed P Value */
            fixed_p_value: number;
        };
        /**
         * Trail
         * @description Newest first. `next_cursor` is null on the last page.
         */
        Trail: {
            /** Entries */
            entries: components["schemas"]["AuditBody"][];
            /** Count */
            count: number;
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * Undeclared
         * @description The names that most events used, at most 50, of `names` in all.
         */
        Undeclared: {
            /** Names */
            names: number;
            /** Metrics */
            metrics: components["schemas"]["UndeclaredMetric"][];
            /** Hint */
            hint: string;
        };
        /**
         * UndeclaredMetric
         * @description A name that events used and nobody declared: counted as the events came in, by variant id.
         */
        UndeclaredMetric: {
            /** Metric Name */
            metric_name: string;
            /** Events */
            events: number;
            /** Total Value */
            total_value: number;
            /** Events By Variant */
            events_by_variant: {
                [key: string]: number;
            };
        };
        /**
         * UnitAssignment
         * @description One assignment: what was drawn, when, with what probability, by which configuration; and what came of it.
         *
         *     `epoch` counts changes of fixed weights; of an adaptive experiment `policy_version` is what it was drawn from.
         *     `first_exposure` is null until an exposure is folded.
         */
        UnitAssignment: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Experiment Name */
            experiment_name: string;
            /** Experiment Status */
            experiment_status: string;
            /** Assignment Id */
            assignment_id: string;
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Variant Name */
            variant_name: string;
            /** Propensity */
            propensity: number;
            /** Bucket */
            bucket: number;
            /** Revision */
            revision: number;
            /** Epoch */
            epoch: number | null;
            /** Policy Version */
            policy_version: number | null;
            /** Door */
            door: string;
            /** Attributes */
            attributes: unknown;
            /**
             * Assigned At
             * Format: date-time
             */
            assigned_at: string;
            /** First Exposure */
            first_exposure: string | null;
            /** Metrics */
            metrics: components["schemas"]["UnitMetric"][];
        };
        /**
         * UnitBelief
         * @description What a model believes of one variant for one unit; what its type does not go by is null.
         *
         *     `expected` is the reward that is expected, in the metric's units, or the score that came from outside. `linucb` takes the variant
         *     with the best `bound`: the upper one, or the lower one where less is better. `lints` draws from a normal of mean `expected`
         *     and standard deviation `sd`. `segmented_thompson` draws from Beta(`alpha`, `beta`), the posterior of the unit's segment.
         *     Of `squarecb` `gap` is how far the variant is behind the best one, and `gamma` how much that counts: of K variants all but the best have 1 / (K + gamma·gap).
         */
        UnitBelief: {
            /** Expected */
            expected: number;
            /** Sd */
            sd: number | null;
            /** Bound */
            bound: number | null;
            /** Gap */
            gap: number | null;
            /** Gamma */
            gamma: number | null;
            /** Alpha */
            alpha: number | null;
            /** Beta */
            beta: number | null;
        };
        /**
         * UnitFindings
         * @description All that is known of a unit; of one that never came everything is empty.
         */
        UnitFindings: {
            /** Unit Id */
            unit_id: string;
            /** Assignments */
            assignments: components["schemas"]["UnitAssignment"][];
            /** Events */
            events: components["schemas"]["SeenEvent"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * UnitFormat
         * @description How rows of units are written.
         * @enum {string}
         */
        UnitFormat: "csv" | "ndjson";
        /**
         * UnitMetric
         * @description What a unit did of one declared metric, as the results have it.
         *
         *     `events` and `total` are inside the window, which begins with the first exposure; `before` is the sum of the 30 days
         *     before it.
         */
        UnitMetric: {
            /** Name */
            name: string;
            /** Role */
            role: string;
            /** Kind */
            kind: string;
            /** Events */
            events: number;
            /** Total */
            total: number | string;
            /** First At */
            first_at: string | null;
            /** Window Ends At */
            window_ends_at: string | null;
            /** Before */
            before: number | string;
        };
        /**
         * UsedAudience
         * @description A named condition, and who names it.
         */
        UsedAudience: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Condition */
            condition: {
                [key: string]: unknown;
            };
            /** Revision */
            revision: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Updated At
             * Format: date-time
             */
            updated_at: string;
            used_by: components["schemas"]["UsedBy"];
        };
        /**
         * UsedBy
         * @description Those that name it themselves; `audiences` are keys.
         */
        UsedBy: {
            /** Experiments */
            experiments: components["schemas"]["UserBody"][];
            /** Audiences */
            audiences: string[];
        };
        /**
         * UserBody
         * @description An experiment that names it.
         */
        UserBody: {
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Name */
            name: string;
            /** Status */
            status: string;
        };
        /**
         * Value
         * @description In the metric's units, per exposed unit; [lower, upper] holds it with probability `level`.
         */
        Value: {
            /** Estimate */
            estimate: number;
            /** Standard Error */
            standard_error: number;
            /** Lower */
            lower: number;
            /** Upper */
            upper: number;
        };
        /**
         * ValueType
         * @description What every variant of a flag has as its config.
         * @enum {string}
         */
        ValueType: "boolean" | "string" | "number" | "object";
        /**
         * VariantBody
         * @description A variant. `weight` is what it was given, or starts with, also while its `state` is paused.
         */
        VariantBody: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Experiment Id
             * Format: uuid
             */
            experiment_id: string;
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** Ordinal */
            ordinal: number;
            /** Is Control */
            is_control: boolean;
            /** State */
            state: string;
            /** Weight */
            weight: number;
            /** Config */
            config: unknown;
            /** Factors */
            factors: {
                [key: string]: string;
            } | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
        };
        /**
         * VariantCounters
         * @description `exposures` are events, `unique_users` exposed units; `conversions` by the name of the metric.
         */
        VariantCounters: {
            /** Variant Id */
            variant_id: string;
            /** Variant Name */
            variant_name: string;
            /** Exposures */
            exposures: number;
            /** Unique Users */
            unique_users: number;
            /** Conversions */
            conversions: {
                [key: string]: components["schemas"]["ConversionCounters"];
            };
        };
        /**
         * VariantExpectation
         * @description `propensity` is the unit's own, after floors, holdback and the bound on newcomers. `belief` is null of a variant that the unit could not get.
         */
        VariantExpectation: {
            /** Variant Key */
            variant_key: string;
            /** Propensity */
            propensity: number;
            belief: components["schemas"]["UnitBelief"] | null;
        };
        /**
         * VariantMetric
         * @description One variant on one declared metric, in the words of `VariantReport`. The interval's prior is Beta(1, 1).
         */
        VariantMetric: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Conversions */
            conversions: number;
            /** Conversion Events */
            conversion_events: number;
            /** Total Value */
            total_value: number;
            /** Mean */
            mean: number | null;
            /** Rate */
            rate: number | null;
            rate_interval: components["schemas"]["CredibleInterval"] | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * VariantRange
         * @description The buckets [start, stop) that were a variant's, of a million, and so its propensity.
         */
        VariantRange: {
            /** Variant Key */
            variant_key: string;
            /** Propensity */
            propensity: number;
            /** Start */
            start: number;
            /** Stop */
            stop: number;
        };
        /**
         * VariantReport
         * @description One variant on the primary metric.
         *
         *     `exposures` are events, `exposed_units` are units; everything inferential counts units. `conversions` are units with
         *     at least one conversion after their exposure and inside the window, `conversion_events` are events as they came in.
         *     `total_value` sums the values inside the units' windows, `mean` is that per exposed unit, `rate` is conversions per
         *     exposed unit. `alpha`, `beta` and `expected_rate` (their mean) are of the posterior; `win_probability` is the
         *     probability of being the best of the active variants, which is no proof. `share` is of all exposed units,
         *     `propensity` of the next decisions (the last ones there were, when it does not run), `floor` its least value.
         */
        VariantReport: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Variant Name */
            variant_name: string;
            /** Is Control */
            is_control: boolean;
            /** State */
            state: string;
            /** Exposures */
            exposures: number;
            /** Exposed Units */
            exposed_units: number;
            /** Share */
            share: number | null;
            /** Propensity */
            propensity: number;
            /** Floor */
            floor: number | null;
            /** Conversions */
            conversions: number | null;
            /** Conversion Events */
            conversion_events: number | null;
            /** Total Value */
            total_value: number | null;
            /** Mean */
            mean: number | null;
            /** Rate */
            rate: number | null;
            rate_interval: components["schemas"]["CredibleInterval"] | null;
            /** Alpha */
            alpha: number | null;
            /** Beta */
            beta: number | null;
            /** Expected Rate */
            expected_rate: number | null;
            /** Win Probability */
            win_probability: number | null;
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * VariantSeries
         * @description One variant, by interval. `rate` is cumulative conversions ÷ cumulative exposed units; null before the first.
         *
         *     Units count where they were first exposed, and where they first converted; `events` and `total` of the metric count
         *     where they occurred, whether or not they are inside the unit's window.
         */
        VariantSeries: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Exposed Units */
            exposed_units: number[];
            /** Conversions */
            conversions: number[];
            /** Cumulative Exposed Units */
            cumulative_exposed_units: number[];
            /** Cumulative Conversions */
            cumulative_conversions: number[];
            /** Rate */
            rate: (number | null)[];
            /** Events */
            events: number[];
            /** Total */
            total: number[];
        };
        /**
         * Verdict
         * @description What a person should do, before any number.
         *
         *     `sentence` says it; `reasons` are further sentences, the most important first. `subject` is the key of the variant that it is
         *     about, `metric` the name of the metric; null where it is about none. `proven` is true only where the interval that holds at
         *     every look at once says so: a high chance to win never is. `until` is when waiting ends at the earliest, null where nothing
         *     but more units ends it. `action` is the same in the words of the worker's dialect.
         */
        Verdict: {
            value: components["schemas"]["VerdictValue"];
            /** Action */
            action: string;
            /** Sentence */
            sentence: string;
            /** Subject */
            subject: string | null;
            /** Metric */
            metric: string | null;
            /** Proven */
            proven: boolean;
            /** Reasons */
            reasons: string[];
            /** Choices */
            choices: components["schemas"]["Choice"][];
            /** Until */
            until: string | null;
        };
        /**
         * VerdictValue
         * @description What to do, in one word; a closed list.
         * @enum {string}
         */
        VerdictValue: "collecting" | "keep_waiting" | "ship" | "no_difference" | "stop_guardrail" | "fix_sample_ratio";
        /**
         * Windows
         * @description Exposed units of both arms whose attribution window has closed, and others. `closes_at`: the next one to close.
         */
        Windows: {
            /** Matured Units */
            matured_units: number;
            /** Open Units */
            open_units: number;
            /** Closes At */
            closes_at: string | null;
        };
        /**
         * Answer
         * @description What the policy would have earned on the exposed units of the log, and what they did earn; null where `refused` says why.
         *
         *     `value` is the doubly robust estimate, `gain` that less `logged`; the two others are for comparison. `shares` are the policy's
         *     own, averaged over these `units`. `left_out_units` came while the policy wanted a variant that was not drawn from.
         *     `effective_units` is how many units of its own the log is worth to the policy, `largest_weight` for how many of its units one
         *     unit stands at most.
         */
        litmus_server__domain__evaluation__Answer: {
            /** Experiment Id */
            experiment_id: string;
            /** Experiment Key */
            experiment_key: string;
            /** Metric */
            metric: string;
            /**
             * Computed At
             * Format: date-time
             */
            computed_at: string;
            /** Level */
            level: number;
            /** Shares */
            shares: {
                [key: string]: number;
            };
            value: components["schemas"]["Value"] | null;
            logged: components["schemas"]["Value"] | null;
            gain: components["schemas"]["Value"] | null;
            self_normalised: components["schemas"]["Value"] | null;
            inverse_propensity: components["schemas"]["Value"] | null;
            /**
             * Units
             * @default 0
             */
            units: number;
            /**
             * Left Out Units
             * @default 0
             */
            left_out_units: number;
            /** Effective Units */
            effective_units: number | null;
            /** Largest Weight */
            largest_weight: number | null;
            refused: components["schemas"]["Refused"] | null;
        };
        /**
         * Answer
         * @description The four questions of planning. What has no answer is null, and `missing` says why in a sentence.
         *
         *     `sample_size` needs an effect; `detectable` and `achieved` (the power at `units`, or after `days`) need a number of units. `curve` is the
         *     power for the effect over units.
         */
        litmus_server__domain__power__Answer: {
            baseline: components["schemas"]["BaselineAnswer"] | null;
            design: components["schemas"]["DesignAnswer"];
            /** Units Per Day */
            units_per_day: number | null;
            sample_size: components["schemas"]["SampleSize"] | null;
            detectable: components["schemas"]["Detectable"] | null;
            achieved: components["schemas"]["Point"] | null;
            /** Curve */
            curve: components["schemas"]["Point"][];
            rule: components["schemas"]["RuleAnswer"] | null;
            history: components["schemas"]["History"] | null;
            /** Missing */
            missing: {
                [key: string]: string;
            };
        };
        /**
         * Effect
         * @description An effect, in the metric's units and as a fraction of control; the fraction is null where control is zero.
         */
        litmus_server__domain__power__Effect: {
            /** Difference */
            difference: number;
            /** Lift */
            lift: number | null;
        };
        /**
         * Effect
         * @description One variant against control on one metric.
         *
         *     `population`: "matured", only units whose attribution window has closed count, or "all". `units` and `control_units` are of
         *     that population. `difference` is variant − control in the metric's units, `lift` that as a fraction of |control|; both
         *     come from one contrast, so that an interval leaves out zero exactly where `p_value` is below `alpha`. `mean` and
         *     `control_mean` are that population's, as the contrast has them; `standard_error` is of the difference. `statistic` is the
         *     distance from no effect in standard errors, `critical_value` the one from which on it is significant.
         *     `significant` counts the correction for several questions in. `better`: significant, and in the metric's direction, or
         *     significant and against it (false); null where nothing is known.
         *     `method` is what was used here: hybrid, group_sequential, always_valid, fixed, exact (the conditional multinomial test
         *     of conversions), after_bandit. `alpha_spent` is how much of alpha the looks so far have used up, `looks` those that were
         *     taken. `information_fraction` is of the plan. `median_unbiased` is the estimate of the difference that is as often too
         *     high as too low after looks have been taken. `alternatives` answer the same question otherwise. `notes` say in sentences
         *     what is missing and why.
         */
        litmus_server__domain__report__Effect: {
            /** Variant Id */
            variant_id: string;
            /** Variant Key */
            variant_key: string;
            /** Control Key */
            control_key: string;
            /** Population */
            population: string;
            /** Units */
            units: number;
            /** Control Units */
            control_units: number;
            /** Mean */
            mean: number | null;
            /** Control Mean */
            control_mean: number | null;
            difference: components["schemas"]["Estimate"];
            lift: components["schemas"]["Estimate"];
            /** Standard Error */
            standard_error: number | null;
            /** P Value */
            p_value: number | null;
            /** Statistic */
            statistic: number | null;
            /** Critical Value */
            critical_value: number | null;
            /** Significant */
            significant: boolean;
            /** Better */
            better: boolean | null;
            adjusted: components["schemas"]["Adjusted"] | null;
            /** Method */
            method: string;
            /** Alpha */
            alpha: number;
            /** Alpha Spent */
            alpha_spent: number | null;
            /** Looks */
            looks: components["schemas"]["Look"][];
            /** Information Fraction */
            information_fraction: number | null;
            /** Median Unbiased */
            median_unbiased: number | null;
            start: components["schemas"]["Start"];
            windows: components["schemas"]["Windows"];
            belief: components["schemas"]["Belief"] | null;
            guardrail: components["schemas"]["GuardrailState"] | null;
            /** Alternatives */
            alternatives: components["schemas"]["Alternative"][];
            /** Biased */
            biased: boolean;
            /** Notes */
            notes: string[];
            /** Missing */
            missing: {
                [key: string]: components["schemas"]["Missing"];
            };
        };
        /**
         * ActingRequest
         * @description What may be done to it by itself, see docs/statistics/acting.md.
         */
        ActingRequest: {
            /**
             * @description On evidence of harm: `pause` by default, `alarm` only, or `off`
             * @default null
             */
            guardrails?: components["schemas"]["GuardrailAction"] | null;
            /**
             * @description The test that raises the alarm: `sequential` by default, `fixed`, or `off`
             * @default null
             */
            sample_ratio?: components["schemas"]["RatioTest"] | null;
        };
        /**
         * AnalysisRequest
         * @description How it is judged, see docs/statistics/report.md. Alpha is 1 − significance_threshold.
         */
        AnalysisRequest: {
            /**
             * @description `hybrid` by default when planned_units are set, else `always_valid`
             * @default null
             */
            method?: components["schemas"]["Method"] | null;
            /**
             * Looks
             * @description Planned looks; 14 by default
             * @default null
             */
            looks?: number | null;
            /** @default null */
            spending?: components["schemas"]["SpendingShape"] | null;
            /**
             * @description For several questions at once; `holm` by default
             * @default null
             */
            correction?: components["schemas"]["Correction"] | null;
            /**
             * @description Which questions are one family; `metric` by default
             * @default null
             */
            scope?: components["schemas"]["Scope"] | null;
            /**
             * @description For what units did before their exposure; `lin` by default
             * @default null
             */
            adjustment?: components["schemas"]["Adjustment"] | null;
            /**
             * Minimum Effect
             * @description The lift from which on an effect is worth having
             * @default null
             */
            minimum_effect?: number | null;
            /**
             * Power
             * @description 0.8 by default
             * @default null
             */
            power?: number | null;
            /**
             * Minimum Days
             * @description How long it runs at least; 7 by default
             * @default null
             */
            minimum_days?: number | null;
            /**
             * Prior
             * @description What is believed of a lift before the first unit; Normal(0, 0.05) by default
             * @default null
             */
            prior?: components["schemas"]["NamedPrior"] | components["schemas"]["NormalPriorRequest"] | null;
        };
        /**
         * CapRequest
         * @description What a unit's total counts at most; one of both.
         */
        CapRequest: {
            /**
             * Value
             * @default null
             */
            value?: number | null;
            /**
             * Quantile
             * @description Of all variants' units with a value; frozen once 5,000 of them have one
             * @default null
             */
            quantile?: number | null;
        };
        /**
         * ChangeRequest
         * @description Why, and which revision the caller has seen (409 when it is not the newest).
         */
        ChangeRequest: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
        };
        /**
         * ChangedLayer
         * @description As in create; once it has started only `share` can grow, into what is free beside its range.
         */
        ChangedLayer: {
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Share
             * @default null
             */
            share?: number | null;
        };
        /**
         * ChangedVariant
         * @description Of a draft: one of the whole list, as in create. Once it has started: what changes about the variant of this key or id; where
         *     shares are learned, a name with a key that none has adds a variant.
         */
        ChangedVariant: {
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Id
             * @default null
             */
            id?: string | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Weight
             * @description All weights, with those not named, sum to 1.0
             * @default null
             */
            weight?: number | null;
            /**
             * State
             * @description Once it has started: a paused one is not drawn, its share goes to the others in proportion; a retired one is not drawn any more for ever. Their units keep them
             * @default null
             */
            state?: ("active" | "paused" | "retired") | null;
            /**
             * Is Control
             * @default null
             */
            is_control?: boolean | null;
            /**
             * Config
             * @description Any JSON, at most 100,000 bytes
             * @default {}
             */
            config?: unknown;
            /**
             * Factors
             * @description Of a draft only
             * @default null
             */
            factors?: {
                [key: string]: string;
            } | null;
        };
        /**
         * CloneExperiment
         * @description A new draft that says the same, but for these fields.
         * @example {
         *       "name": "the same again"
         *     }
         */
        CloneExperiment: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Hypothesis
             * @default null
             */
            hypothesis?: string | null;
            /**
             * Owner
             * @default null
             */
            owner?: string | null;
            /**
             * Tags
             * @default null
             */
            tags?: string[] | null;
            /** @default null */
            type?: components["schemas"]["ExperimentType"] | null;
            /**
             * Unit Type
             * @default null
             */
            unit_type?: string | null;
            /**
             * @description What keeps a unit's variant: `forever` the first draw, `ttl` a draw for `ttl_seconds`, `none`: each decision is a unit of its own, and `unit_type` is `decision`
             * @default null
             */
            sticky?: components["schemas"]["Sticky"] | null;
            /**
             * Ttl Seconds
             * @description Of `ttl`: for how long a draw holds
             * @default null
             */
            ttl_seconds?: number | null;
            /**
             * Public
             * @default null
             */
            public?: boolean | null;
            /**
             * Factors
             * @default null
             */
            factors?: components["schemas"]["NewFactor"][] | null;
            /**
             * Cells
             * @description Of a draft: make the variants anew, as in create
             * @default null
             */
            cells?: "all" | {
                [key: string]: string;
            }[] | null;
            /**
             * Features
             * @default null
             */
            features?: components["schemas"]["NewFeature"][] | null;
            /** @default null */
            value_type?: components["schemas"]["ValueType"] | null;
            /**
             * Starts At
             * @default null
             */
            starts_at?: string | null;
            /**
             * Ends At
             * @default null
             */
            ends_at?: string | null;
            /**
             * Ramp
             * @default null
             */
            ramp?: components["schemas"]["RampStep"][] | null;
            /**
             * Traffic Allocation
             * @default null
             */
            traffic_allocation?: number | null;
            /**
             * Primary Metric
             * @default null
             */
            primary_metric?: string | components["schemas"]["PrimaryMetric"] | null;
            /**
             * Secondary Metrics
             * @default null
             */
            secondary_metrics?: (string | components["schemas"]["MetricRequest"])[] | null;
            /** @default null */
            parameters?: components["schemas"]["Parameters"] | null;
            /**
             * Dimensions
             * @default null
             */
            dimensions?: string[] | null;
            /**
             * Planned Units
             * @default null
             */
            planned_units?: number | null;
            /**
             * Min Sample Size
             * @default null
             */
            min_sample_size?: number | null;
            /**
             * Significance Threshold
             * @default null
             */
            significance_threshold?: number | null;
            /**
             * Auto Promote Winner
             * @default null
             */
            auto_promote_winner?: boolean | null;
            /** @default null */
            acting?: components["schemas"]["ActingRequest"] | null;
            /** @default null */
            analysis?: components["schemas"]["AnalysisRequest"] | null;
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /** @default null */
            layer?: components["schemas"]["ChangedLayer"] | null;
            /**
             * Holdout
             * @default null
             */
            holdout?: boolean | null;
            /** @default null */
            holdback?: components["schemas"]["HoldbackRequest"] | null;
            /**
             * Forced
             * @default null
             */
            forced?: {
                [key: string]: string | null;
            } | null;
            /** Name */
            name: string;
            /**
             * Variants
             * @default null
             */
            variants?: components["schemas"]["NewVariant"][] | null;
        };
        /**
         * ConcludeRequest
         * @description Which variant everybody gets from now on; one of both fields, each takes an id or a key.
         * @example {
         *       "winner": "treatment"
         *     }
         */
        ConcludeRequest: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /**
             * Winner Variant Id
             * @default null
             */
            winner_variant_id?: string | null;
            /**
             * Winner
             * @default null
             */
            winner?: string | null;
        };
        /**
         * CountAudience
         * @description A condition, or the key of an audience; one of both.
         * @example {
         *       "audience": {
         *         "attribute": "country",
         *         "operator": "equals",
         *         "value": "DE"
         *       }
         *     }
         */
        CountAudience: {
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Unit Type
             * @description Only units of this type; those of all experiments when absent
             * @default null
             */
            unit_type?: string | null;
        };
        /**
         * CreateAudience
         * @description A condition that experiments can name: `{"audience": "key"}`.
         * @example {
         *       "condition": {
         *         "attribute": "age",
         *         "operator": "greater",
         *         "value": 17
         *       },
         *       "name": "grown up"
         *     }
         */
        CreateAudience: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /** Name */
            name: string;
            /**
             * Key
             * @description Derived from the name when absent
             * @default null
             */
            key?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Condition
             * @description A condition of docs/reference/audiences.md; may name shared ones: `{"audience": "key"}`
             */
            condition: {
                [key: string]: unknown;
            };
        };
        /**
         * CreateExperiment
         * @description A new experiment, in status draft.
         * @example {
         *       "description": "Test new recommendation algorithm",
         *       "name": "recommendation_algo_test",
         *       "primary_metric": "watch_completion",
         *       "traffic_allocation": 1,
         *       "variants": [
         *         {
         *           "config": {
         *             "algo": "v1"
         *           },
         *           "name": "baseline",
         *           "weight": 0.5
         *         },
         *         {
         *           "config": {
         *             "algo": "v2"
         *           },
         *           "name": "new_algo",
         *           "weight": 0.5
         *         }
         *       ]
         *     }
         */
        CreateExperiment: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /** Name */
            name: string;
            /**
             * Key
             * @description Derived from the name when absent
             * @default null
             */
            key?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Hypothesis
             * @default null
             */
            hypothesis?: string | null;
            /**
             * Owner
             * @default null
             */
            owner?: string | null;
            /**
             * Tags
             * @default null
             */
            tags?: string[] | null;
            /** @default ab */
            type?: components["schemas"]["ExperimentType"] | null;
            /**
             * @description What it is for, instead of a type: `earn` thompson_sampling, `learn` top_two, `test` ab
             * @default null
             */
            mode?: components["schemas"]["Purpose"] | null;
            /**
             * Unit Type
             * @default null
             */
            unit_type?: string | null;
            /**
             * @description What keeps a unit's variant: `forever` the first draw, `ttl` a draw for `ttl_seconds`, `none`: each decision is a unit of its own, and `unit_type` is `decision`
             * @default null
             */
            sticky?: components["schemas"]["Sticky"] | null;
            /**
             * Ttl Seconds
             * @description Of `ttl`: for how long a draw holds
             * @default null
             */
            ttl_seconds?: number | null;
            /**
             * Public
             * @default null
             */
            public?: boolean | null;
            /**
             * Traffic Allocation
             * @default 1
             */
            traffic_allocation?: number | null;
            /**
             * Variants
             * @description Required, but where factors make them, and for a boolean flag: that has off and on
             * @default null
             */
            variants?: components["schemas"]["NewVariant"][] | null;
            /**
             * Factors
             * @description Of a multivariate experiment: its cells are the variants
             * @default null
             */
            factors?: components["schemas"]["NewFactor"][] | null;
            /**
             * Cells
             * @description Which cells are tried: `all` by default
             * @default null
             */
            cells?: "all" | {
                [key: string]: string;
            }[] | null;
            /**
             * Features
             * @description Of a contextual experiment: what it decides by
             * @default null
             */
            features?: components["schemas"]["NewFeature"][] | null;
            /**
             * @description Of a flag: `boolean` by default
             * @default null
             */
            value_type?: components["schemas"]["ValueType"] | null;
            /**
             * Starts At
             * @description When it is to start by itself
             * @default null
             */
            starts_at?: string | null;
            /**
             * Ends At
             * @description When it is to be completed by itself
             * @default null
             */
            ends_at?: string | null;
            /**
             * Ramp
             * @description Shares of traffic, the first of which it starts with
             * @default null
             */
            ramp?: components["schemas"]["RampStep"][] | null;
            /**
             * Primary Metric
             * @description `conversion` by default where shares are learned; a name alone is a conversion
             * @default null
             */
            primary_metric?: string | components["schemas"]["PrimaryMetric"] | null;
            /**
             * Secondary Metrics
             * @description A name alone is a mean
             * @default null
             */
            secondary_metrics?: (string | components["schemas"]["MetricRequest"])[] | null;
            /** @default null */
            parameters?: components["schemas"]["Parameters"] | null;
            /**
             * Dimensions
             * @description Attributes that are kept with an assignment
             * @default null
             */
            dimensions?: string[] | null;
            /**
             * Planned Units
             * @default null
             */
            planned_units?: number | null;
            /**
             * Min Sample Size
             * @default null
             */
            min_sample_size?: number | null;
            /**
             * Significance Threshold
             * @default 0.95
             */
            significance_threshold?: number | null;
            /**
             * Auto Promote Winner
             * @default null
             */
            auto_promote_winner?: boolean | null;
            /** @default null */
            acting?: components["schemas"]["ActingRequest"] | null;
            /** @default null */
            analysis?: components["schemas"]["AnalysisRequest"] | null;
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /** @default null */
            layer?: components["schemas"]["LayerRequest"] | null;
            /**
             * Holdout
             * @description Whether the global holdout keeps units out of it
             * @default true
             */
            holdout?: boolean | null;
            /**
             * @description Of a bandit; 5 % uniform by default where `mode` is `earn` and no type is named, else none
             * @default null
             */
            holdback?: components["schemas"]["HoldbackRequest"] | null;
            /**
             * Forced
             * @default null
             */
            forced?: {
                [key: string]: string | null;
            } | null;
        };
        /**
         * CreateLayer
         * @description A layer; experiments take their shares of it.
         */
        CreateLayer: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /** Name */
            name: string;
            /**
             * Key
             * @description Derived from the name when absent
             * @default null
             */
            key?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
        };
        /**
         * CreatePreview
         * @description Which variant to show. `page` is the address of the page on which it is to be seen.
         * @example {
         *       "variant": "treatment"
         *     }
         */
        CreatePreview: {
            /**
             * Variant
             * @description Its key or id
             */
            variant: string;
            /**
             * Expires In
             * @description Seconds; a day by default, 30 days at most
             * @default null
             */
            expires_in?: number | null;
            /**
             * Page
             * @default null
             */
            page?: string | null;
        };
        /**
         * DeclareMetric
         * @description One more metric; what the log holds of it already is folded in soon.
         */
        DeclareMetric: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /** Name */
            name: string;
            /** @default null */
            kind?: components["schemas"]["MetricKind"] | null;
            /** @default null */
            direction?: components["schemas"]["Direction"] | null;
            /** @default null */
            role?: components["schemas"]["Role"] | null;
            /**
             * Window Days
             * @description Events that count come this soon after the first exposure; 30 by default
             * @default null
             */
            window_days?: number | null;
            /**
             * Window Seconds
             * @description The same in seconds; give one of both
             * @default null
             */
            window_seconds?: number | null;
            /**
             * Numerator
             * @description Of a ratio: a metric of this experiment, a conversion or a mean
             * @default null
             */
            numerator?: string | null;
            /**
             * Denominator
             * @description Of a ratio, likewise
             * @default null
             */
            denominator?: string | null;
            /**
             * Quantile
             * @description Of a quantile: which one
             * @default null
             */
            quantile?: number | null;
            /**
             * @description Of a mean; the raw figures are shown beside the capped
             * @default null
             */
            cap?: components["schemas"]["CapRequest"] | null;
            /**
             * Margin
             * @description Of a guardrail: the harm that is tolerated, as a part of the control's value
             * @default null
             */
            margin?: number | null;
            /**
             * Minimum Effect
             * @description The least lift worth having, as a part of the control's value
             * @default null
             */
            minimum_effect?: number | null;
            /**
             * Unit
             * @description What values are shown in, such as EUR, ms, %
             * @default null
             */
            unit?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Covariates
             * @description Further metrics whose totals before the exposure adjust it, beside its own; [] for none at all
             * @default null
             */
            covariates?: string[] | null;
        };
        /**
         * EditAudience
         * @description What is to change; what is absent stays. The condition is replaced as a whole.
         */
        EditAudience: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Condition
             * @default null
             */
            condition?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * EditExperiment
         * @description What is to change, as JSON merge patch (RFC 7396): fields that are absent stay, null is the default.
         *
         *     Everything of a draft. Of a running or paused one: name, description, hypothesis, owner, tags,
         *     min_sample_size, traffic_allocation and the layer's share upwards, audience, holdout, holdback, forced, acting, of analysis
         *     minimum_effect, power and minimum_days, and of variants name, weight,
         *     state and config. Of a completed one: name, description, hypothesis, owner, tags.
         * @example {
         *       "traffic_allocation": 1,
         *       "variants": [
         *         {
         *           "key": "b",
         *           "state": "paused"
         *         }
         *       ]
         *     }
         */
        EditExperiment: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Hypothesis
             * @default null
             */
            hypothesis?: string | null;
            /**
             * Owner
             * @default null
             */
            owner?: string | null;
            /**
             * Tags
             * @default null
             */
            tags?: string[] | null;
            /** @default null */
            type?: components["schemas"]["ExperimentType"] | null;
            /**
             * Unit Type
             * @default null
             */
            unit_type?: string | null;
            /**
             * @description What keeps a unit's variant: `forever` the first draw, `ttl` a draw for `ttl_seconds`, `none`: each decision is a unit of its own, and `unit_type` is `decision`
             * @default null
             */
            sticky?: components["schemas"]["Sticky"] | null;
            /**
             * Ttl Seconds
             * @description Of `ttl`: for how long a draw holds
             * @default null
             */
            ttl_seconds?: number | null;
            /**
             * Public
             * @default null
             */
            public?: boolean | null;
            /**
             * Factors
             * @default null
             */
            factors?: components["schemas"]["NewFactor"][] | null;
            /**
             * Cells
             * @description Of a draft: make the variants anew, as in create
             * @default null
             */
            cells?: "all" | {
                [key: string]: string;
            }[] | null;
            /**
             * Features
             * @default null
             */
            features?: components["schemas"]["NewFeature"][] | null;
            /** @default null */
            value_type?: components["schemas"]["ValueType"] | null;
            /**
             * Starts At
             * @default null
             */
            starts_at?: string | null;
            /**
             * Ends At
             * @default null
             */
            ends_at?: string | null;
            /**
             * Ramp
             * @default null
             */
            ramp?: components["schemas"]["RampStep"][] | null;
            /**
             * Traffic Allocation
             * @default null
             */
            traffic_allocation?: number | null;
            /**
             * Primary Metric
             * @default null
             */
            primary_metric?: string | components["schemas"]["PrimaryMetric"] | null;
            /**
             * Secondary Metrics
             * @default null
             */
            secondary_metrics?: (string | components["schemas"]["MetricRequest"])[] | null;
            /** @default null */
            parameters?: components["schemas"]["Parameters"] | null;
            /**
             * Dimensions
             * @default null
             */
            dimensions?: string[] | null;
            /**
             * Planned Units
             * @default null
             */
            planned_units?: number | null;
            /**
             * Min Sample Size
             * @default null
             */
            min_sample_size?: number | null;
            /**
             * Significance Threshold
             * @default null
             */
            significance_threshold?: number | null;
            /**
             * Auto Promote Winner
             * @default null
             */
            auto_promote_winner?: boolean | null;
            /** @default null */
            acting?: components["schemas"]["ActingRequest"] | null;
            /** @default null */
            analysis?: components["schemas"]["AnalysisRequest"] | null;
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /** @default null */
            layer?: components["schemas"]["ChangedLayer"] | null;
            /**
             * Holdout
             * @default null
             */
            holdout?: boolean | null;
            /** @default null */
            holdback?: components["schemas"]["HoldbackRequest"] | null;
            /**
             * Forced
             * @default null
             */
            forced?: {
                [key: string]: string | null;
            } | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Variants
             * @default null
             */
            variants?: components["schemas"]["ChangedVariant"][] | null;
        };
        /**
         * EditLayer
         * @description What is to change; what is absent stays.
         */
        EditLayer: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
        };
        /**
         * EvaluateRequest
         * @description Which policy, and by which metric.
         * @example {
         *       "policy": {
         *         "uniform": true
         *       }
         *     }
         * @example {
         *       "policy": {
         *         "variant": "control"
         *       }
         *     }
         */
        EvaluateRequest: {
            policy: components["schemas"]["TargetPolicy"];
            /**
             * Metric
             * @description A declared one; the primary one by default
             * @default null
             */
            metric?: string | null;
        };
        /**
         * ExplainRequest
         * @description Whose decision, by which attributes. `preview`: the key of a variant to be forced, as a preview link does. `scores`: as in a request
         *     for an assignment, where they decide.
         */
        ExplainRequest: {
            /**
             * Unit Id
             * @default null
             */
            unit_id?: string | null;
            /**
             * User Id
             * @description The same as unit_id
             * @default null
             */
            user_id?: string | null;
            /**
             * Attributes
             * @default null
             */
            attributes?: {
                [key: string]: unknown;
            } | null;
            /**
             * Preview
             * @default null
             */
            preview?: string | null;
            /**
             * Scores
             * @default null
             */
            scores?: {
                [key: string]: number;
            } | null;
        };
        /**
         * FeatureType
         * @description What values a feature has.
         * @enum {string}
         */
        FeatureType: "number" | "category" | "boolean";
        /**
         * HoldbackRequest
         * @description Of a bandit: the share of its units that is drawn as if nothing had been learned, to measure what it brings.
         */
        HoldbackRequest: {
            /**
             * Share
             * @default 0.05
             */
            share?: number | null;
            /**
             * @description What they get: any active variant alike, or the control
             * @default uniform
             */
            to?: components["schemas"]["Baseline"] | null;
        };
        /**
         * LayerRequest
         * @description Its share of a layer: one contiguous range, which nobody else gets.
         */
        LayerRequest: {
            /** Key */
            key: string;
            /** Share */
            share: number;
        };
        /**
         * MetricRequest
         * @description What is measured. `conversion`: did the unit do it at least once; `mean`: the sum of the unit's values; `ratio`: the sum of
         *     one metric ÷ that of another; `quantile`: of the units' sums.
         */
        MetricRequest: {
            /** Name */
            name: string;
            /** @default null */
            kind?: components["schemas"]["MetricKind"] | null;
            /** @default null */
            direction?: components["schemas"]["Direction"] | null;
            /**
             * Role
             * @default null
             */
            role?: ("secondary" | "guardrail") | null;
            /**
             * Window Days
             * @description Events that count come this soon after the first exposure; 30 by default
             * @default null
             */
            window_days?: number | null;
            /**
             * Window Seconds
             * @description The same in seconds; give one of both
             * @default null
             */
            window_seconds?: number | null;
            /**
             * Numerator
             * @description Of a ratio: a metric of this experiment, a conversion or a mean
             * @default null
             */
            numerator?: string | null;
            /**
             * Denominator
             * @description Of a ratio, likewise
             * @default null
             */
            denominator?: string | null;
            /**
             * Quantile
             * @description Of a quantile: which one
             * @default null
             */
            quantile?: number | null;
            /**
             * @description Of a mean; the raw figures are shown beside the capped
             * @default null
             */
            cap?: components["schemas"]["CapRequest"] | null;
            /**
             * Margin
             * @description Of a guardrail: the harm that is tolerated, as a part of the control's value
             * @default null
             */
            margin?: number | null;
            /**
             * Minimum Effect
             * @description The least lift worth having, as a part of the control's value
             * @default null
             */
            minimum_effect?: number | null;
            /**
             * Unit
             * @description What values are shown in, such as EUR, ms, %
             * @default null
             */
            unit?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Covariates
             * @description Further metrics whose totals before the exposure adjust it, beside its own; [] for none at all
             * @default null
             */
            covariates?: string[] | null;
        };
        /**
         * NewFactor
         * @description Something that is varied. Its first level is how it is without the experiment.
         */
        NewFactor: {
            /** Key */
            key: string;
            /**
             * Name
             * @description Else the key
             * @default null
             */
            name?: string | null;
            /** Levels */
            levels: components["schemas"]["NewLevel"][];
        };
        /**
         * NewFeature
         * @description An attribute that a contextual experiment decides by. `low` and `high` are of a number, `levels` of a category.
         */
        NewFeature: {
            /** Name */
            name: string;
            type: components["schemas"]["FeatureType"];
            /**
             * Low
             * @description The range that the number usually has
             * @default null
             */
            low?: number | null;
            /**
             * High
             * @description Beyond its range a number is clipped
             * @default null
             */
            high?: number | null;
            /**
             * Levels
             * @description The values that are told apart; all others are one
             * @default null
             */
            levels?: string[] | null;
            /**
             * Required
             * @description Then a decision without it is refused; else missing is a value of its own
             * @default null
             */
            required?: boolean | null;
        };
        /**
         * NewLevel
         * @description One setting of a factor.
         */
        NewLevel: {
            /** Key */
            key: string;
            /**
             * Name
             * @description Else the key
             * @default null
             */
            name?: string | null;
            /**
             * Config
             * @description What it adds to the config of each cell that has it
             * @default {}
             */
            config?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * NewVariant
         * @description A variant to be. Its place in the list is its ordinal.
         */
        NewVariant: {
            /**
             * Name
             * @description Required, but for cells, which are called as their levels
             * @default null
             */
            name?: string | null;
            /**
             * Key
             * @description Derived from the name when absent
             * @default null
             */
            key?: string | null;
            /**
             * Weight
             * @description All weights sum to 1.0
             * @default null
             */
            weight?: number | null;
            /**
             * Is Control
             * @description Else the one called control, else the first
             * @default null
             */
            is_control?: boolean | null;
            /**
             * Config
             * @description Any JSON, at most 100,000 bytes; of a flag its value, of a cell by default that of its levels
             * @default {}
             */
            config?: unknown;
            /**
             * Factors
             * @description Of a cell: a level's key for each factor's key
             * @default null
             * @example {
             *       "color": "red"
             *     }
             */
            factors?: {
                [key: string]: string;
            } | null;
        };
        /**
         * NormalPriorRequest
         * @description Normal(mean, sd) of a lift.
         */
        NormalPriorRequest: {
            /**
             * Mean
             * @default null
             */
            mean?: number | null;
            /**
             * Sd
             * @description 0.05 by default
             * @default null
             */
            sd?: number | null;
        };
        /**
         * Parameters
         * @description Of the policy and the posteriors; which type takes which is in docs/reference/api.md.
         */
        Parameters: {
            /**
             * Prior Alpha
             * @default null
             */
            prior_alpha?: number | null;
            /**
             * Prior Beta
             * @default null
             */
            prior_beta?: number | null;
            /**
             * Floor
             * @description Least share of each variant; 0.002 by default, 0.01 where a winner is sought, 0.001 of linear contextual types
             * @default null
             */
            floor?: number | null;
            /**
             * C
             * @description Of upper bounds: 2 is the textbook, more explores more
             * @default null
             */
            c?: number | null;
            /**
             * Epsilon
             * @description Of epsilon_greedy: 0.1 by default
             * @default null
             */
            epsilon?: number | null;
            /**
             * Decay
             * @description Of epsilon_greedy: the share starts at 1 and falls with the outcomes' cube root
             * @default null
             */
            decay?: boolean | null;
            /**
             * Beta
             * @description Of top_two: the share of the probable best, 0.5 by default
             * @default null
             */
            beta?: number | null;
            /**
             * Half Life Days
             * @description Of bandits: after so long a unit counts half
             * @default null
             */
            half_life_days?: number | null;
            /**
             * Window Days
             * @description Of bandits: after so long a unit counts no more
             * @default null
             */
            window_days?: number | null;
            /**
             * Mean Delay Hours
             * @description Of bandits with a conversion: how long it takes on average, where that is known
             * @default null
             */
            mean_delay_hours?: number | null;
            /**
             * Learned Delays
             * @description Of bandits with a conversion: learn of each variant how long it takes, see docs/statistics/delays.md
             * @default null
             */
            learned_delays?: boolean | null;
            /**
             * Promotion Threshold
             * @description Of bandits: the probability of being the best that promotes; 0.99, or the significance_threshold that is given
             * @default null
             */
            promotion_threshold?: number | null;
            /**
             * Exploration
             * @description Of linear contextual types: 0.5 (linucb), 0.65 (lints), 4 (squarecb)
             * @default null
             */
            exploration?: number | null;
            /**
             * Ridge
             * @description Of linear contextual types: 1 by default
             * @default null
             */
            ridge?: number | null;
            /**
             * Early Stopping Threshold
             * @description Probability of being the best that promotes a variant before the last look; 0.95 by default
             * @default null
             */
            early_stopping_threshold?: number | null;
        };
        /**
         * PowerRequest
         * @description A baseline is required: `baseline_rate`, or `mean` and `sd`, or an experiment that has run.
         *
         *     What is left out is as the experiment has it, or: alpha 0.05, power 0.8, two sides, method hybrid with 14 looks, two equal shares.
         * @example {
         *       "baseline_rate": 0.1,
         *       "minimum_effect": 0.1,
         *       "units_per_day": 3000
         *     }
         */
        PowerRequest: {
            /**
             * Experiment Id
             * @description Id or key: its settings and its history
             * @default null
             */
            experiment_id?: string | null;
            /**
             * Metric
             * @description Of the experiment; its primary one by default
             * @default null
             */
            metric?: string | null;
            /**
             * Baseline Rate
             * @default null
             */
            baseline_rate?: number | null;
            /**
             * Mean
             * @default null
             */
            mean?: number | null;
            /**
             * Sd
             * @description Standard deviation of one unit's value
             * @default null
             */
            sd?: number | null;
            /**
             * Explained
             * @description Part of the variance that adjustment removes
             * @default null
             */
            explained?: number | null;
            /**
             * Minimum Effect
             * @description As a fraction of the baseline
             * @default null
             */
            minimum_effect?: number | null;
            /**
             * Minimum Difference
             * @description In the metric's units
             * @default null
             */
            minimum_difference?: number | null;
            /**
             * Margin
             * @description Non-inferiority: the harm that is borne, as a fraction; one side
             * @default null
             */
            margin?: number | null;
            /**
             * Variants
             * @description Equal shares of so many
             * @default null
             */
            variants?: number | null;
            /**
             * Shares
             * @description Of all units, control first; they sum to 1
             * @default null
             */
            shares?: number[] | null;
            /**
             * Alpha
             * @default null
             */
            alpha?: number | null;
            /**
             * Power
             * @default null
             */
            power?: number | null;
            /**
             * Sides
             * @default null
             */
            sides?: number | null;
            /** @default null */
            method?: components["schemas"]["Method"] | null;
            /**
             * Looks
             * @default null
             */
            looks?: number | null;
            /** @default null */
            spending?: components["schemas"]["SpendingShape"] | null;
            /**
             * @description With several treatments; holm by default
             * @default null
             */
            correction?: components["schemas"]["Correction"] | null;
            /**
             * Units
             * @description In all: what do so many find?
             * @default null
             */
            units?: number | null;
            /**
             * Days
             * @description The same from units_per_day
             * @default null
             */
            days?: number | null;
            /**
             * Units Per Day
             * @description New units, in all
             * @default null
             */
            units_per_day?: number | null;
            /** @default null */
            rule?: components["schemas"]["PowerRule"] | null;
        };
        /**
         * PowerRule
         * @description The rule of `bayesian_ab`, whose false-alarm rate is asked for.
         */
        PowerRule: {
            /**
             * Early Stopping Threshold
             * @description 0.95 by default
             * @default null
             */
            early_stopping_threshold?: number | null;
            /**
             * Significance Threshold
             * @description At the last look; 0.95 by default
             * @default null
             */
            significance_threshold?: number | null;
            /**
             * Min Sample Size
             * @description 1,000 by default
             * @default null
             */
            min_sample_size?: number | null;
            /**
             * Prior Alpha
             * @default null
             */
            prior_alpha?: number | null;
            /**
             * Prior Beta
             * @default null
             */
            prior_beta?: number | null;
        };
        /**
         * PrimaryMetric
         * @description The metric that decides.
         */
        PrimaryMetric: {
            /** Name */
            name: string;
            /** @default null */
            kind?: components["schemas"]["MetricKind"] | null;
            /** @default null */
            direction?: components["schemas"]["Direction"] | null;
            /**
             * Role
             * @default null
             */
            role?: "primary" | null;
            /**
             * Window Days
             * @description Events that count come this soon after the first exposure; 30 by default
             * @default null
             */
            window_days?: number | null;
            /**
             * Window Seconds
             * @description The same in seconds; give one of both
             * @default null
             */
            window_seconds?: number | null;
            /**
             * Numerator
             * @description Of a ratio: a metric of this experiment, a conversion or a mean
             * @default null
             */
            numerator?: string | null;
            /**
             * Denominator
             * @description Of a ratio, likewise
             * @default null
             */
            denominator?: string | null;
            /**
             * Quantile
             * @description Of a quantile: which one
             * @default null
             */
            quantile?: number | null;
            /**
             * @description Of a mean; the raw figures are shown beside the capped
             * @default null
             */
            cap?: components["schemas"]["CapRequest"] | null;
            /**
             * Margin
             * @description Of a guardrail: the harm that is tolerated, as a part of the control's value
             * @default null
             */
            margin?: number | null;
            /**
             * Minimum Effect
             * @description The least lift worth having, as a part of the control's value
             * @default null
             */
            minimum_effect?: number | null;
            /**
             * Unit
             * @description What values are shown in, such as EUR, ms, %
             * @default null
             */
            unit?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Covariates
             * @description Further metrics whose totals before the exposure adjust it, beside its own; [] for none at all
             * @default null
             */
            covariates?: string[] | null;
        };
        /**
         * Purpose
         * @description What people want of an experiment: the `mode` that they choose where they do not choose a type.
         * @enum {string}
         */
        Purpose: "earn" | "learn" | "test";
        /**
         * RampStep
         * @description A share of traffic, greater than the one before, and for how long; the last has no hours.
         */
        RampStep: {
            /** Traffic */
            traffic: number;
            /**
             * Hours
             * @description While it runs; pauses do not count
             * @default null
             */
            hours?: number | null;
        };
        /**
         * SetHoldout
         * @description The share of all units that no experiment has, but for those that take no part.
         */
        SetHoldout: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /** Share */
            share: number;
        };
        /**
         * StatusRequest
         * @description The status that the experiment is to have; with `completed`, the winner may be named.
         */
        StatusRequest: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            status: components["schemas"]["Status"];
            /**
             * Winner Variant Id
             * @description Id or key of the variant that everybody gets from now on
             * @default null
             */
            winner_variant_id?: string | null;
        };
        /**
         * TargetPolicy
         * @description Exactly one of `weights`, `variant`, `uniform`, `type`, `version` and `by`.
         */
        TargetPolicy: {
            /**
             * Weights
             * @description Fixed shares by the variants' keys; they sum to 1
             * @default null
             */
            weights?: {
                [key: string]: number;
            } | null;
            /**
             * Variant
             * @description Always the one of this key
             * @default null
             */
            variant?: string | null;
            /**
             * Uniform
             * @description All variants that were drawn from, alike
             * @default null
             */
            uniform?: boolean | null;
            /**
             * Type
             * @description A bandit, computed again from what was known at each version
             * @default null
             */
            type?: string | null;
            /**
             * Parameters
             * @description Of the type
             * @default null
             */
            parameters?: {
                [key: string]: unknown;
            } | null;
            /**
             * Floor
             * @description Of the type: the least share of each variant
             * @default null
             */
            floor?: number | null;
            /**
             * Version
             * @description Of a contextual experiment: its own policy of this version
             * @default null
             */
            version?: number | null;
            /**
             * By
             * @description Of a contextual experiment: a rule by this feature, with `values` and `otherwise`
             * @default null
             */
            by?: string | null;
            /**
             * Values
             * @description Of `by`: for each value of the feature, as JSON writes it, the variant's key
             * @default null
             */
            values?: {
                [key: string]: string;
            } | null;
            /**
             * Otherwise
             * @description Of `by`: the variant's key for all other values, and for none
             * @default null
             */
            otherwise?: string | null;
        };
        /**
         * TestAudience
         * @description A condition, or the key of an audience; one of both.
         * @example {
         *       "attributes": {
         *         "age": 36
         *       },
         *       "audience": {
         *         "attribute": "age",
         *         "operator": "present"
         *       }
         *     }
         */
        TestAudience: {
            /**
             * Audience
             * @default null
             */
            audience?: {
                [key: string]: unknown;
            } | null;
            /**
             * Key
             * @default null
             */
            key?: string | null;
            /**
             * Attributes
             * @default null
             */
            attributes?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * WinnerRequest
         * @description Which variant everybody gets from now on, by id or key; null: the control again.
         * @example {
         *       "winner": null
         *     }
         */
        WinnerRequest: {
            /**
             * Actor
             * @description Who does this, as the audit will say beside the token's name
             * @default null
             */
            actor?: string | null;
            /**
             * Reason
             * @default null
             */
            reason?: string | null;
            /**
             * Revision
             * @default null
             */
            revision?: number | null;
            /** Winner */
            winner: string | null;
        };
        /**
         * Assignment
         * @description The variant, why, and with what probability. `fresh`: this call randomised the unit. `expires_at`, where units are drawn anew
         *         after a while: from then on this answer holds no more.
         */
        Assignment: {
            experiment_id: string;
            experiment_key: string;
            assignment_id: string | null;
            unit_id: string;
            in_experiment: boolean;
            reason: string;
            variant_id: string;
            variant_key: string;
            variant_name: string;
            config: unknown;
            propensity: number;
            fresh: boolean;
            revision: number;
            policy_version: number | null;
            expires_at: string;
        };
        /**
         * AssignRequest
         * @description Which variant does this unit get? `log_exposure`: log an exposure in the same transaction. `preview`: a token that shows
         *         one variant, and logs nothing. `unit_id` may be left out where each decision is a unit of its own. Where shares are learned, `eligible` are the keys of the variants that it may get, and for
         *         squarecb without features `scores` are what each is expected to bring.
         */
        AssignRequest: {
            unit_id?: string | null;
            user_id?: string | null;
            unit_type?: string | null;
            attributes?: Record<string, never> | null;
            /** @default false */
            log_exposure?: boolean;
            preview?: string | null;
            eligible?: string[] | null;
            scores?: {
                [key: string]: number;
            } | null;
        };
        /**
         * Failed
         * @description One of many that could not be assigned.
         */
        Failed: {
            status: number;
            error: string;
            message: string;
            experiment_id: string;
            unit_id: string;
        };
        /**
         * AssignManyResponse
         * @description In the order of the requests, each an assignment or what was wrong with it.
         */
        AssignManyResponse: {
            assignments: (components["schemas"]["Assignment"] | components["schemas"]["Failed"])[];
        };
        /**
         * AssignOne
         * @description One of many: the experiment by id or key, and the unit.
         */
        AssignOne: {
            experiment_id: string;
            unit_id?: string | null;
            user_id?: string | null;
            unit_type?: string | null;
            attributes?: Record<string, never> | null;
            preview?: string | null;
            eligible?: string[] | null;
            scores?: {
                [key: string]: number;
            } | null;
        };
        /**
         * AssignManyRequest
         * @description At most 1,000 at once; each is answered in its place.
         */
        AssignManyRequest: {
            requests: components["schemas"]["AssignOne"][];
        };
        /**
         * Reason
         * @description Why an event was rejected: a closed list, part of the API.
         * @enum {unknown}
         */
        Reason: "archived" | "clock" | "malformed" | "not_in_experiment" | "not_running" | "too_large" | "too_many_metrics" | "unknown_experiment" | "value" | "variant_mismatch";
        /**
         * EventOutcome
         * @description What became of one event: accepted, duplicate or rejected, and then why.
         */
        EventOutcome: {
            event_id: string | null;
            /** @enum {unknown} */
            outcome: "accepted" | "duplicate" | "rejected";
            reason: components["schemas"]["Reason"] | null;
            message: string | null;
        };
        /**
         * EventsResponse
         * @description One outcome per event, in order. Accepted means committed.
         */
        EventsResponse: {
            accepted: number;
            duplicates: number;
            rejected: number;
            outcomes: components["schemas"]["EventOutcome"][];
        };
        /**
         * Submitted
         * @description One event as it was sent. The door for services decodes straight into it; other doors translate.
         */
        Submitted: {
            event_id: string;
            /** @enum {unknown} */
            type: "conversion" | "exposure" | "metric" | "reward";
            /** @default  */
            unit_id?: string;
            /** @default  */
            user_id?: string;
            experiment_id?: string | null;
            unit_type?: string | null;
            variant_key?: string | null;
            metric_name?: string | null;
            value?: number | null;
            occurred_at?: string | null;
            metadata?: unknown;
        };
        /**
         * Events
         * @description At most 10,000 events. `sent_at`: the sender's clock now, by which a clock that is wrong is corrected.
         */
        Events: {
            events: components["schemas"]["Submitted"][];
            sent_at?: string | null;
        };
        /**
         * ConversionResponse
         * @description The variant is the name of the one that the unit was assigned.
         */
        ConversionResponse: {
            status: string;
            experiment_id: string;
            variant: string;
            metric: string;
            value: number;
            event_id: string;
            duplicate: boolean;
            message: string | null;
        };
        /**
         * ConversionRequest
         * @description A goal reached. Without an `event_id` each call is a new event.
         */
        ConversionRequest: {
            experiment_id: string;
            metric_name: string;
            user_id?: string | null;
            unit_id?: string | null;
            value?: number | null;
            metadata?: unknown;
            event_id?: string | null;
            occurred_at?: string | null;
        };
        /**
         * SnapshotResponse
         * @description Everything that is needed to decide; `experiments` are configuration entries with the policy in force.
         */
        SnapshotResponse: {
            revision: number;
            hash: string;
            experiments: Record<string, never>[];
        };
        /** @description RFC 9457. `error` and `message` say the same as `title` and `detail`. */
        Problem: {
            /** @description `urn:litmus:problem:` and the code */
            type: string;
            title: string;
            status: number;
            /** @description What is wrong, for the person who caused it */
            detail: string;
            /** @description The path of the request */
            instance: string;
            /** @enum {string} */
            code: "conflict" | "forbidden" | "internal" | "invalid" | "invalid_status" | "invalid_transition" | "method_not_allowed" | "not_found" | "overloaded" | "too_large" | "unauthorized" | "unavailable" | "unsupported_type";
            request_id?: string | null;
            error: string;
            message: string;
            /** @description Everything that is wrong with the input */
            errors?: {
                /** @description RFC 6901, into the body; /query/… for the query */
                pointer: string;
                message: string;
            }[];
            valid_statuses?: string[];
            /** @description The one that is current */
            revision?: number;
            from?: string;
            to?: string;
            allowed?: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    assignMany: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignManyRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignManyResponse"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAudiences: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createAudience: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAudience"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAudience: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsedAudience"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteAudience: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    editAudience: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditAudience"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTrail: {
        parameters: {
            query?: {
                /** @description Its id or key; also what it was called then */
                experiment?: string | null;
                /** @description `experiment`, … */
                subject?: string | null;
                principal?: string | null;
                /** @description `create`, `edit`, `start`, … */
                action?: string | null;
                /** @description RFC 3339; UTC without a zone */
                since?: string | null;
                /** @description RFC 3339; that moment not included */
                until?: string | null;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trail"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                /** @description An experiment's id or key */
                experiment?: string | null;
                /** @description A `reward` is a metric */
                type?: components["schemas"]["EventType"] | null;
                /** @description A metric's name */
                metric?: string | null;
                /** @description A unit's id */
                unit?: string | null;
                /** @description Why it was rejected */
                reason?: "malformed" | "unknown_experiment" | "not_running" | "archived" | "not_in_experiment" | "variant_mismatch" | "clock" | "value" | "too_large" | "too_many_metrics" | null;
                /** @description Received then or later; RFC 3339, UTC without a zone */
                since?: string | null;
                /** @description Received before; RFC 3339, UTC without a zone */
                until?: string | null;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description Events on a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetters"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDefinitions: {
        parameters: {
            query?: {
                /** @description As the Accept header; JSON by default */
                format?: ("json" | "yaml") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>[];
                    "application/yaml": unknown;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    applyDefinitions: {
        parameters: {
            query?: {
                /** @description Who does this, as the audit will say */
                actor?: string;
                /** @description Why, as the audit will say */
                reason?: string;
            };
            header?: {
                /** @description A plan's ETag; 409 when it would now do something else */
                "if-match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | Record<string, never>[];
                "application/yaml": Record<string, never> | Record<string, never>[];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description What the plan was made against has changed since */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    planDefinitions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never> | Record<string, never>[];
                "application/yaml": Record<string, never> | Record<string, never>[];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sendEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Events"] | components["schemas"]["Submitted"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsResponse"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listExperiments: {
        parameters: {
            query?: {
                /** @description draft, running, paused, completed or all; several with commas or repeated. `running` by default */
                status?: string[] | null;
                /** @description Only those in the archive, or only others; others unless status is all */
                archived?: boolean | null;
                /** @description Words, each part of name, key, owner, tags, description or hypothesis */
                q?: string;
                /** @description ab, bayesian_ab, thompson_sampling, ucb, ucb1, ucb_tuned, epsilon_greedy, top_two, exploration_sampling, linucb, lints, squarecb, segmented_thompson, flag; several as in status */
                type?: string[] | null;
                /** @description Repeated: it has all of them */
                tag?: string[] | null;
                owner?: string | null;
                /** @description A metric that it declares */
                metric?: string | null;
                /** @description Newest first by default */
                order?: components["schemas"]["Order"];
                /** @description `summary`: with what is known of the results of each */
                include?: string | null;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentList"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateExperiment"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Created"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    recordConversion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConversionRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversionResponse"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getExperiment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    editExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditExperiment"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAlarms: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlarmList"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    acknowledgeAlarm: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
                /** @description The alarm's id */
                alarm: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAnalysis: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Inference"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    archiveExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    assignUnit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAssignment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                unit_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAudit: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditList"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBandit: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: number | null;
                /** @description Versions on a page */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Bandit"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBreakdown: {
        parameters: {
            query: {
                /** @description One that the experiment declares, or `day`, or `bucket` */
                dimension: string;
                /** @description A declared metric; the primary one by default */
                metric?: string | null;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Breakdown"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cloneExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CloneExperiment"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Created"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCohorts: {
        parameters: {
            query?: {
                /** @description A declared metric; the primary one by default */
                metric?: string | null;
                /** @description How long units were there when they are compared; the metric's window by default, and at most */
                age_days?: number | null;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cohorts"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    concludeExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConcludeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDefinition: {
        parameters: {
            query?: {
                /** @description As the Accept header; JSON by default */
                format?: ("json" | "yaml") | null;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                    "application/yaml": unknown;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    evaluatePolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EvaluateRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["litmus_server__domain__evaluation__Answer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description Both by default */
                outcome?: components["schemas"]["Side"] | null;
                /** @description A `reward` is a metric */
                type?: components["schemas"]["EventType"] | null;
                /** @description A metric's name */
                metric?: string | null;
                /** @description A variant's key */
                variant?: string | null;
                /** @description A unit's id */
                unit?: string | null;
                /** @description Why it was rejected */
                reason?: "malformed" | "unknown_experiment" | "not_running" | "archived" | "not_in_experiment" | "variant_mismatch" | "clock" | "value" | "too_large" | "too_many_metrics" | null;
                /** @description Received then or later; RFC 3339, UTC without a zone */
                since?: string | null;
                /** @description Received before; RFC 3339, UTC without a zone */
                until?: string | null;
                /** @description false: instead, the events that name no experiment and count for this one, because the unit was exposed to it before */
                named?: boolean;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description Events on a page */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentEvents"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explainDecision: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExplainRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportReport: {
        parameters: {
            query?: {
                /** @description JSON has all tables */
                format?: components["schemas"]["Format"];
                /** @description Of CSV and Parquet */
                table?: components["schemas"]["Table"];
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Export"];
                    "text/csv": unknown;
                    "application/vnd.apache.parquet": unknown;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportUnits: {
        parameters: {
            query?: {
                format?: components["schemas"]["UnitFormat"];
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": unknown;
                    "application/x-ndjson": unknown;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getInteractions: {
        parameters: {
            query?: {
                /** @description Another experiment's id or key; by default all that ran beside it */
                with?: string | null;
                /** @description A declared metric; the primary one by default */
                metric?: string | null;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Interactions"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    launchExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Metrics"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    declareMetric: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeclareMetric"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getPower: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["litmus_server__domain__power__Answer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createPreview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePreview"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    holdRamp: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeRamp: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExperimentBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReport: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restoreExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getResults: {
        parameters: {
            query?: {
                /** @description The finest that shows everything in 500 points by default */
                interval?: components["schemas"]["Interval"] | null;
                /** @description A metric's name; the primary one by default */
                metric?: string | null;
                /** @description RFC 3339; UTC without a zone */
                from?: string | null;
                /** @description RFC 3339; UTC without a zone */
                to?: string | null;
            };
            header?: never;
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Results"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setExperimentStatus: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatusRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stopExperiment: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shipWinner: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description The experiment's id or key */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WinnerRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Changed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHoldout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldoutBody"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setHoldout: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetHoldout"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldoutBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLayers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LayerList"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createLayer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateLayer"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LayerBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLayer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LayerBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteLayer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangeRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Removed"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    editLayer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The ETag that the caller has seen; 409 when the experiment has changed since */
                "If-Match"?: string;
            };
            path: {
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditLayer"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LayerBody"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMeta: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Meta"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    computePower: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PowerRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["litmus_server__domain__power__Answer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no experiment of this `experiment_id` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotResponse"];
                };
            };
            /** @description Not Modified */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Method Not Allowed */
            405: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    countAudience: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CountAudience"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Counted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no audience of this `key` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testAudience: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestAudience"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tested"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no audience of this `key` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUnit: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description Events on a page */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description Any text; a slash may stand as it is, or as %2F */
                unit_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnitFindings"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    /** @description Seconds until it is worth another try */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    prometheus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Not yet, or no more; `waits_for` says for what */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
