import { readFileSync } from "node:fs";
import { html, type SafeHtml } from "@remix-run/html-template";

const style = readFileSync(new URL("style.css", import.meta.url), "utf8");

/** One file that asks nobody for anything: no script, no font, no picture, and a policy that says so. */
export function htmlDocument(title: string, body: SafeHtml): string {
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
${html.raw`${style}`}</style>
</head>
<body>
${body}
</body>
</html>
`);
}

/** Names and values below each other. */
export function definitionList(entries: readonly (readonly [name: string, value: string])[]): SafeHtml {
  return html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** The links to all parts of the page. */
export function contents(parts: readonly { readonly id: string; readonly title: string }[]): SafeHtml {
  return html`<nav aria-label="Contents"><ul>${parts.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`;
}
