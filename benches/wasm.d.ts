/** esbuild gives the address of the file to the page that starts payonce, */
declare module 'payonce/payonce_bg.wasm' {
  const file: string;
  export default file;
}

/** and the bytes to the suite. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
