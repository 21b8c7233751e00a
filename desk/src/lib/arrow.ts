// Columns of an Arrow stream as they lie in the answer. It reads what tables of the API are written with, and no more:
// flat columns of numbers, days and texts, whole, little-endian, neither packed nor behind a dictionary.

export interface Batch {
  length: number;
  values: Uint8Array;
  // Where texts begin, and where the last ends.
  offsets: Int32Array;
}

// Messages, and texts among the types of fields, by their numbers in the format.
const [SCHEMA, BATCH] = [1, 3];
const TEXTS = [4, 5];

export function columns(bytes: Uint8Array<ArrayBuffer>): Map<string, Batch[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const int = (at: number) => view.getInt32(at, true);
  // What an offset leads to; where a field of a table lies, 0 where it is left out; one that holds a number.
  const to = (at: number) => at + int(at);
  const field = (table: number, which: number) => {
    const own = table - int(table);
    const place = 4 + 2 * which < view.getUint16(own, true) ? view.getUint16(own + 4 + 2 * which, true) : 0;
    return place && table + place;
  };
  const number = (table: number, which: number) => field(table, which) && int(field(table, which));
  const list = (table: number, which: number) => {
    const start = to(field(table, which));
    return { length: int(start), start: start + 4 };
  };
  const found = new Map<string, Batch[]>();
  const held: { batches: Batch[]; text: boolean }[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const size = int(at + 4);
    if (size === 0) break;
    const message = to(at + 8);
    const body = at + 8 + size;
    const kind = bytes[field(message, 1)];
    const header = to(field(message, 2));
    if (kind === SCHEMA) {
      const { length, start } = list(header, 1);
      for (let k = 0; k < length; k++) {
        const own = to(start + 4 * k);
        const name = list(own, 0);
        const batches: Batch[] = [];
        found.set(new TextDecoder().decode(bytes.subarray(name.start, name.start + name.length)), batches);
        held.push({ batches, text: TEXTS.includes(bytes[field(own, 2)]) });
      }
    } else if (kind === BATCH) {
      const length = number(header, 0);
      let buffer = list(header, 2).start;
      const next = () => {
        const [start, size] = [body + int(buffer), int(buffer + 8)];
        buffer += 16;
        return bytes.subarray(start, start + size);
      };
      for (const { batches, text } of held) {
        // Which values are there at all: of these columns, all.
        next();
        const starts = text ? next() : bytes;
        const offsets = new Int32Array(bytes.buffer, starts.byteOffset, text && length ? length + 1 : 0);
        batches.push({ length, values: next(), offsets });
      }
    }
    at = body + number(message, 3);
  }
  return found;
}
