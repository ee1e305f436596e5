// Form: how values of a type are written, and so what in them is replaced.
// Leaf: a part of a value that is text by itself: an element, a string of JSON, an attribute.

import { maskBytes } from "./bytes.ts";
import type { Masker } from "./masker.ts";
import { maskArray, maskComposite } from "./nested.ts";
import { maskHstore, maskJson, maskLexemes, maskXml } from "./notation.ts";

export type Form =
  | { readonly kind: "text" | "padded" | "json" | "xml" | "hstore" | "lexemes" | "address" | "mac" | "bytes" }
  | { readonly kind: "array"; readonly of: Form; readonly delimiter: string }
  | { readonly kind: "composite"; readonly fields: readonly (Form | undefined)[] };

/** The value, as the server writes it, with its text replaced; the server reads it as a value of the same type. */
export function maskValue(value: string, form: Form, masker: Masker): string {
  switch (form.kind) {
    case "text":
      return masker.text(value);
    case "padded":
      // What fills it up means nothing, and a reference by varchar has none.
      return masker.text(value.replace(/ +$/, "")).padEnd(value.length);
    case "json":
      return maskJson(value, masker);
    case "xml":
      return maskXml(value, masker);
    case "hstore":
      return maskHstore(value, masker);
    case "lexemes":
      return maskLexemes(value, masker);
    case "address":
      return maskAddress(value, masker);
    case "mac":
      return maskMac(value, masker);
    case "bytes":
      return `\\x${maskBytes(Buffer.from(value.slice(2), "hex"), masker).toString("hex")}`;
    case "array":
      return maskArray(value, form.delimiter, (element) => maskValue(element, form.of, masker));
    case "composite":
      return maskComposite(value, (field, index) => {
        const of = form.fields[index];
        return of ? maskValue(field, of, masker) : field;
      });
  }
}

function maskMac(value: string, masker: Masker): string {
  const bytes = value.split(":").map((byte) => Number.parseInt(byte, 16));
  const image = masker.numbers(bytes, 256, "mac");
  return image.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The bits that an inet or cidr has; those behind the mask of a network are zero and stay so. */
function maskAddress(value: string, masker: Masker): string {
  const [host = "", length] = value.split("/");
  const bits = host.includes(":") ? bitsOfV6(host) : bitsOfV4(host);
  const network = length === undefined ? bits.length : Number(length);
  const isNetwork = bits.slice(network).every((bit) => bit === 0);
  const head = masker.numbers(bits.slice(0, network), 2, `network ${bits.length}`);
  const rest = bits.slice(network);
  const tail = isNetwork ? rest : hostIn(rest, masker);
  const image = writeAddress([...head, ...tail]);
  return length === undefined ? image : `${image}/${length}`;
}

/** An address of a network stays one: not all of its own bits become zero. */
function hostIn(bits: readonly number[], masker: Masker): number[] {
  let image = [...bits];
  do image = masker.numbers(image, 2, "host");
  while (image.every((bit) => bit === 0));
  return image;
}

function bitsOfV4(host: string): number[] {
  return host.split(".").flatMap((part) => bitsOf(Number(part), 8));
}

function bitsOfV6(host: string): number[] {
  // ::ffff:10.1.2.3
  const dotted = /\d+(?:\.\d+){3}$/.exec(host)?.[0];
  const [a = 0, b = 0, c = 0, d = 0] = dotted?.split(".").map(Number) ?? [];
  const written = dotted
    ? `${host.slice(0, -dotted.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    : host;
  const [before = [], after] = written.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = after === undefined ? [] : Array(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...(after ?? [])].flatMap((group) => bitsOf(Number.parseInt(group, 16), 16));
}

function bitsOf(number: number, width: number): number[] {
  return Array.from({ length: width }, (_, index) => (number >>> (width - 1 - index)) & 1);
}

function writeAddress(bits: readonly number[]): string {
  const [width, radix, delimiter] = bits.length === 32 ? [8, 10, "."] : [16, 16, ":"];
  const parts: string[] = [];
  for (let at = 0; at < bits.length; at += width)
    parts.push(Number.parseInt(bits.slice(at, at + width).join(""), 2).toString(radix));
  return parts.join(delimiter);
}
