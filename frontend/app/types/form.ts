// An experiment as it is typed. Numbers are text until they are sent; shares are typed as per cent.
export type Document = Record<string, unknown>
export type Condition = Record<string, unknown>

export interface VariantForm { uid: string, key: string, name: string, control: boolean, weight: string, config: string, state: 'active' | 'paused' | 'retired'
  /** It was added to an experiment that has started, and is not saved yet. */
  added?: boolean
  /** Of a multivariate experiment: the `uid` of its level of each factor. Name and config may then be empty: they follow from the levels. */
  cell: string[] | null
}
/** What a flag's value is. */
export type ValueType = 'boolean' | 'string' | 'number' | 'object'
export interface LevelForm { uid: string, key: string, name: string, config: string }
export interface FactorForm { uid: string, key: string, name: string, levels: LevelForm[] }
export interface ForcedForm { uid: string, unit: string, variant: string }
export interface MetricForm {
  uid: string, name: string, role: 'primary' | 'secondary' | 'guardrail', kind: 'conversion' | 'mean' | 'ratio' | 'quantile', direction: 'increase' | 'decrease'
  days: string, cap: string, capKind: 'none' | 'value' | 'quantile', margin: string, minimumEffect: string, numerator: string, denominator: string, quantile: string, unit: string, description: string
  /** What else adjusts it: what its units did before of itself, of that and of `covariates`, or nothing. */
  adjusted: 'own' | 'further' | 'none', covariates: string[]
  /** What the form has no field for, as it came. */
  rest: Document
}
export interface FeatureForm { uid: string, name: string, type: 'number' | 'category' | 'boolean', low: string, high: string, levels: string[], required: boolean }
export interface ExperimentForm {
  name: string, key: string, hypothesis: string, description: string, owner: string, tags: string[], public: boolean
  type: string, unit_type: string, sticky: 'forever' | 'ttl' | 'none', ttlHours: string
  variants: VariantForm[], factors: FactorForm[], metrics: MetricForm[], features: FeatureForm[]
  /** Of a flag. */
  valueType: ValueType
  /** `variant`: the `uid` of one of the variants. */
  forced: ForcedForm[]
  dimensions: string[]
  parameters: Record<string, string>
  audience: Condition | null
  traffic: string, ramped: boolean, ramp: { traffic: string, hours: string }[]
  holdback: string, holdbackTo: 'uniform' | 'control'
  holdout: boolean, layer: string, layerShare: string
  plannedUnits: string, minSampleSize: string, level: string, power: string, minimumEffect: string, method: string, minimumDays: string
  looks: string, spending: string, correction: string, scope: string, adjustment: string, prior: 'normal' | 'flat' | 'fitted', priorMean: string, priorSd: string
  guardrails: 'pause' | 'alarm' | 'off', sampleRatio: 'sequential' | 'fixed' | 'off', autoPromote: boolean
  startsAt: string, endsAt: string
  /** For planning only; they are not sent with the experiment. */
  baseline: string, sd: string, unitsPerDay: string
}
/** What is wrong, by the JSON pointer of the field in the form. */
export type Faults = Record<string, string>
