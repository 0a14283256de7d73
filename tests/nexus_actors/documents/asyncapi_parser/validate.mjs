// Validates AsyncAPI documents with @asyncapi/parser: node validate.mjs FILE... prints, as JSON, its findings by file.
import { readFileSync } from "node:fs";
import parser from "@asyncapi/parser";

const LEVELS = ["error", "warning", "information", "hint"];
const found = {};
for (const file of process.argv.slice(2)) {
  const diagnostics = await new parser.Parser().validate(readFileSync(file, "utf8"));
  found[file] = diagnostics.map(({ severity, code, path, message }) => ({
    level: LEVELS[severity],
    code: String(code),
    place: path.join("/"),
    message,
  }));
}
console.log(JSON.stringify(found));
