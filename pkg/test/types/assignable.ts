/** `true`, and a compile error where a `From` is no `To`. */
export type Assignable<From extends To, To> = [From, To] extends [never, never] ? false : true;
