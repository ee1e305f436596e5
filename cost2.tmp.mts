import { measureAll } from "./bench/measure.ts";
