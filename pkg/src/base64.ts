/** The bytes of a module that was packed as text. */
export const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
