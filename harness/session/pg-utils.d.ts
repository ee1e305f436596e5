// What @types/pg leaves out: how the driver turns a JavaScript value into the text of a parameter.
declare module "pg/lib/utils.js" {
  const utils: { prepareValue(value: unknown): string | Buffer | null };
  export default utils;
}
