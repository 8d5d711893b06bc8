/** The parts of the WebAssembly codecs that are used; the packages bring no types. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const create: import('./codecs.ts').CodecFactory;
  export default create;
}
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const create: import('./codecs.ts').CodecFactory;
  export default create;
}
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  const create: import('./codecs.ts').CodecFactory;
  export default create;
}
