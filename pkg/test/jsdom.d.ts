/** What the tests, and Vitest's types, use of jsdom, which brings no types of its own. */
declare module 'jsdom' {
  export interface ConstructorOptions {
    readonly url?: string;
  }

  export class JSDOM {
    constructor(html: string, options: ConstructorOptions);
    readonly window: Window;
  }
}
