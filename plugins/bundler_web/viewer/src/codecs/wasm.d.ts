declare module '*.wasm' { const bytes: Uint8Array; export default bytes; }
declare module '@cornerstonejs/*' { const factory: (options: object) => Promise<any>; export default factory; }
declare module 'dicom-character-set' {
  export function convertBytes(set: string, bytes: Uint8Array, options?: { vr?: string }): string;
}
declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    constructor(buffer?: ArrayBuffer, numBytes?: number);
    frame: { dimX: number; dimY: number; numComp: number };
    decode(buffer: ArrayBuffer, offset?: number, length?: number): Int16Array | Uint8Array;
  }
}
