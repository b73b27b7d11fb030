const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LESS_THAN = 0x3c;
const MAX_COUNT_DIGITS = 9;

/**
 * Cuts a TCP stream into messages. Each may have its length before it (`12 <13>…`, octet counting) or end with a line feed; the two are
 * told apart for every message by itself. Source: RFC 6587, section 3.4. Holds at most one message of the largest size.
 */
export class FrameSplitter {
  readonly #maxMessageBytes: number;
  readonly #emit: (message: Buffer, isCut: boolean) => void;
  #buffer = Buffer.allocUnsafe(4096);
  #start = 0;
  #end = 0;
  /** Up to here there is no line feed. */
  #scanned = 0;
  /** Of a counted message that was too long, what is still to come. */
  #skipBytes = 0;
  /** A line that was too long is still going on. */
  #isSkippingLine = false;

  /** `emit` is given a view that is good until it returns; `isCut` where the message was longer than the limit. */
  constructor(maxMessageBytes: number, emit: (message: Buffer, isCut: boolean) => void) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#emit = emit;
  }

  /** Whether a message has begun and not ended. */
  get isInMessage(): boolean {
    return this.#end > this.#start || this.#skipBytes > 0 || this.#isSkippingLine;
  }

  push(chunk: Buffer): void {
    this.#append(chunk);
    while (this.#next());
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#scanned = Math.max(0, this.#scanned - this.#start);
    this.#start = 0;
  }

  /** The stream ended: what is left is a message whose end is missing. */
  finish(): void {
    if (this.#end > this.#start && !this.#isSkippingLine) this.#take(this.#start + (this.#count()?.headBytes ?? 0), this.#end, 0, false);
    this.#start = this.#end;
    this.#skipBytes = 0;
    this.#isSkippingLine = false;
  }

  /** Takes one step; false where more bytes are needed. */
  #next(): boolean {
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, this.#end - this.#start);
      this.#skipBytes -= skipped;
      this.#start += skipped;
      return skipped > 0;
    }
    if (this.#isSkippingLine) return this.#skipLine();
    while (this.#start < this.#end && isSeparator(this.#buffer[this.#start]!)) this.#start++;
    if (this.#start === this.#end) return false;
    const count = this.#count();
    if (count === undefined) return this.#line();
    return count.isWhole && this.#counted(count.headBytes, count.messageBytes);
  }

  /** The length before a message; undefined where the message is a line. */
  #count(): { readonly headBytes: number; readonly messageBytes: number; readonly isWhole: boolean } | undefined {
    let messageBytes = 0;
    for (let at = this.#start; at <= this.#start + MAX_COUNT_DIGITS; at++) {
      const headBytes = at + 1 - this.#start;
      if (at === this.#end) return { headBytes: 0, messageBytes: 0, isWhole: false };
      const byte = this.#buffer[at]!;
      if (byte === SPACE && messageBytes > 0) {
        // A line may begin with a number, but then no priority follows.
        if (at + 1 === this.#end) return { headBytes: 0, messageBytes: 0, isWhole: false };
        return this.#buffer[at + 1] === LESS_THAN ? { headBytes, messageBytes, isWhole: true } : undefined;
      }
      const isDigit = byte >= DIGIT_0 && byte <= DIGIT_9 && (byte > DIGIT_0 || messageBytes > 0);
      if (!isDigit) return undefined;
      messageBytes = messageBytes * 10 + byte - DIGIT_0;
    }
    return undefined;
  }

  #counted(headBytes: number, messageBytes: number): boolean {
    const kept = Math.min(messageBytes, this.#maxMessageBytes);
    const from = this.#start + headBytes;
    if (this.#end - from < kept) return false;
    this.#skipBytes = messageBytes - kept;
    this.#take(from, from + kept, 0, kept < messageBytes);
    return true;
  }

  #line(): boolean {
    const from = Math.max(this.#start, this.#scanned);
    const found = this.#buffer.subarray(from, this.#end).indexOf(LINE_FEED);
    if (found >= 0) {
      this.#take(this.#start, from + found, 1, false);
      return true;
    }
    this.#scanned = this.#end;
    if (this.#end - this.#start <= this.#maxMessageBytes) return false;
    this.#isSkippingLine = true;
    this.#take(this.#start, this.#end, 0, true);
    return true;
  }

  #skipLine(): boolean {
    const found = this.#buffer.subarray(this.#start, this.#end).indexOf(LINE_FEED);
    this.#isSkippingLine = found < 0;
    this.#start = found < 0 ? this.#end : this.#start + found + 1;
    return found >= 0;
  }

  #take(from: number, to: number, separatorBytes: number, isCut: boolean): void {
    let end = to;
    while (end > from && isSeparator(this.#buffer[end - 1]!)) end--;
    const isTooLong = end - from > this.#maxMessageBytes;
    this.#start = to + separatorBytes;
    if (end > from) this.#emit(this.#buffer.subarray(from, isTooLong ? from + this.#maxMessageBytes : end), isCut || isTooLong);
  }

  #append(chunk: Buffer): void {
    const size = this.#end + chunk.length;
    if (size > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, size));
      this.#buffer.copy(grown, 0, 0, this.#end);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#end);
    this.#end = size;
  }
}

/** Line feeds, carriage returns and, from some devices, NULs stand between messages. */
function isSeparator(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === 0;
}
