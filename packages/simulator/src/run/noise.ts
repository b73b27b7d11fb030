import { hashText, Random } from './random.ts';

/** Of one step to the next: with ten-second steps a disturbance halves in about six minutes. */
const MEMORY = 0.98;
const INNOVATION = Math.sqrt(1 - MEMORY * MEMORY);

/** Autocorrelated noise, AR(1), as a factor around 1: what real latency and load do between two measurements. */
export class Noise {
  readonly #random: Random;
  readonly #strength: number;
  #state: number;
  factor = 1;

  constructor(seed: number, name: string, strength: number) {
    this.#random = new Random(seed, hashText(name), 7);
    this.#strength = strength;
    this.#state = this.#random.normal();
    this.factor = Math.exp(strength * this.#state);
  }

  /** Ten seconds on. */
  step(): void {
    this.#state = MEMORY * this.#state + INNOVATION * this.#random.normal();
    this.factor = Math.exp(this.#strength * this.#state);
  }
}
