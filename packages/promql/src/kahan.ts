/**
 * Compensated (Kahan-Babuška-Neumaier) summation as Prometheus does it: the result is sum + c, where c gathers what
 * rounding lost. Infinities clear the compensation.
 */
export class KahanSum {
  sum: number;
  c = 0;

  constructor(first = 0) {
    this.sum = first;
  }

  add(x: number): void {
    const { sum } = this;
    const t = sum + x;
    if (t === Infinity || t === -Infinity) this.c = 0;
    else if (Math.abs(sum) >= Math.abs(x)) this.c += sum - t + x;
    else this.c += x - t + sum;
    this.sum = t;
  }

  get total(): number {
    return this.sum + this.c;
  }
}

/**
 * The mean of values added one by one: the compensated sum divided at the end, or, from where that sum would overflow
 * on, the running mean.
 */
export class CompensatedMean {
  #sum: KahanSum;
  #count = 1;
  #incremental = false;

  constructor(first: number) {
    this.#sum = new KahanSum(first);
  }

  add(x: number): void {
    const n = ++this.#count;
    if (!this.#incremental) {
      const { sum, c } = this.#sum;
      this.#sum.add(x);
      if (Math.abs(this.#sum.sum) !== Infinity) return;
      this.#incremental = true;
      this.#sum.sum = sum / (n - 1);
      this.#sum.c = c / (n - 1);
    }
    const share = (n - 1) / n;
    this.#sum.sum *= share;
    this.#sum.c *= share;
    this.#sum.add(x / n);
  }

  get mean(): number {
    const { sum, c } = this.#sum;
    return this.#incremental ? sum + c : sum / this.#count + c / this.#count;
  }
}
