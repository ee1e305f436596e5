/** The string constants of pieces of SQL, each once, without comments; a pattern's wildcards become an `x`. */
export function wordsOf(texts: readonly (string | null)[]): readonly string[] {
  const words = texts.flatMap((text) =>
    [...withoutComments(text ?? "").matchAll(/'((?:[^']|'')*)'/g)].map(([, word = ""]) =>
      word.replaceAll("''", "'").replaceAll("%", "x"),
    ),
  );
  return [...new Set(words)].filter((word) => word !== "");
}

/** The SQL with its comments blanked, so that what is only spoken of is not taken for what is done. */
export function withoutComments(text: string): string {
  return text.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ");
}
