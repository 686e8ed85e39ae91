import {f} from "./b.js"; import d from "./c.json";
console.log(f(1, 2), d.name ?? "none", `x${1+2}y`);
class A { #p = 1; get p() { return this.#p ** 2; } static { console.log("s"); } }
export default async function* g() { for await (const x of [1,2,3]) yield x?.y; }
console.log(new A().p);
