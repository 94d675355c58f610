/** The block of code behind `<!-- example: tested -->`. Throws where there is none, or where it is too long. */
export function exampleOf(markdown: string, maxLines = Infinity): string {
  const code = /^<!-- example: tested -->\n+```(?:js|ts)\n(?<code>.*?)^```$/ms.exec(markdown)?.groups?.['code'];
  if (code === undefined) throw new Error('there is no tested example');
  const lines = code.trimEnd().split('\n').length;
  if (lines > maxLines) throw new Error(`the example has ${lines} lines, more than ${maxLines}`);
  return code;
}
