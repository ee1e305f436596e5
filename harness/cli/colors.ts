/** Whether `stream` is a terminal that shows colours; NO_COLOR and FORCE_COLOR have their say. */
export function showsColors(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.hasColors();
}
