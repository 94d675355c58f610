/** What `payonce/one-time-code` and `payonce/one-time-code/inline` export. */

export { createOneTimeCode } from './driver.js';
export type * from './types.js';
