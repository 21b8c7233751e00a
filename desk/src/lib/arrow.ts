// Columns of an Arrow stream as they lie in the answer. Of the package that reads the format the reader of messages is
// taken and not what makes tables of them: columns of tables of the API are flat and whole, of numbers, days and texts.
import { decodeIPCStream } from '@uwdata/flechette/src/decode/decode-ipc.js';

export interface Batch {
  length: number;
  values: Uint8Array;
  // Where texts begin, and where the last ends.
  offsets: Int32Array;
}

// Texts among the types of fields, by its number in the format.
const TEXT = 5;

export function columns(bytes: Uint8Array): Map<string, Batch[]> {
  const { schema, records } = decodeIPCStream(bytes);
  const found = new Map(schema.fields.map(({ name }) => [name, [] as Batch[]]));
  for (const { length, regions, body } of records) {
    let region = 0;
    const next = () => {
      const { offset, length } = regions[region++];
      return body.subarray(offset, offset + length);
    };
    for (const { name, type } of schema.fields) {
      // Which values are there at all: of these columns, all.
      next();
      const starts = type.typeId === TEXT ? next() : null;
      const offsets = new Int32Array(body.buffer, starts?.byteOffset, starts && length ? length + 1 : 0);
      found.get(name)!.push({ length, values: next(), offsets });
    }
  }
  return found;
}
