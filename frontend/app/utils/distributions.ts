// Distributions, as far as a chart needs them: the server decides, this draws.

const LANCZOS = [676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7]

/** ln Γ(x) for x > 0 (Lanczos, g = 7). */
export function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x)
  const z = x - 1
  const sum = LANCZOS.reduce((s, c, k) => s + c / (z + k + 1), 0.99999999999980993)
  const t = z + 7.5
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum)
}

/** Beta(a, b) at `steps` points around its mean, and its middle half; never infinite: the ends 0 and 1 are left out. */
export function betaCurve(a: number, b: number, steps = 120): { xs: number[], ys: number[], fifty: [number, number] } {
  const mean = a / (a + b)
  const sd = Math.sqrt(mean * (1 - mean) / (a + b + 1))
  const lo = Math.max(1e-6, mean - 4.5 * sd)
  const hi = Math.min(1 - 1e-6, mean + 4.5 * sd)
  const xs = Array.from({ length: steps + 1 }, (_, k) => lo + (hi - lo) * k / steps)
  const scale = lnGamma(a + b) - lnGamma(a) - lnGamma(b)
  const ys = xs.map(x => Math.exp(scale + (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x)))
  return { xs, ys, fifty: [quantile(xs, ys, 0.25), quantile(xs, ys, 0.75)] }
}

/** The normal distribution whose middle `level` lies from `lo` to `hi`, drawn as `betaCurve` is; null where it has no width. */
export function normalCurve(mean: number, lo: number, hi: number, level: number, steps = 120): { xs: number[], ys: number[], fifty: [number, number] } | null {
  const sd = (hi - lo) / (2 * normalQuantile(0.5 + level / 2))
  if (!(sd > 0) || !Number.isFinite(sd) || !Number.isFinite(mean)) return null
  const xs = Array.from({ length: steps + 1 }, (_, k) => mean + sd * (9 * k / steps - 4.5))
  const ys = xs.map(x => Math.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * Math.sqrt(2 * Math.PI)))
  const half = sd * normalQuantile(0.75)
  return { xs, ys, fifty: [mean - half, mean + half] }
}

/** The point below which a share `q` of the area lies (trapezia). */
function quantile(xs: number[], ys: number[], q: number) {
  const sums = [0]
  for (let k = 1; k < xs.length; k++) sums.push(sums[k - 1]! + (ys[k]! + ys[k - 1]!) / 2 * (xs[k]! - xs[k - 1]!))
  const wanted = q * sums.at(-1)!
  const k = Math.max(1, sums.findIndex(s => s >= wanted))
  const part = sums[k]! > sums[k - 1]! ? (wanted - sums[k - 1]!) / (sums[k]! - sums[k - 1]!) : 0
  return xs[k - 1]! + part * (xs[k]! - xs[k - 1]!)
}

/** The standard normal's quantile, |error| < 1.2e-9 relative (Acklam's rational approximation). */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return Number.NaN
  if (p > 0.5) return -normalQuantile(1 - p)
  const a = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239]
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1]
  const c = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783]
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]
  const poly = (of: number[], x: number) => of.reduce((s, each) => s * x + each, 0)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return poly(c, q) / poly(d, q)
  }
  const q = p - 0.5
  return q * poly(a, q * q) / poly(b, q * q)
}
