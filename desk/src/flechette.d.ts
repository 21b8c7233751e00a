// The one file of the package that is read by itself, and what of its answer is used.
declare module '@uwdata/flechette/src/decode/decode-ipc.js' {
  export function decodeIPCStream(bytes: Uint8Array): {
    schema: { fields: { name: string; type: { typeId: number } }[] };
    records: { length: number; regions: { offset: number; length: number }[]; body: Uint8Array }[];
  };
}
