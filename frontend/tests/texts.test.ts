import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { en } from "../src/texts/en";
import { zh } from "../src/texts/zh";

const SAME_IN_BOTH = ["versionShort"];
/** Put together from what the server or the tree names. */
const MADE_UP = /^(op|date|state|tab|held|launch|launchHelp)_|^(created|changed|gone|event)$/;

const source = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("texts/en") && !name.startsWith("texts/zh"))
  .map((name) => readFileSync(`src/${name}`, "utf8"))
  .join("\n");

const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe("the texts", () => {
  const keys = Object.keys(en) as (keyof typeof en)[];

  it("are there in both languages", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
    expect(keys.filter((key) => zh[key].trim() === "" || (zh[key] === en[key] && !SAME_IN_BOTH.includes(key)))).toEqual(
      [],
    );
    expect(
      keys.filter(
        (key) =>
          !/[\u4e00-\u9fff]/.test(zh[key].replace(/\{\w+\}/g, "")) && !SAME_IN_BOTH.includes(key) && key !== "writeIn",
      ),
    ).toEqual([]);
  });

  it("have the same places for values", () => {
    expect(keys.filter((key) => String(places(en[key])) !== String(places(zh[key])))).toEqual([]);
  });

  it("are all said somewhere", () => {
    expect(keys.filter((key) => !MADE_UP.test(key) && !source.includes(`"${key}"`))).toEqual([]);
  });
});
