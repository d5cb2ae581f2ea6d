// Bytes and caches: base64, and a cache bounded by bytes that forgets what was used longest ago.

export function fromBase64(text: string): Uint8Array {
  const native = (Uint8Array as unknown as { fromBase64?: (t: string) => Uint8Array }).fromBase64;
  if (native) return native(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Promises by key, bounded by the bytes of what they hold. A failed promise is not kept. */
export class Cache<T> {
  private held = new Map<string, { value: Promise<T>; bytes: number }>();
  private total = 0;

  constructor(private limit: number, private size: (value: T) => number) {}

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.held.get(key);
    if (known) {
      this.held.delete(key);
      this.held.set(key, known);
      return known.value;
    }
    const entry = { value: make(), bytes: 0 };
    this.held.set(key, entry);
    entry.value.then((value) => this.weigh(key, entry, this.size(value)), () => this.drop(key, entry));
    return entry.value;
  }

  clear(): void { this.held.clear(); this.total = 0; }

  private weigh(key: string, entry: { bytes: number }, bytes: number): void {
    if (this.held.get(key) !== entry) return;
    entry.bytes = bytes;
    this.total += bytes;
    for (const [oldest, other] of this.held) {
      if (this.total <= this.limit || oldest === key) break;
      this.drop(oldest, other);
    }
  }

  private drop(key: string, entry: { bytes: number }): void {
    if (this.held.get(key) !== entry) return;
    this.held.delete(key);
    this.total -= entry.bytes;
  }
}
