export function f(a, b) { return a + b; } export function unused() { return 1; }
