/** Whether `stream` is a terminal that shows colours; NO_COLOR and FORCE_COLOR have their say. */
export function showsColors(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return !/^(0|false)$/.test(FORCE_COLOR);
  // A stream that is no terminal has no `isTTY` at all.
  return stream.isTTY === true && stream.hasColors();
}
