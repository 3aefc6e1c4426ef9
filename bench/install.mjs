// Installs the SDK where the conformance suite has it, and says where.
import { install } from "../spec/conformance/suites.mjs";

const log = console.log;
console.log = console.error;
log(install("sdk"));
