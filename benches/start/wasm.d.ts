/** esbuild gives the address of the file. */
declare module '*.wasm' {
  const file: string;
  export default file;
}
